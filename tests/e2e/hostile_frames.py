# SPDX-License-Identifier: BSD-3-Clause
"""A capture of frames that no honest host sends, and what must become of them.

Usage: /usr/bin/python3 hostile_frames.py CAPTURE EXPECTED --seed N --ours MAC,IP4,IP6
       --peer MAC,IP4,IP6 --open PORT,... --held PORT [--share N]

CAPTURE is for tcpreplay. EXPECTED becomes a JSON object: how many frames end in a verdict that
follows from the frame alone; many have none here, because it depends on what went before.
--held is the peer's port of connections to the first open port that others are using meanwhile:
a good part of the frames pretends to belong to them. --share N takes every N-th frame of each kind.
No frame teaches a wrong link address for a host that matters: ARP has no way to doubt it.
"""

import argparse
import json
import random
import struct
import sys
from collections import Counter

from scapy.layers.inet import ICMP, IP, UDP, in4_chksum
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6DestUnreach, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6ND_RA, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr,
                                ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, in6_chksum)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import RawPcapWriter

TCP, ICMP4, ICMP6 = 6, 1, 58
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
MTU = 1500
BROADCAST = "ff:ff:ff:ff:ff:ff"
CLOSED_PORT = 81
OPTION_KINDS = [*range(9), 14, 19, 28, 29, 30, 34, 69, 172, 253, 254, 255]
# What a kind with a length of its own takes; SACK takes 2 + 8n.
OPTION_LENGTHS = {2: [4], 3: [3], 4: [2], 5: [10, 18, 26, 34], 8: [10]}
ETHER_TYPES = {4: 0x0800, 6: 0x86dd, "arp": 0x0806}


class Host:
    """A MAC and an address of each family."""

    def __init__(self, text):
        self.mac, self.ip4, self.ip6 = text.split(",")

    def ip(self, family):
        return self.ip4 if family == 4 else self.ip6


class Maker:
    """Frames from 'peer' to 'ours'; each kind() method yields (frame, verdict or None)."""

    def __init__(self, arguments):
        self.random = random.Random(arguments.seed)
        self.ours, self.peer = Host(arguments.ours), Host(arguments.peer)
        self.open = [int(p) for p in arguments.open.split(",")]
        self.held = arguments.held

    # ---- building -------------------------------------------------------

    def ether(self, **fields):
        return Ether(**{"src": self.peer.mac, "dst": self.ours.mac, **fields})

    def ip(self, family, **fields):
        fields = {"src": self.peer.ip(family), "dst": self.ours.ip(family), **fields}
        return IP(**fields) if family == 4 else IPv6(**fields)

    def bytes(self, length):
        return bytes(self.random.getrandbits(8) for _ in range(length))

    def tcp(self, family, flags=SYN, *, sport=None, dport=None, options=b"", data=b"",
            offset=None, sum_error=0, src=None, dst=None, cut=None):
        """A TCP header and text, its checksum right but for 'sum_error'."""
        src, dst = src or self.peer.ip(family), dst or self.ours.ip(family)
        sport = self.random.randrange(1024, 65536) if sport is None else sport
        dport = self.open[0] if dport is None else dport
        words = 5 + len(options) // 4
        segment = bytearray(struct.pack(
            ">HHIIBBHHH", sport, dport, self.random.getrandbits(32),
            self.random.getrandbits(32) if flags & ACK else 0,
            (words if offset is None else offset) << 4, flags, self.random.getrandbits(16), 0,
            self.random.getrandbits(16) if flags & URG else 0) + options + data)
        if cut is not None:
            del segment[cut:]
        if len(segment) >= 18:
            if family == 4:
                total = in4_chksum(TCP, IP(src=src, dst=dst), bytes(segment))
            else:
                total = in6_chksum(TCP, IPv6(src=src, dst=dst), bytes(segment))
            segment[16:18] = struct.pack(">H", (total + sum_error) & 0xffff)
        return bytes(segment)

    def frame(self, family, payload, protocol=TCP, ether=None, **fields):
        """A whole frame around the bytes of a transport."""
        number = {"proto": protocol} if family == 4 else {"nh": protocol}
        return bytes(self.ether(**(ether or {})) / self.ip(family, **{**number, **fields}) /
                     Raw(payload))

    def segment(self, family, flags=SYN, ether=None, ip=None, **tcp):
        addresses = {k: v for k, v in (ip or {}).items() if k in ("src", "dst")}
        return self.frame(family, self.tcp(family, flags, **addresses, **tcp), ether=ether,
                          **(ip or {}))

    def live(self):
        """Fields of a segment that seems to be of a connection in use."""
        return {"sport": self.held, "dport": self.open[0]}

    def timestamps(self):
        """The option as connections in use have it; half of the values are not too old."""
        return b"\1\1\x08\x0a" + self.bytes(8)

    # ---- kinds ------------------------------------------------------------

    def truncated(self):
        """Every length of every sort of frame: cut off, and with lengths that fit."""
        options = bytes.fromhex("020405b40402080a00000000000000000103030a") + b"\1" * 20
        for family, short in ((4, "ip4_short"), (6, "ip6_short")):
            whole = self.segment(family, SYN, options=options, data=b"GET /")
            for length in range(14, len(whole)):
                yield whole[:length], short
            for cut in range(60):
                yield (self.segment(family, ACK, options=options, cut=cut, **self.live()),
                       "tcp_short" if cut < 20 else "tcp_bad_offset")
            echo = self.echo(family, self.bytes(20))
            for length in range(14, len(echo)):
                yield echo[:length], short
            for length in range(28):
                yield self.frame(family, echo[-28:][:length], ICMP4 if family == 4 else ICMP6), None
        arp = bytes(self.ether() / ARP(op=1, hwsrc=self.peer.mac, psrc=self.peer.ip4,
                                       pdst=self.ours.ip4))
        solicit = self.neighbour(ICMPv6ND_NS(tgt=self.ours.ip6))
        for length in range(14, len(arp)):
            yield arp[:length], "arp_bad"
        for length in range(14, len(solicit)):
            yield solicit[:length], "ip6_short"

    def echo(self, family, data, **fields):
        message = ICMP(type=8) if family == 4 else ICMPv6EchoRequest()
        return bytes(self.ether() / self.ip(family, **fields) / message / Raw(data))

    def neighbour(self, message, **fields):
        return bytes(self.ether() / self.ip(6, **{"hlim": 255, **fields}) / message)

    def offsets(self):
        for family in (4, 6):
            for flags in (SYN, ACK, FIN | ACK, RST):
                for offset in range(16):
                    fits = 5 <= offset <= 11
                    where = self.live() if flags & ACK else {}
                    yield (self.segment(family, flags, options=b"\1" * 20, data=b"text",
                                        offset=offset, **where),
                           None if fits else "tcp_bad_offset")

    def options(self):
        """Every kind with every length: alone at the front, and squeezed in at the end."""
        for family in (4, 6):
            for kind in OPTION_KINDS:
                for length in [*range(13), 18, 26, 34, 40, 41, 255]:
                    room = self.random.choice([20, 40])
                    text = bytes([kind, length]) + self.bytes(38)
                    where = self.random.choice([self.live(), {}])
                    yield (self.segment(family, self.random.choice([SYN, ACK, RST]),
                                        options=text[:room], **where),
                           self.option_verdict(kind, length, room))
                if kind > 1:
                    yield (self.segment(family, SYN, options=b"\1" * 39 + bytes([kind])),
                           "tcp_bad_option")

    @staticmethod
    def option_verdict(kind, length, room):
        """What the first option alone decides: random bytes that follow may be bad as well."""
        if kind < 2:
            return None
        if not 2 <= length <= room:
            return "tcp_bad_option"
        legal = OPTION_LENGTHS.get(kind)
        return "tcp_bad_option" if legal and length not in legal else None

    def flags(self):
        """Every set of flags: to ports open and closed, and into connections in use."""
        for family in (4, 6):
            for flags in range(256):
                data = self.bytes(self.random.choice([0, 0, 1, 100]))
                yield self.segment(family, flags, dport=self.open[-1], data=data), None
                yield self.segment(family, flags, dport=CLOSED_PORT, data=data), None
                yield self.segment(family, flags, data=data, **self.live()), None
                for _ in range(2):
                    yield self.segment(family, flags, data=data, options=self.timestamps(),
                                       **self.live()), None

    def checksums(self):
        for family in (4, 6):
            for error in (1, 0x100, 0x7fff, 0xfffe):
                for flags in (SYN, ACK, RST, FIN | ACK):
                    yield (self.segment(family, flags, sum_error=error, **self.live()),
                           "tcp_bad_checksum")
                echo = bytearray(self.echo(family, b"echo"))
                at = len(echo) - 10
                echo[at:at + 2] = struct.pack(
                    ">H", (struct.unpack(">H", echo[at:at + 2])[0] + error) & 0xffff)
                yield bytes(echo), "icmp_bad_checksum"
        for error in range(1, 17):
            yield self.segment(4, SYN, ip={"chksum": error}), "ip4_bad_checksum"

    def fragments(self):
        """Whole, overlapping, tiny, endless (RFC 1858, RFC 5722): none is put together."""
        text = self.tcp(4, SYN, data=self.bytes(64))
        for offset in (0, 1, 2, 3, 8, 100, 8190, 8191):
            for more in ("", "MF"):
                if offset or more:
                    yield (self.frame(4, text, frag=offset, flags=more, id=7), "ip4_fragment")
        for first, second in ((24, 2), (24, 0), (8, 0), (40, 1)):
            yield self.frame(4, text[:first], flags="MF", id=8), "ip4_fragment"
            yield self.frame(4, text[second * 8:], frag=second, id=8), "ip4_fragment"
        yield self.frame(4, self.bytes(1400), frag=8189, proto=ICMP4, id=9), "ip4_fragment"
        six = self.tcp(6, SYN, data=self.bytes(64))
        for offset in (0, 1, 3, 8191):
            for more in (0, 1):
                header = IPv6ExtHdrFragment(nh=TCP, offset=offset, m=more, id=7)
                yield bytes(self.ether() / self.ip(6) / header / Raw(six)), "ip6_fragment"
        for inner in (0, 43, 44, 60, 59, 255):
            header = IPv6ExtHdrFragment(nh=inner, m=1, id=8)
            yield bytes(self.ether() / self.ip(6) / header / Raw(six)), "ip6_fragment"

    def raw6(self, first, payload, **fields):
        return self.frame(6, payload, first, **fields)

    def extensions(self):
        """Chains of IPv6 extension headers: long, recurring, unknown, beyond the packet."""
        text = self.tcp(6, SYN)
        pad = bytes([1, 4, 0, 0, 0, 0])
        for count in (1, 2, 10, 100, 170):
            chain = (bytes([60, 0]) + pad) * (count - 1) + bytes([TCP, 0]) + pad
            yield self.raw6(60, chain + text), None
            chain = (bytes([0, 0]) + pad) * count + bytes([TCP, 0]) + pad
            yield self.raw6(0, chain + text), "ip6_bad_header"
            chain = (bytes([43, 0, 0, 0, 0, 0, 0, 0])) * count
            yield self.raw6(43, chain + bytes([TCP, 0]) + pad + text), None
            chain = (bytes([60, 0]) + pad) * count
            yield self.raw6(60, chain), "ip6_bad_header"
        for length in (1, 2, 31, 32, 200, 255):
            yield self.raw6(60, bytes([TCP, length]) + pad + text[:8]), "ip6_bad_header"
            yield self.raw6(0, bytes([TCP, length]) + pad + text[:8]), "ip6_bad_header"
        for option in (0x40, 0x80, 0xc0, 0xc2, 0xff):
            yield (bytes(self.ether() / self.ip(6) / IPv6ExtHdrDestOpt(
                nh=TCP, options=[PadN(otype=option, optdata=b"\0\0\0\0")]) / Raw(text)),
                "ip6_bad_header")
        for option in (0x1e, 0x3e, 5):
            yield (bytes(self.ether() / self.ip(6) / IPv6ExtHdrHopByHop(
                nh=TCP, options=[PadN(otype=option, optdata=b"\0\0\0\0")]) / Raw(text)), None)
        for kind in range(5):
            yield (bytes(self.ether() / self.ip(6) / IPv6ExtHdrRouting(
                nh=TCP, type=kind, segleft=1, addresses=["fd00:99::7"]) / Raw(text)),
                "ip6_bad_header")
        for length in (0, 1, 7):
            for kind in (0, 43, 44, 60):
                yield self.raw6(kind, bytes(length)), "ip6_bad_header"
        for protocol in (50, 51, 59, 135, 139, 140, 253, 254, 255):
            yield self.raw6(protocol, self.bytes(40)), "ip_unknown_protocol"
            yield self.frame(4, self.bytes(40), protocol), "ip_unknown_protocol"

    def internet(self):
        """IPv4 and IPv6 headers that contradict themselves or the frame."""
        for words in range(16):
            verdict = "ip4_bad_header" if words < 5 else None
            yield self.segment(4, SYN, ip={"ihl": words}), verdict
        for version in range(16):
            if version != 4:
                yield self.segment(4, SYN, ip={"version": version}), "ip4_bad_header"
            if version != 6:
                yield self.segment(6, SYN, ip={"version": version}), "ip6_bad_header"
        for length in range(20):
            yield self.segment(4, SYN, ip={"len": length}), "ip4_bad_header"
        for length in (1486, 1500, 9000, 65515, 65534, 65535):
            yield self.segment(4, SYN, ip={"len": length}), "ip4_short"
            yield self.segment(6, SYN, ip={"plen": length}), "ip6_short"
        jumbo = bytes([TCP, 0, 0xc2, 4]) + struct.pack(">I", 70000)
        yield self.raw6(0, jumbo + self.tcp(6, SYN), plen=0), "ip6_bad_header"
        yield self.raw6(0, jumbo + self.tcp(6, SYN)), "ip6_bad_header"
        for family in (4, 6):
            header = 40 if family == 4 else 60
            yield self.segment(family, ACK, data=self.bytes(MTU - header), **self.live()), None
            yield self.segment(family, SYN, data=self.bytes(MTU - header)), None
            yield self.segment(family, SYN, dport=0), "tcp_bad_port"
            yield self.segment(family, SYN, sport=0), "tcp_bad_port"
            for zero in (0, 1):
                life = {"ttl": zero} if family == 4 else {"hlim": zero}
                yield self.segment(family, SYN, ip=life), None
        for kind in (7, 68, 131, 137, 148):  # IPv4 options: record route, source route, ...
            for length in (0, 1, 2, 3, 39, 40, 255):
                header = bytearray(bytes(self.ip(4, proto=TCP, ihl=15, len=80)))
                header += bytes([kind, length]) + self.bytes(38)
                header[10:12] = b"\0\0"
                total = sum(struct.unpack(">30H", header))
                total = (total & 0xffff) + (total >> 16)
                total = (total & 0xffff) + (total >> 16)
                header[10:12] = struct.pack(">H", total ^ 0xffff)
                yield (bytes(self.ether(type=0x0800)) + bytes(header) + self.tcp(4, SYN)), None

    def addresses(self):
        """Sources that are no host, and destinations that are not us; LAND."""
        for source in ("255.255.255.255", "0.0.0.0", "127.0.0.1", "224.0.0.1", "239.1.2.3",
                       "240.0.0.1", self.ours.ip4.rsplit(".", 1)[0] + ".255"):
            for flags in (SYN, ACK, RST):
                broadcast = source == self.ours.ip4.rsplit(".", 1)[0] + ".255"
                yield (self.segment(4, flags, ip={"src": source}),
                       None if broadcast and flags != SYN else "ip4_bad_source")
            yield self.echo(4, b"smurf", src=source), None
        for source in ("ff02::1", "::1", "::", "ff05::2", "::ffff:10.99.0.1"):
            for flags in (SYN, ACK, RST):
                yield self.segment(6, flags, ip={"src": source}), "ip6_bad_source"
            yield self.echo(6, b"smurf", src=source), None
        for family in (4, 6):
            mine = self.ours.ip(family)
            for port in (*self.open, CLOSED_PORT):
                for flags in (SYN, SYN | ACK, ACK, FIN | ACK, RST):
                    yield self.segment(family, flags, sport=port, dport=port,
                                       ip={"src": mine}), None
            yield self.echo(family, b"land", src=mine), None
        for target, verdict in (("255.255.255.255", "ip_group"), ("224.0.0.1", "ip_group"),
                                ("10.99.0.77", "ip_not_local"), ("192.0.2.1", "ip_not_local")):
            yield self.segment(4, SYN, ip={"dst": target}), verdict
            yield self.segment(4, SYN, ip={"dst": target}, ether={"dst": BROADCAST}), None
        for target, verdict in (("ff02::1", "ip_group"), ("fd00:99::77", "ip_not_local"),
                                ("2001:db8::1", "ip_not_local"), ("::1", None)):
            yield self.segment(6, SYN, ip={"dst": target}), verdict

    def links(self):
        """VLAN tags, EtherTypes, other stations' frames; IEEE 802.3 lengths."""
        inner = self.ip(4) / Raw(self.tcp(4, SYN))
        for tag in (0, 1, 42, 4095):
            yield bytes(self.ether() / Dot1Q(vlan=tag) / inner), None
            yield bytes(self.ether() / Dot1Q(vlan=tag) / Dot1Q(vlan=7) / inner), None
            yield bytes(self.ether(type=0x88a8) / Dot1Q(vlan=tag) / inner), None
            yield bytes(self.ether() / Dot1Q(vlan=tag))[:14 + tag % 4], None
        for kind in (0, 46, 1500, 1501, 0x0801, 0x0835, 0x6003, 0x88cc, 0x8863, 0x9000, 0xffff):
            yield bytes(self.ether(type=kind)) + self.bytes(60), "eth_unknown_type"
        for mac in ("02:00:00:00:00:07", "00:00:00:00:00:00"):
            yield self.segment(4, SYN, ether={"dst": mac}), "eth_not_ours"
            yield self.segment(6, SYN, ether={"dst": mac}), "eth_not_ours"
        for mac in (BROADCAST, "01:00:5e:00:00:01", "33:33:00:00:00:01"):
            yield self.segment(4, SYN, ether={"dst": mac}), "ip_group"
            yield self.segment(6, SYN, ether={"dst": mac}), "ip_group"
        for mac in (BROADCAST, self.ours.mac, "00:00:00:00:00:00", "01:00:5e:00:00:01"):
            yield self.segment(4, SYN, ether={"src": mac}), None

    def arps(self):
        stranger, other = "10.99.0.66", "02:00:00:00:00:66"
        good = {"op": 1, "hwsrc": other, "psrc": stranger, "pdst": self.ours.ip4}
        for change, verdict in (
                ({"hwtype": 6}, "arp_bad"), ({"hwlen": 0}, "arp_bad"), ({"hwlen": 255}, "arp_bad"),
                ({"plen": 0}, "arp_bad"), ({"plen": 16}, "arp_bad"), ({"ptype": 0x86dd}, "arp_bad"),
                ({"op": 0}, None), ({"op": 3}, None), ({"op": 65535}, None),
                ({"hwsrc": BROADCAST}, None), ({"hwsrc": self.ours.mac}, None),
                ({"psrc": self.ours.ip4}, None), ({"psrc": "255.255.255.255"}, None),
                ({"psrc": "0.0.0.0"}, None), ({"psrc": "224.0.0.1"}, None),
                ({"op": 2}, None), ({"pdst": stranger}, None), ({"pdst": "10.99.0.255"}, None)):
            for target in (self.ours.mac, BROADCAST):
                yield bytes(self.ether(dst=target) / ARP(**{**good, **change})), verdict
        for _ in range(100):
            header = bytearray(bytes(ARP(**good)))
            header[self.random.randrange(8)] ^= 1 << self.random.randrange(8)
            yield bytes(self.ether(type=ETHER_TYPES["arp"])) + bytes(header), None

    def discovery(self):
        """Neighbour discovery that RFC 4861 7.1 refuses: it names the peer, so belief would show."""
        liar = ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:66")
        advert = ICMPv6ND_NA(tgt=self.peer.ip6, O=1, S=0)
        yield self.neighbour(advert / liar, hlim=254), "nd_bad"
        yield self.neighbour(advert / liar, hlim=1), "nd_bad"
        yield self.neighbour(ICMPv6ND_NA(tgt="ff02::1", O=1) / liar), "nd_bad"
        yield self.neighbour(ICMPv6ND_NA(tgt=self.peer.ip6, O=1, code=1) / liar), "nd_bad"
        yield self.neighbour(ICMPv6ND_NA(tgt=self.peer.ip6, O=1, cksum=1) / liar), None
        for length in (0, 2, 31, 255):  # options of no length, or longer than the message
            wrong = ICMPv6NDOptDstLLAddr(len=length, lladdr="02:00:00:00:00:66")
            yield self.neighbour(advert / wrong), "nd_bad"
        for length in (0, 31, 255):
            wrong = ICMPv6NDOptSrcLLAddr(len=length, lladdr="02:00:00:00:00:66")
            yield self.neighbour(ICMPv6ND_NS(tgt=self.ours.ip6) / wrong), "nd_bad"
        yield self.neighbour(ICMPv6ND_NS(tgt="ff02::1")), "nd_bad"
        yield self.neighbour(ICMPv6ND_RA(), src="fe80::66"), None
        for kind in (133, 134, 135, 136, 137):
            for length in (0, 1, 4, 8, 23, 100):
                payload = bytes([kind, 0, 0, 0]) + self.bytes(length)
                total = in6_chksum(ICMP6, self.ip(6), payload)
                payload = payload[:2] + struct.pack(">H", total) + payload[4:]
                yield self.frame(6, payload, ICMP6, hlim=255), None

    def quotes(self):
        """ICMP errors that quote what we never sent, in part, or not at all."""
        for family in (4, 6):
            mine, theirs = self.ours.ip(family), self.peer.ip(family)
            sent = self.tcp(family, ACK, src=mine, dst=theirs, sport=self.open[0],
                            dport=self.held)
            own = bytes(self.ip(family, src=mine, dst=theirs,
                                **({"proto": TCP} if family == 4 else {"nh": TCP})) / Raw(sent))
            foreign = bytes(self.ip(family, **({"proto": TCP} if family == 4 else {"nh": TCP})) /
                            Raw(self.tcp(family, ACK)))
            for quote in (own, foreign, self.bytes(60), b""):
                for length in sorted({0, 1, 19, 20, 27, 28, 39, 40, 47, 48, len(quote)}):
                    for message in self.errors(family):
                        yield bytes(self.ether() / self.ip(family) / message /
                                    Raw(quote[:length])), None

    def errors(self, family):
        if family == 4:
            return (ICMP(type=3, code=3), ICMP(type=3, code=4, nexthopmtu=0),
                    ICMP(type=3, code=2), ICMP(type=4), ICMP(type=5, gw=self.peer.ip4),
                    ICMP(type=self.random.randrange(256), code=self.random.randrange(256)))
        return (ICMPv6DestUnreach(code=4), ICMPv6PacketTooBig(mtu=0),
                ICMPv6DestUnreach(code=self.random.randrange(256)))

    def noise(self):
        """A valid link header, then anything; and valid segments with a few bits turned."""
        for _ in range(400):
            kind = self.random.choice([0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8100])
            length = self.random.choice([0, 1, 20, 40, 46, 60, 100, self.random.randrange(1500)])
            yield bytes(self.ether(type=kind)) + self.bytes(length), None
        for _ in range(400):
            family = self.random.choice([4, 6])
            whole = bytearray(self.segment(family, ACK, data=self.bytes(20),
                                           options=self.timestamps(), **self.live()))
            for _ in range(self.random.randrange(1, 4)):
                whole[self.random.randrange(14, len(whole))] ^= 1 << self.random.randrange(8)
            yield bytes(whole), None
        for _ in range(50):
            family = self.random.choice([4, 6])
            yield bytes(self.ether() / self.ip(family) / UDP(
                sport=53, dport=self.random.randrange(1, 65536)) / Raw(self.bytes(30))), None

    KINDS = (truncated, offsets, options, flags, checksums, fragments, extensions, internet,
             addresses, links, arps, discovery, quotes, noise)


def parse(arguments):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("capture")
    parser.add_argument("expected")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--open", required=True)
    parser.add_argument("--held", type=int, required=True)
    parser.add_argument("--share", type=int, default=1)
    return parser.parse_args(arguments)


def main():
    arguments = parse(sys.argv[1:])
    maker = Maker(arguments)
    expected, frames = Counter(), []
    for kind in maker.KINDS:
        made = [f for f in kind(maker) if 14 <= len(f[0]) <= MTU + 14]
        frames += made[::arguments.share]
    maker.random.shuffle(frames)
    with RawPcapWriter(arguments.capture, linktype=1) as capture:
        for frame, verdict in frames:
            capture.write(frame)
            if verdict:
                expected[verdict] += 1
    with open(arguments.expected, "w", encoding="utf-8") as f:
        json.dump(expected, f, indent=1)
    print(f"{len(frames)} frames, {sum(expected.values())} of them with a known verdict: "
          f"{len(expected)} verdicts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
