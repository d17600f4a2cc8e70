"""Proves that the checker sees what it is for: each test breaks one thing in a right run and
expects that very finding. Run by `run.py --self-test`."""

import copy
import hashlib
import unittest

import checker
import wire
from checker import Event, Rules

PARTITIONS = 6
PREFIX = {"status": "callbot.call-status-changed", "completed": "callbot.call-completed",
          "transcript": "callbot.transcript"}


def order(number):
    """An order of two calls as the simulated API's truth has it."""
    def line(index, role, text):
        return {"recordIndex": index, "recordWord": text, "recordRole": role, "recordType": 7 + role,
                "nodeID": f"n{index}", "nodeDesc": "", "createTs": 1_700_000_000_000 + index}

    def call(ordinal, status, lines):
        return {"callID": f"c{number}-{ordinal}", "callingNumber": "100", "lineAddress": "line", "callStatus": status,
                "callStartTs": 1_700_000_000_000, "callAnswerTs": 1_700_000_005_500, "callEndTs": 1_700_000_030_000,
                "callDuration": 24, "callAudioUrl": f"https://a/{number}.wav?token=1", "hangupCause": "",
                "termSipCode": "200", "recordDetail": lines, "params": [{"name": "city", "value": "X"}],
                "intents": [{"intentID": "1", "intentTag": "A", "intentName": "yes"}],
                "sms": [{"sysMessageID": "m", "smsSendTs": 2, "smsContent": "hello"}],
                "agent": {"agentName": "Ann", "agentCallStatus": 4, "agentCallElapsed": 0, "manualHangupBy": 1}}
    final = {"orderID": f"o{number}", "userPhone": "+1", "userName": "U", "sceneID": "s", "userTaskID": "t",
             "taskID": "9", "finish": True, "other": "{}", "callInfoDetailList": [
                 call(1, 22, []), call(2, 6, [line(1, 0, "Hello"), line(2, 1, "Hi"), line(2, 0, "Good")])]}
    shown = [{"callID": c["callID"], "status": s, "at": at} for c in final["callInfoDetailList"]
             for at, s in enumerate((1, 3, 4, c["callStatus"]))]
    return {"userTaskID": "t", "orderID": f"o{number}", "final": final, "shown": shown}


class Writer:
    """Announces a truth as a right exporter would."""

    def __init__(self):
        self.events, self.next = [], 0

    def add(self, kind, entry, index, body):
        truth = entry["final"]
        key = entry["orderID"].encode()
        body = {"orderID": entry["orderID"], "userTaskID": "t", "callID": checker.call_name(truth, index),
                "trackedSince": 5, "attempt": index + 1, "observedAt": 6, **body}
        body["eventID"] = hashlib.sha256(repr((kind, sorted(
            (k, v) for k, v in body.items() if k not in checker.NOT_IDENTITY))).encode()).hexdigest()[:32]
        topic, self.next = PREFIX[kind], self.next + 1
        record = wire.Record(topic, wire.home(key, PARTITIONS), self.next, 0, key, b"", [
            ("ce_specversion", b"1.0"), ("ce_id", body["eventID"].encode()), ("ce_type", checker.TYPES[kind][1]),
            ("ce_source", b"api/account"), ("ce_time", b"2026-01-01T00:00:00.123Z"),
            ("ce_subject", body["callID"].encode()), ("content-type", b"application/avro")])
        self.events.append(Event(kind, record, body))

    def announce(self, entry):
        for index, call in enumerate(entry["final"]["callInfoDetailList"]):
            wanted = checker.expected_completed(entry["final"], index)
            same = {k: wanted[k] for k in ("callingNumber", "lineAddress", "startedAt", "answeredAt", "endedAt",
                                           "hangupCause", "sipCode")}
            before = None
            for n, look in enumerate([s for s in entry["shown"] if s["callID"] == call["callID"]], 1):
                self.add("status", entry, index, {
                    "sequence": n, "previousStatusCode": before, "status": checker.status_name(look["status"]),
                    "previousStatus": None if before is None else checker.status_name(before),
                    "statusCode": look["status"], "completed": checker.final(look["status"]), **same})
                before = look["status"]
            rest = {"transcriptLines": len(call["recordDetail"]), "transcriptText": None, "omittedFields": [],
                    "orderFinished": True}
            early = {**wanted, **rest, "recordingURL": None, "revision": 1, "changedFields": []}
            self.add("completed", entry, index, early)
            self.add("completed", entry, index, {
                **wanted, **rest, "recordingURL": call["callAudioUrl"], "revision": 2,
                "changedFields": ["recordingURL"]})
            for (number, occurrence), line in checker.expected_lines(call).items():
                self.add("transcript", entry, index, {
                    "lineIndex": number, "occurrence": occurrence, "revision": 1, "truncated": False, **line})


class CheckerTest(unittest.TestCase):
    def setUp(self):
        self.truth = [order(n) for n in range(4)]
        writer = Writer()
        for entry in self.truth:
            writer.announce(entry)
        self.events = writer.events
        self.rules = Rules({topic: PARTITIONS for topic in PREFIX.values()})

    def kinds(self):
        return set(checker.Checker(self.rules).check(self.events, self.truth).kinds)

    def first(self, kind, **fields):
        """The place of the first event of a kind with these values."""
        return next(i for i, e in enumerate(self.events)
                    if e.kind == kind and all(e.body[k] == v for k, v in fields.items()))

    def change(self, at, **fields):
        self.events[at] = self.events[at]._replace(body={**copy.deepcopy(self.events[at].body), **fields})

    def change_record(self, at, **fields):
        self.events[at] = self.events[at]._replace(record=self.events[at].record._replace(**fields))

    def header(self, at, name, value):
        headers = dict(self.events[at].record.headers)
        headers[name] = value
        self.change_record(at, headers=[(k, v) for k, v in headers.items() if v is not None])

    def test_a_right_run_has_no_findings(self):
        self.assertEqual(self.kinds(), set())

    def test_lost_events(self):
        for kind, fields, finding in (
                ("status", {"sequence": 4}, "final status not announced"),
                ("status", {"sequence": 2}, "statuses announced differ from those shown"),
                ("completed", {"revision": 2}, "CallCompleted's recordingURL is wrong"),
                ("transcript", {}, "line never announced")):
            with self.subTest(kind, **fields):
                self.setUp()
                del self.events[self.first(kind, **fields)]
                self.assertIn(finding, self.kinds())

    def test_lost_call_and_lost_order(self):
        self.events = [e for e in self.events if e.body["callID"] != "c2-1"]
        self.assertIn("call never announced", self.kinds())
        self.setUp()
        self.events = [e for e in self.events if e.body["orderID"] != "o2"]
        self.assertIn("call never announced", self.kinds())

    def test_what_the_api_does_not_have(self):
        self.truth.pop()
        self.assertEqual(self.kinds(), {"order nobody asked for", "call that the API doesn't have"})
        self.setUp()
        self.truth[0]["final"]["callInfoDetailList"].pop()
        self.assertIn("call that the API doesn't have", self.kinds())
        self.setUp()
        self.truth[0]["final"]["callInfoDetailList"][1]["recordDetail"].pop()
        self.assertIn("line that the API doesn't have", self.kinds())

    def test_every_wrong_detail_is_seen(self):
        at = self.first("completed", revision=2)
        for field in checker.expected_completed(self.truth[0]["final"], 0):
            with self.subTest(field):
                self.setUp()
                self.change(at, **{field: {"wrong": "?"} if field == "params" else
                                   [{"wrong": "?"}] if field in ("intents", "sms") else "?"})
                self.assertIn(f"CallCompleted's {field} is wrong", self.kinds())

    def test_every_wrong_line_field_is_seen(self):
        for field in ("text", "role", "roleCode", "lineType", "lineTypeCode", "nodeID", "nodeDesc", "spokenAt"):
            with self.subTest(field):
                self.setUp()
                self.change(self.first("transcript"), **{field: "?"})
                self.assertIn(f"line's {field} is wrong", self.kinds())

    def test_order_within_a_key(self):
        for kind, number, finding in (("status", "sequence", "status sequence out of order"),
                                      ("completed", "revision", "revision out of order")):
            with self.subTest(kind):
                self.setUp()
                one, two = self.first(kind, **{number: 1}), self.first(kind, **{number: 2})
                self.events[one], self.events[two] = self.events[two], self.events[one]
                self.assertIn(finding, self.kinds())
                self.rules.repeats = True  # a repeat after a crash never begins with a later number either
                self.assertIn(finding, self.kinds())

    def test_gap(self):
        del self.events[self.first("status", sequence=2)]
        self.rules.repeats, self.rules.every_status = True, False
        self.assertIn("status sequence with a gap", self.kinds())

    def test_status_rules(self):
        at = self.first("status", sequence=3)
        self.change(at, statusCode=2, status="DISPATCHING")
        self.assertLessEqual({"status moved back", "status announced that was never shown",
                              "statuses announced differ from those shown", "previousStatus breaks the chain"},
                             self.kinds())
        for fields in ({"status": "DIALING"}, {"completed": True}):
            self.setUp()
            self.change(at, **fields)
            self.assertIn("status, its code and completed disagree", self.kinds())
        self.setUp()
        self.change(self.first("status", sequence=4), endedAt=1)
        self.assertIn("status event's endedAt is wrong", self.kinds())

    def test_changed_fields(self):
        at = self.first("completed", revision=2)
        self.change(at, changedFields=["sms"])
        self.assertIn("changedFields is wrong", self.kinds())
        self.setUp()
        self.change(at - 1, changedFields=["sms"])
        self.assertIn("changedFields on the first revision", self.kinds())
        self.setUp()
        self.change(at - 1, recordingURL=self.events[at].body["recordingURL"])
        self.assertIn("revision without a change", self.kinds())

    def test_identity(self):
        other = self.events[self.first("transcript", orderID="o1")].body["eventID"]
        self.change(self.first("transcript", orderID="o0"), eventID=other)
        self.assertIn("one eventID, two contents", self.kinds())
        self.setUp()
        self.events.append(self.events[0])
        self.assertIn("event announced twice", self.kinds())
        self.rules.repeats = True
        self.assertEqual(self.kinds(), set())
        self.change(len(self.events) - 1, eventID="0" * 32)
        self.header(len(self.events) - 1, "ce_id", b"0" * 32)
        self.assertEqual(self.kinds(), {"one content, two eventIDs"})

    def test_a_repeat_with_other_content_wins(self):
        """A crash between publish and save while the call moved on: the later in the log counts."""
        self.rules.repeats, self.rules.every_status = True, False
        at = self.first("status", orderID="o0", sequence=2)
        repeated = self.events[at]
        self.change(at, statusCode=1, status="PREPARING", eventID="1" * 32)
        self.header(at, "ce_id", b"1" * 32)
        self.events.insert(at + 1, repeated)
        self.assertEqual(self.kinds(), set())

    def test_a_corrected_end_must_be_announced(self):
        self.truth[0]["shown"].append({"callID": "c0-1", "status": 10, "at": 9})
        self.assertEqual(self.kinds(), {"statuses announced differ from those shown"})
        self.assertEqual(checker.forward([1, 1, 3, 16, 16, 22, 6]), [1, 3, 16, 22])

    def test_another_query_is_no_change(self):
        at = self.first("completed", revision=2)
        self.change(at - 1, recordingURL=self.events[at].body["recordingURL"] + "0")
        self.assertIn("revision without a change", self.kinds())

    def test_key_and_partition(self):
        self.change_record(3, partition=(self.events[3].record.partition + 1) % PARTITIONS)
        self.assertEqual(self.kinds(), {"not in the partition of its key"})
        self.change_record(3, key=b"other")
        self.assertEqual(self.kinds(), {"key is not the order ID"})

    def test_headers(self):
        for name in ("ce_specversion", "ce_id", "ce_type", "ce_subject", "ce_time", "ce_source", "content-type"):
            with self.subTest(name):
                self.setUp()
                self.header(2, name, None)
                self.assertTrue(any(f"header {name}" in kind for kind in self.kinds()), self.kinds())
        self.setUp()
        self.header(2, "ce_source", b"another instance")
        self.assertEqual(self.kinds(), {"more than one ce_source"})
        self.setUp()
        self.header(2, "callstream-replay", b"true")
        self.assertEqual(self.kinds(), {"marked as a replay"})

    def test_tracked_since(self):
        self.change(2, trackedSince=9)
        self.assertEqual(self.kinds(), {"more than one trackedSince"})


class WireTest(unittest.TestCase):
    def test_murmur2_is_javas(self):
        """The values of the Java client's own test."""
        for text, value in (("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536),
                            ("a-little-bit-longer-string", -1486304829), ("abc", 479470107),
                            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)):
            self.assertEqual(wire.murmur2(text.encode()), value, text)

    def test_fingerprint_is_the_specifications(self):
        """0x7275d51a3f395c8f is that of "int"; the encoding has it little-endian."""
        self.assertEqual(wire.crc64("int"), (0x7275D51A3F395C8F).to_bytes(8, "little"))

    def test_logical_types_and_docs_leave_the_fingerprint_alone(self):
        schema = {"type": "record", "name": "N", "namespace": "n", "fields": [
            {"name": "t", "doc": "d", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}
        self.assertEqual(wire.crc64(schema), wire.crc64(wire.without_logical_types(schema)))


def run():
    """Runs the tests; returns the exit code."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(__import__(__name__))
    return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
