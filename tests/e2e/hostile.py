# SPDX-License-Identifier: BSD-3-Clause
"""What tests/e2e/hostile asks besides the kernel's tools.

Usage: python3 hostile.py hold ADDRESS PORT LOCAL_PORT STOP_FILE
       python3 hostile.py nmap REPORT.xml STATE:PORT,... [STATE:PORT,...]...
       python3 hostile.py summary SUMMARY.json EXPECTED.json LOST [VERDICT=MORE...]

hold: one echo connection, byte by byte the same, until STOP_FILE is there; says how much.
nmap: the report puts exactly these ports (or protocols; '*': all others) into these states.
summary: septet's own: each frame in one verdict, nothing lost, no verdict below EXPECTED less the
LOST frames that the kernel did not hand over; MORE are expected than EXPECTED says.
"""

import json
import os
import random
import socket
import sys
import time
import xml.etree.ElementTree

PATIENCE = 10  # seconds without an answer
PAUSE = 0.01


def hold(address, port, local_port, stop):
    """Messages of every length; what comes back is what went out, to the last byte."""
    numbers = random.Random(int(local_port))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", int(local_port)))
        s.settimeout(PATIENCE)
        s.connect((address, int(port)))
        total = messages = 0
        while not os.path.exists(stop):
            sent = numbers.randbytes(numbers.choice([1, 2, 100, 1448, 1449, 5000]))
            s.sendall(sent)
            back = b""
            while len(back) < len(sent):
                part = s.recv(len(sent) - len(back))
                if not part:
                    raise ConnectionError(f"closed by septet after {total + len(back)} bytes")
                back += part
            if back != sent:
                raise ValueError(f"other bytes came back, after {total}")
            total += len(sent)
            messages += 1
            time.sleep(PAUSE)
        s.shutdown(socket.SHUT_WR)
        if s.recv(1):
            raise ValueError("more came back than was sent")
    print(f"{messages} messages, {total} bytes")
    return 0 if messages >= 100 else 1


def nmap(path, *expected):
    wanted = {}
    for text in expected:
        state, _, ports = text.partition(":")
        wanted.update({port: state for port in ports.split(",")})
    root = xml.etree.ElementTree.parse(path).getroot()
    wrong = 0
    found = {p.get("portid"): p.find("state").get("state") for p in root.iter("port")}
    # nmap sums up the states that many ports are in
    rest = {e.get("state"): int(e.get("count")) for e in root.iter("extraports")}
    for port, state in found.items():
        if state != wanted.get(port, wanted.get("*")):
            print(f"{port} is {state}", end="; ")
            wrong += 1
    for port in wanted:
        if port != "*" and port not in found and wanted[port] not in rest:
            print(f"{port} is in no report", end="; ")
            wrong += 1
    for state, count in rest.items():
        if state != wanted.get("*"):
            print(f"{count} are {state}", end="; ")
            wrong += 1
    print(f"{len(found)} single, {rest}")
    return 1 if wrong or not found and not rest else 0


def summary(path, expected, lost, *more):
    with open(path, encoding="utf-8") as f:
        run = json.load(f)
    with open(expected, encoding="utf-8") as f:
        expected = json.load(f)
    for name, _, count in (m.partition("=") for m in more):
        expected[name] = expected.get(name, 0) + int(count)
    verdicts, counters = run["verdicts"], run["counters"]
    wrong = []
    if sum(verdicts.values()) != counters["rx_frames"] or counters["rx_frames"] == 0:
        wrong.append(f"{counters['rx_frames']} frames, {sum(verdicts.values())} in verdicts")
    if run["mbufs_lost"] or not run["ok"]:
        wrong.append(f"{run['mbufs_lost']} mbufs lost, ok is {run['ok']}")
    if verdicts["internal_error"] or counters["errors"]:
        wrong.append(f"{counters['errors']} errors of its own")
    for name, count in expected.items():
        if verdicts[name] == 0 or verdicts[name] < count - int(lost):
            wrong.append(f"{name} {verdicts[name]}, expected {count} or more")
    print("; ".join(wrong) or f"{counters['rx_frames']} frames, "
          f"{sum(1 for v in verdicts.values() if v)} verdicts")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit({"hold": hold, "nmap": nmap, "summary": summary}[sys.argv[1]](*sys.argv[2:]))
