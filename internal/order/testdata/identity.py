#!/usr/bin/env python3
"""Computes event IDs on its own, from the words of the rule alone: the first 16
bytes of SHA-256 over parts, each behind its length in 4 bytes, big endian. A
number is 8 bytes; a number that is missing is an empty part; a list is its
length and then its items. Its output is identity.golden, which the tests of
the Go code compare with:

    python3 identity.py > identity.golden
"""
import hashlib


def part(value):
    if value is None:
        raw = b""
    elif isinstance(value, int):
        raw = value.to_bytes(8, "big", signed=True)
    else:
        raw = value.encode()
    return len(raw).to_bytes(4, "big") + raw


def event_id(*values):
    flat = []
    for v in values:
        if isinstance(v, list):
            flat.append(len(v))
            for item in v:
                flat.extend(item)
        else:
            flat.append(v)
    return hashlib.sha256(b"".join(part(v) for v in flat)).hexdigest()[:32]


names = ("task", "order-1", "call-1")
info = ("t-1", "s-1", "0032470000000", "crm-77")
no_info = ("", "", "", "")
times = (1700000000000, 1700000007000, 1700000067000)
agent = ("Ada", "sales", "gold", 4, 0, 1, 2, 3, 0)
no_agent = ("", "", "", None, None, 0, 0, 0, None)

print("status", event_id(
    "call-status-changed", *names, 3, 10, "0755", "line-7", *times, "NORMAL_CLEARING", "200", *info))
print("status-bare", event_id(
    "call-status-changed", "t", "ö", "ö#1", 1, -7, "", "", 0, 0, 0, "", "", *no_info))
print("completed", event_id(
    "call-completed", *names, 2, 6, "Bo", "0755", "line-7", *times, 60, "https://r/1.wav?s=a", "NORMAL_CLEARING", "200",
    [("7", "A", "interested"), ("8", "", "")], [("m-1", 2, "see you"), ("", None, "")], *agent,
    [("city", "Ghent")], *info))
print("completed-bare", event_id(
    "call-completed", *names, 1, 22, "", "", "", 0, 0, 0, None, "", "", "", [], [], *no_agent, [], *no_info))
print("completed-zero-seconds", event_id(
    "call-completed", *names, 1, 22, "", "", "", 0, 0, 0, 0, "", "", "", [], [], *no_agent, [], *no_info))
print("line", event_id(
    "transcript-line", *names, 4, 2, 3, 1, 7, "bonjour, çà va?", "node-1", "greeting", 1700000010000, *info))
print("line-bare", event_id(
    "transcript-line", *names, 0, 1, 1, -1, -1, "", "", "", 0, *no_info))
