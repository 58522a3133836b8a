#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A bulk transfer between kernels, or from one to septet.

Usage: bulk.py receive PORT
       bulk.py send ADDRESS PORT SECONDS CONGESTION

'receive' says 'ready', and throws away what connections bring, until it is ended. 'send' writes
for so long under that congestion control, and says what was acknowledged by then:
'BYTES bytes in SECONDS s, MBIT Mbit/s, N retransmitted'.
"""

import fcntl
import socket
import struct
import sys
import termios
import time

CHUNK = bytes(1 << 16)


def receive(port):
    with socket.create_server(("", port)) as server:
        print("ready", flush=True)
        while True:
            connection = server.accept()[0]
            with connection:
                try:
                    while connection.recv(1 << 20):
                        pass
                except OSError:
                    pass


def unacknowledged(s):
    """Bytes written that the peer has not acknowledged, sent or not."""
    return struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, bytes(4)))[0]


def retransmitted(s):
    """tcpi_total_retrans of struct tcp_info."""
    return struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)[0]


def send(address, port, seconds, congestion):
    with socket.create_connection((address, port), timeout=10) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        s.settimeout(0.05)
        begun = time.monotonic()
        written = 0
        while time.monotonic() - begun < seconds:
            try:
                written += s.send(CHUNK)
            except TimeoutError:
                pass
        took = time.monotonic() - begun
        done = written - unacknowledged(s)
        print(f"{done} bytes in {took:.3f} s, {done * 8e-6 / took:.3f} Mbit/s, "
              f"{retransmitted(s)} retransmitted")
        # What is still queued is of no interest: a reset ends it.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "receive":
        receive(int(sys.argv[2]))
    elif len(sys.argv) == 6 and sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
    else:
        sys.exit(__doc__)
