"""Writes golden/*.avro with fastavro, an implementation of Avro independent of
the ones the Go code uses. The contents here and those in samples_test.go are
written down twice on purpose.

    python3 -m venv venv && venv/bin/pip install fastavro==1.13.0
    venv/bin/python make_golden.py
"""

import io
import json
import pathlib
import struct

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

HERE = pathlib.Path(__file__).parent
SCHEMAS = HERE.parent.parent.parent / "schemas"


def schema(name):
    return json.loads((SCHEMAS / (name + ".avsc")).read_text())


def single_object(name, record):
    raw = schema(name)
    mark = bytes.fromhex(fingerprint(to_parsing_canonical_form(raw), "CRC-64-AVRO"))
    return b"\xc3\x01" + mark + body(raw, record)


def confluent(name, record, schema_id):
    return struct.pack(">bI", 0, schema_id) + body(schema(name), record)


def body(raw, record):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(raw), record, strict=True)
    return out.getvalue()


def write(name, data):
    (HERE / "golden" / (name + ".avro")).write_bytes(data)


COMMON = {
    "eventID": "000102030405060708090a0b0c0d0e0f",
    "observedAt": 1700000123456,
    "orderID": "order-7",
    "userTaskID": "task-3",
    "callID": "call-9",
    "taskID": "42",
    "sceneID": "scene-1",
    "userPhone": "+8613812345678",
    "passthrough": '{"customer":"17"}',
    "attempt": 2,
    "trackedSince": 1700000000000,
}
BARE = {
    "eventID": "ff000000000000000000000000000000",
    "observedAt": 1700000123456,
    "orderID": "o",
    "userTaskID": "t",
    "callID": "o#1",
    "taskID": None,
    "sceneID": None,
    "userPhone": None,
    "passthrough": None,
    "attempt": 1,
    "trackedSince": 1700000000000,
}

STATUS = COMMON | {
    "sequence": 3,
    "previousStatus": "RINGING",
    "previousStatusCode": 4,
    "status": "IN_CALL",
    "statusCode": 5,
    "completed": False,
    "callingNumber": "02155550000",
    "lineAddress": "10.0.0.1:5060",
    "startedAt": 1700000100000,
    "answeredAt": 1700000107000,
    "endedAt": None,
    "hangupCause": None,
    "sipCode": None,
}
STATUS_BARE = BARE | {
    "sequence": 1,
    "previousStatus": None,
    "previousStatusCode": None,
    "status": "UNKNOWN",
    "statusCode": -1,
    "completed": False,
    "callingNumber": None,
    "lineAddress": None,
    "startedAt": None,
    "answeredAt": None,
    "endedAt": None,
    "hangupCause": None,
    "sipCode": None,
}
COMPLETED = COMMON | {
    "revision": 2,
    "changedFields": ["recordingURL", "sms"],
    "status": "COMPLETED",
    "statusCode": 6,
    "outcome": "ANSWERED",
    "answered": True,
    "userName": "李雷",
    "callingNumber": "02155550000",
    "lineAddress": "10.0.0.1:5060",
    "startedAt": 1700000100000,
    "answeredAt": 1700000107000,
    "endedAt": 1700000150000,
    "ringSeconds": 7,
    "durationSeconds": 43,
    "recordingURL": "https://cdn.example.com/rec/call-9.wav?sig=abc",
    "hangupCause": "NORMAL_CLEARING",
    "sipCode": "200",
    "intents": [
        {"intentID": "i1", "intentTag": "A", "intentName": "interested"},
        {"intentID": "i2", "intentTag": None, "intentName": None},
    ],
    "sms": [
        {"messageID": "m1", "state": "SEND_SUCCESSFUL", "stateCode": 2, "content": "您好"},
        {"messageID": None, "state": "UNKNOWN", "stateCode": 99, "content": None},
        {"messageID": "m3", "state": None, "stateCode": None, "content": "c"},
    ],
    "agentName": "Han Mei",
    "agentGroup": "sales",
    "agentStatus": "COMPLETED",
    "agentLabel": "call back",
    "agentHungUpBy": "USER",
    "agentStatusCode": 4,
    "agentTalkSeconds": 0,
    "agentStartedAt": 1700000120000,
    "agentAnsweredAt": 1700000125000,
    "agentEndedAt": 1700000149000,
    "params": {"city": "上海"},
    "transcriptLines": 2,
    "transcriptText": "ROBOT: 您好\nUSER: 喂?",
    "orderFinished": True,
    "omittedFields": [],
}
COMPLETED_BARE = BARE | {
    "revision": 1,
    "changedFields": [],
    "status": "UNKNOWN",
    "statusCode": 77,
    "outcome": "UNKNOWN",
    "answered": False,
    "userName": None,
    "callingNumber": None,
    "lineAddress": None,
    "startedAt": None,
    "answeredAt": None,
    "endedAt": None,
    "ringSeconds": None,
    "durationSeconds": None,
    "recordingURL": None,
    "hangupCause": None,
    "sipCode": None,
    "intents": [],
    "sms": [],
    "agentName": None,
    "agentGroup": None,
    "agentStatus": None,
    "agentLabel": None,
    "agentHungUpBy": None,
    "agentStatusCode": None,
    "agentTalkSeconds": None,
    "agentStartedAt": None,
    "agentAnsweredAt": None,
    "agentEndedAt": None,
    "params": {},
    "transcriptLines": 0,
    "transcriptText": None,
    "orderFinished": False,
    "omittedFields": [],
}
LINE = COMMON | {
    "lineIndex": 4,
    "occurrence": 2,
    "revision": 1,
    "role": "USER",
    "roleCode": 1,
    "lineType": "USER_NORMAL_RESPONSE",
    "lineTypeCode": 7,
    "text": "好的，谢谢 😀",
    "nodeID": "n-17",
    "nodeDesc": "closing",
    "spokenAt": 1700000110500,
    "truncated": False,
}
LINE_BARE = BARE | {
    "lineIndex": 0,
    "occurrence": 1,
    "revision": 1,
    "role": "UNKNOWN",
    "roleCode": -1,
    "lineType": "UNKNOWN",
    "lineTypeCode": -1,
    "text": "",
    "nodeID": None,
    "nodeDesc": None,
    "spokenAt": None,
    "truncated": False,
}

TRACKING = [
    "trackedSince", "followAt", "onceAt", "stopAt", "replayAt", "notBefore", "deadline", "followSince", "missingSince", "restingSince",
]
STATE = {name: 1700000000000 + i for i, name in enumerate(TRACKING)} | {
    "userTaskID": "task-3",
    "orderID": "order-7",
    "rest": "settled",
    "hash": -2,
    "finished": True,
    "changedAt": 1700000123456,
    "infos": [
        {"taskID": "42", "sceneID": "", "userPhone": "+8613812345678", "passthrough": ""},
        {"taskID": "42", "sceneID": "scene-1", "userPhone": "+8613812345678", "passthrough": "x"},
    ],
    "pending": [{"field": "sceneID", "digest": bytes(range(16))}],
    "calls": [
        {
            "id": "order-7#1",
            "vendorID": "call-8",
            "attempt": 1,
            "status": {
                "sequence": 4,
                "previous": 4,
                "status": 6,
                "completed": True,
                "callingNumber": "02155550000",
                "lineAddress": "10.0.0.1:5060",
                "startedAt": 1700000100000,
                "answeredAt": 1700000107000,
                "endedAt": 1700000150000,
                "hangupCause": "NORMAL_CLEARING",
                "sipCode": "200",
            },
            "statusRef": 1,
            "completed": {
                "revision": 2,
                "changedFields": ["sms"],
                "status": 6,
                "userName": "李雷",
                "callingNumber": "02155550000",
                "lineAddress": "10.0.0.1:5060",
                "startedAt": 1700000100000,
                "answeredAt": 1700000107000,
                "endedAt": 1700000150000,
                "durationSeconds": 43,
                "recordingURL": "https://cdn.example.com/rec/call-9.wav?sig=abc",
                "hangupCause": "NORMAL_CLEARING",
                "sipCode": "200",
                "intents": [{"intentID": "i1", "intentTag": "A", "intentName": "interested"}],
                "sms": [{"messageID": "m1", "state": 2, "content": "您好"}],
                "agent": {
                    "name": "Han Mei",
                    "group": "sales",
                    "label": "call back",
                    "status": 4,
                    "talkSeconds": 0,
                    "startedAt": 1700000120000,
                    "answeredAt": 1700000125000,
                    "endedAt": 1700000149000,
                    "hungUpBy": 2,
                },
                "params": [{"name": "city", "value": "上海"}, {"name": "age", "value": ""}],
            },
            "completedRef": 1,
            "lines": [
                {
                    "index": 4,
                    "occurrence": 2,
                    "revision": 1,
                    "role": 1,
                    "type": 7,
                    "nodeID": "n-17",
                    "nodeDesc": "closing",
                    "spokenAt": 1700000110500,
                    "infoRef": 1,
                    "digest": bytes(range(16, 32)),
                    "pending": b"",
                },
                {
                    "index": 5,
                    "occurrence": 1,
                    "revision": 3,
                    "role": -1,
                    "type": -1,
                    "nodeID": "",
                    "nodeDesc": "",
                    "spokenAt": 0,
                    "infoRef": 0,
                    "digest": b"",
                    "pending": bytes(range(32, 48)),
                },
            ],
            "pending": [{"field": "recordingURL", "digest": bytes(range(48, 64))}],
        },
        {
            "id": "call-9",
            "vendorID": "",
            "attempt": 2,
            "status": {
                "sequence": 1,
                "previous": None,
                "status": 3,
                "completed": False,
                "callingNumber": "",
                "lineAddress": "",
                "startedAt": 0,
                "answeredAt": 0,
                "endedAt": 0,
                "hangupCause": "",
                "sipCode": "",
            },
            "statusRef": 1,
            "completed": None,
            "completedRef": 0,
            "lines": [],
            "pending": [],
        },
    ],
}
STATE_BARE = {name: 0 for name in TRACKING} | {
    "userTaskID": "t",
    "orderID": "o",
    "rest": "",
    "hash": 0,
    "finished": False,
    "changedAt": 0,
    "infos": [],
    "pending": [],
    "calls": [],
}
REQUEST = {
    "userTaskID": "task-3",
    "orderID": None,
    "orderIDs": ["order-7", "order-8"],
    "mode": "once",
    "notBefore": 1700000000000,
    "deadline": None,
}

for case, file, record in [
    ("status", "call-status-changed", STATUS),
    ("status-bare", "call-status-changed", STATUS_BARE),
    ("completed", "call-completed", COMPLETED),
    ("completed-bare", "call-completed", COMPLETED_BARE),
    ("line", "transcript-line", LINE),
    ("line-bare", "transcript-line", LINE_BARE),
    ("state", "order-state", STATE),
    ("state-bare", "order-state", STATE_BARE),
]:
    write(case, single_object(file, record))
write("status-confluent", confluent("call-status-changed", STATUS, 70001))
write("request-confluent", confluent("order-request", REQUEST, 7))

# Fingerprints of schemas that use what ours do not.
FINGERPRINTS = [
    "null",
    "long",
    {"type": "long"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "int", "logicalType": "date", "doc": "stripped"},
    ["null", {"type": "long", "logicalType": "timestamp-micros"}],
    {"type": "array", "items": {"type": "map", "values": "double"}},
    {"type": "fixed", "name": "F", "namespace": "a.b", "size": 16},
    {"type": "enum", "name": "a.b.E", "symbols": ["A", "B"], "aliases": ["Z"], "default": "A"},
    {"type": "record", "name": "Tree", "fields": [{"name": "next", "type": ["null", "Tree"], "default": None}]},
    {
        "type": "record",
        "name": "R",
        "namespace": "n.s",
        "doc": "stripped",
        "fields": [
            {"name": "a", "type": {"type": "fixed", "name": "F", "size": 2}, "order": "descending"},
            {"name": "b", "type": "F"},
            {"name": "c", "type": {"type": "record", "name": "other.Inner", "fields": [{"name": "x", "type": "string", "default": ""}]}},
            {"name": "d", "type": ["null", "other.Inner", "n.s.F"]},
        ],
    },
]
(HERE / "golden" / "fingerprints.json").write_text(
    json.dumps(
        [{"schema": s, "fingerprint": fingerprint(to_parsing_canonical_form(s), "CRC-64-AVRO")} for s in FINGERPRINTS],
        indent=1,
    )
    + "\n"
)
