# SPDX-License-Identifier: BSD-3-Clause
"""A neighbour that speaks to 'septet serve --vlan' with the right tag, wrong ones and none.

Usage: /usr/bin/python3 vlan.py INTERFACE VLAN OUR-ADDRESS SERVER-ADDRESS PORT

The wrong frames come first: a link keeps the order, so when the right one is answered and nothing
came before, they had no answer. Prints how many frames the server should have dropped as another
VLAN's, and how many have a second tag.
"""

import sys
import time

from scapy.config import conf
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import ARP, Dot1Q, Ether

OUR_MAC = "02:00:00:00:00:99"
SECONDS = 10


class Neighbour:
    def __init__(self, interface, vlan):
        self.socket = conf.L2socket(iface=interface)
        self.vlan = vlan

    def tagged(self, vlan, priority=0):
        return Dot1Q(vlan=vlan, prio=priority)

    def send(self, destination, tags, payload):
        frame = Ether(src=OUR_MAC, dst=destination)
        for tag in tags:
            frame = frame / tag
        self.socket.send(frame / payload)

    def answer(self, what):
        """The first frame to us; it must be 'what', under our tag of priority 0."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if not self.socket.select([self.socket], 0.2):
                continue
            frame = self.socket.recv()
            if frame is None or frame.dst != OUR_MAC:
                continue
            tag = frame.getlayer(Dot1Q)
            if tag is None or tag.vlan != self.vlan or tag.prio != 0 or tag.payload.haslayer(Dot1Q):
                sys.exit(f"an answer with other tags than {self.vlan}: {frame.summary()}")
            if not what(frame):
                sys.exit(f"another answer than expected: {frame.summary()}")
            return frame
        sys.exit(f"no answer in VLAN {self.vlan} within {SECONDS} s")


def main():
    interface, vlan, ours, theirs, port = sys.argv[1:]
    n = Neighbour(interface, int(vlan))
    wrong = ([], [n.tagged(8)], [n.tagged(0)], [n.tagged(0, 5)], [n.tagged(n.vlan + 2048)],
             [n.tagged(8), n.tagged(n.vlan)])
    double = [n.tagged(n.vlan), n.tagged(n.vlan)]

    request = ARP(op=1, hwsrc=OUR_MAC, psrc=ours, pdst=theirs)
    for tags in (*wrong, double):
        n.send("ff:ff:ff:ff:ff:ff", tags, request)
    n.send("ff:ff:ff:ff:ff:ff", [n.tagged(n.vlan, 3)], request)
    mac = n.answer(lambda f: f.haslayer(ARP) and f[ARP].op == 2 and f[ARP].psrc == theirs)[ARP].hwsrc

    for at, tags in enumerate((*wrong, double)):
        n.send(mac, tags, IP(src=ours, dst=theirs) / TCP(sport=20000 + at, dport=int(port),
                                                         flags="S", seq=1000))
    n.send(mac, [n.tagged(n.vlan)], IP(src=ours, dst=theirs) / TCP(sport=30000, dport=int(port),
                                                                   flags="S", seq=1000))
    n.answer(lambda f: f.haslayer(TCP) and f[TCP].flags == "SA" and f[TCP].dport == 30000 and
             f[TCP].ack == 1001)
    n.send(mac, [n.tagged(n.vlan)], IP(src=ours, dst=theirs) / TCP(sport=30000, dport=int(port),
                                                                   flags="R", seq=1001))
    print(2 * len(wrong), 2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
