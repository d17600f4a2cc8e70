"""The requests that must not get through, and the checks of what becomes of them."""

import json
import re
from collections import namedtuple

import wire
from world import PARTITIONS, REQUESTS

Case = namedtuple("Case", "name key value")


def bad_requests():
    """Requests that can't be read, whatever the API says. Each is told apart by a header."""
    def of(**fields):
        return json.dumps(fields).encode()
    return [Case(name, name.encode(), value) for name, value in (
        ("not JSON", b'{"userTaskID":"bad'), ("not an object", b'["bad"]'), ("empty", b""), ("null value", None),
        ("no task", of(orderID="bad")), ("no order", of(userTaskID="bad")),
        ("empty task", of(userTaskID="", orderID="bad")),
        ("empty order", of(userTaskID="bad", orderID="")), ("empty list", of(userTaskID="bad", orderIDs=[])),
        ("long task", of(userTaskID="b" * 257, orderID="bad")), ("long order", of(userTaskID="bad", orderID="b" * 257)),
        ("long in bytes", of(userTaskID="bad", orderID="é" * 129)),
        ("number as order", of(userTaskID="bad", orderID=7)),
        ("unknown mode", of(userTaskID="bad", orderID="bad", mode="perhaps")),
        ("bad time", of(userTaskID="bad", orderID="bad", notBefore="tomorrow")),
        ("not UTF-8", b'{"userTaskID":"bad","orderID":"\xff\xfe"}'),
        ("schema that does not exist", b"\x00" + (999_999).to_bytes(4, "big") + b"\x02a"),
        ("cut framing", b"\x00\x00\x00"),
    )]


def check_bad_letters(world, cases):
    """Every case went as it came; every refused order as a request of its own; each with its reason."""
    letters = world.dead_letters()
    original = {(r.partition, r.offset): r for r in wire.read_all(world.lab.bootstrap, world.topics[REQUESTS])}
    faults, by_case = [], {}
    for letter in letters:
        faults += letter_faults(world, letter, original)
        name = dict(letter.headers).get("e2e-case", b"").decode()
        if name:
            by_case.setdefault(name, []).append(letter)
    for case in cases:
        found = by_case.pop(case.name, [])
        if [(r.key, r.value) for r in found] != [(case.key, case.value)]:
            faults.append(f"{case.name}: {len(found)} letters, not one as it came: {found[:2]}")
    faults += [f"{name} is a dead letter" for name in by_case]
    world.expect(f"{len(letters)} dead letters tell where they came from and why, as they came", not faults,
                 "\n".join(faults[:5]))

    orders = {}
    for letter in letters:
        try:
            request = json.loads(letter.value)
            orders[request["orderID"]] = (dict(letter.headers)["reason"].decode(), request)
        except (TypeError, ValueError, KeyError):
            continue  # one of the cases
    for order, reason in (("missing-1", "not-found"), ("poison-1", "rejected"), ("stray-2", "misrouted")):
        said, request = orders.get(order, ("nothing", {}))
        holds = said == reason and request.get("userTaskID") in ("list", "stray")
        world.expect(f"{order} is a dead letter: {reason}", holds, (said, request))


def letter_faults(world, letter, original):
    """What is wrong with the coordinates and the reason of a dead letter."""
    headers = {name: (value or b"").decode() for name, value in letter.headers}
    where = f"letter {headers.get('e2e-case') or (letter.value or b'')[:60]!r}"
    missing = {"reason", "detail", "topic", "partition", "offset", "time"} - headers.keys()
    if missing:
        return [f"{where} lacks {sorted(missing)}"]
    faults = []
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", headers["reason"]):
        faults.append(f"{where}: the reason {headers['reason']!r} is not a short fixed word")
    if not headers["detail"]:
        faults.append(f"{where} has no detail")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", headers["time"]):
        faults.append(f"{where}: the time {headers['time']!r} is not RFC 3339")
    if headers["topic"] != world.topics[REQUESTS]:
        faults.append(f"{where}: topic {headers['topic']}")
    source = original.get((int(headers["partition"]), int(headers["offset"])))
    if headers["offset"] == "-1" and "e2e-case" not in headers:
        # An order that is given up long after its request was done: only its home is known.
        if int(headers["partition"]) != wire.home(json.loads(letter.value)["orderID"].encode(), PARTITIONS):
            faults.append(f"{where}: partition {headers['partition']} is not its home")
    elif source is None:
        faults.append(f"{where}: there is no request at {headers['partition']}@{headers['offset']}")
    elif "e2e-case" in headers and (source.key, source.value) != (letter.key, letter.value):
        faults.append(f"{where} points at another request")
    return faults
