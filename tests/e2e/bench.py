# SPDX-License-Identifier: BSD-3-Clause
"""The file that 'septet bench --json' wrote, held to account.

Usage: python3 bench.py FILE [CONDITION...]
       python3 bench.py --print FILE EXPRESSION

The names that are promised are there, and their sums are right; then every
CONDITION, a Python expression over the file's names, must be true.
"""

import json
import sys

NUMBERS = ("connections_per_second", "handshakes_per_second", "packets_per_connection",
           "cycles_per_connection", "attempts", "handshakes", "completions", "failures")
NOT_OF_A_FLOOD = ("packets_per_connection", "cycles_per_connection")
PERCENTILES = ("p50", "p90", "p99", "p999", "max")
LIMITS = ("client CPU", "server CPU", "CPU", "port", "source ports", "load", "concurrency",
          "peer")


class Names(dict):
    """A JSON object whose members can be written with a dot."""

    __getattr__ = dict.__getitem__


def complaints(run):
    flood = run.get("flood") is not None
    for name in NUMBERS:
        if flood and name in NOT_OF_A_FLOOD:
            continue
        if not isinstance(run.get(name), (int, float)):
            yield f"'{name}' is {run.get(name)!r}, expected a number"
    for name in ("port", "limit"):
        if not isinstance(run.get(name), str):
            yield f"'{name}' is {run.get(name)!r}, expected words"
    if run.get("limit") not in LIMITS:
        yield f"the limit is {run.get('limit')!r}, expected one of {LIMITS}"
    if "cores" not in run:
        yield "no 'cores'"
    latency = run.get("latency_us", {})
    values = [latency.get(name) for name in PERCENTILES]
    if None in values and not (flood and latency.get("count") == 0):
        yield f"latency_us has {sorted(latency)}, expected {PERCENTILES}"
    elif None not in values and values != sorted(values):
        yield f"percentiles fall: {values}"
    if run.get("attempts") != run.get("completions", 0) + run.get("failures", 0):
        yield (f"{run.get('attempts')} attempts are not {run.get('completions')} completions "
               f"and {run.get('failures')} failures")
    if not run.get("ok"):
        yield f"'ok' is {run.get('ok')!r}"


def main():
    arguments = sys.argv[1:]
    only_print = arguments[0] == "--print"
    path, expressions = arguments[only_print], arguments[1 + only_print:]
    with open(path, encoding="utf-8") as f:
        run = json.load(f, object_hook=Names)
    if only_print:
        print(eval(expressions[0], {}, run))
        return 0
    wrong = list(complaints(run))
    for expression in expressions:
        if not eval(expression, {}, run):
            wrong.append(f"not true: {expression}")
    if wrong:
        print("; ".join(wrong))
        print({name: run.get(name) for name in (
            "attempts", "completions", "failures", "failures_by_reason", "limit_text")})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
