"""Compares what callstream announced with what the simulated API says is true.

Written from docs/contract.md and docs/api.md, not from the exporter's code: the tables of codes, the rules of
sequences and revisions, identity and headers stand here a second time on purpose.
"""

import json
import re
from collections import defaultdict, namedtuple
from dataclasses import dataclass

from wire import home

# kind is "status", "completed" or "transcript"; body the decoded value, times in milliseconds.
Event = namedtuple("Event", "kind record body")

TYPES = {
    "status": ("callstream.v1.CallStatusChanged", b"callstream.call-status-changed.v1"),
    "completed": ("callstream.v1.CallCompleted", b"callstream.call-completed.v1"),
    "transcript": ("callstream.v1.TranscriptLine", b"callstream.transcript-line.v1"),
}

# The vendor's tables: callStatus with what it comes to, smsSendTs, agentCallStatus,
# manualHangupBy, recordRole, recordType.
STATUS = {
    1: ("PREPARING", None), 2: ("DISPATCHING", None), 3: ("DIALING", None), 4: ("RINGING", None),
    5: ("IN_CALL", None), 6: ("COMPLETED", "ANSWERED"), 8: ("INVALID_NUMBER", "INVALID_NUMBER"),
    9: ("TEMPORARILY_UNREACHABLE", "UNREACHABLE"), 10: ("USER_BUSY", "BUSY"),
    11: ("BUSY_AND_REJECTED", "REJECTED"), 12: ("USER_REJECTED", "REJECTED"),
    13: ("USER_REJECTED", "REJECTED"), 15: ("TTS_SYNTHESIS_FAILED", "FAILED"),
    16: ("UNKNOWN_REASON", "UNKNOWN"), 17: ("BLACKLISTED_NUMBER", "BLOCKED"),
    18: ("USER_TERMINATED", "REJECTED"), 21: ("INVALID_NUMBER", "INVALID_NUMBER"),
    22: ("RING_MISSED", "NO_ANSWER"), 23: ("NO_RESPONSE", "NO_ANSWER"),
    24: ("EARLY_MEDIA_OR_VOICE_MAIL", "VOICEMAIL"), 25: ("RING_TOO_LONG", "NO_ANSWER"),
}
SMS = ("NOT_SENT", "SENT", "SEND_SUCCESSFUL", "SEND_FAILED", "CLICK_SUCCESSFUL")
AGENT = {1: "DIALING", 2: "RINGING", 3: "CONNECTED", 4: "COMPLETED", 10: "AGENT_BUSY", 12: "USER_REJECTED"}
HUNG_UP = ("NONE", "AGENT", "USER")
ROLE = ("ROBOT", "USER", "AGENT")
LINE = {5: "USER_TIMEOUT", 6: "USER_INTERRUPTION", 7: "USER_NORMAL_RESPONSE", 8: "SERVER_RESPONSE",
        18: "CUSTOMER_SERVICE_REPLY"}

# Not part of an event's identity; eventID itself aside.
NOT_IDENTITY = ("eventID", "observedAt", "previousStatus", "previousStatusCode", "changedFields", "attempt",
                "transcriptLines", "orderFinished", "trackedSince", "omittedFields", "transcriptText", "truncated")


@dataclass
class Rules:
    """What a run allows."""
    partitions: dict  # topic → how many
    repeats: bool = False  # events may come twice: a crash or a rebalance happened
    every_status: bool = True  # every answer reached callstream, so every status shown is announced


class Findings:
    """What is wrong, by kind of fault, with a few examples each."""

    def __init__(self):
        self.kinds = defaultdict(list)

    def add(self, kind, example):
        self.kinds[kind].append(example)

    def __bool__(self):
        return bool(self.kinds)

    def __str__(self):
        return "\n".join(f"{len(found)} × {kind}: " + "; ".join(str(f) for f in found[:3])
                         for kind, found in sorted(self.kinds.items()))


def name_of(table, code):
    """A code's name; UNKNOWN outside its table, None for no code."""
    if code is None:
        return None
    if isinstance(table, dict):
        return table.get(code, "UNKNOWN")
    return table[code] if 0 <= code < len(table) else "UNKNOWN"


def status_name(code):
    return STATUS.get(code, ("UNKNOWN",))[0]


def final(code):
    """Whether a status of the table ends a call."""
    return STATUS.get(code, (0, None))[1] is not None


def call_name(order, index):
    """The callID a call is announced under."""
    return order["callInfoDetailList"][index].get("callID") or f'{order["orderID"]}#{index + 1}'


def without_query(url):
    return url.partition("?")[0] if url else None


def empty_is_none(value):
    return None if value in ("", 0) else value


def expected_completed(order, index):
    """The fields of a CallCompleted as the order's truth has them."""
    call = order["callInfoDetailList"][index]
    code, agent = call["callStatus"], call.get("agent") or {}
    answered = code in (5, 6)
    times = {name: empty_is_none(call.get(source)) for name, source in (
        ("startedAt", "callStartTs"), ("answeredAt", "callAnswerTs"), ("endedAt", "callEndTs"))}
    until = times["answeredAt" if answered else "endedAt"]
    started = times["startedAt"]
    fields = {
        "taskID": order.get("taskID"), "sceneID": order.get("sceneID"), "userPhone": order.get("userPhone"),
        "passthrough": order.get("other"), "userName": order.get("userName"),
        "attempt": index + 1,
        "status": status_name(code), "statusCode": code, "answered": answered,
        "outcome": STATUS.get(code, (0, "UNKNOWN"))[1],
        "callingNumber": call.get("callingNumber"), "lineAddress": call.get("lineAddress"), **times,
        "ringSeconds": (until - started) // 1000 if started and until and until >= started else None,
        "recordingURL": without_query(call.get("callAudioUrl")),
        "hangupCause": call.get("hangupCause"), "sipCode": call.get("termSipCode"),
        "agentName": agent.get("agentName"), "agentGroup": agent.get("agentGroup"),
        "agentLabel": agent.get("agentLabel"),
        "agentStatus": name_of(AGENT, agent.get("agentCallStatus")),
        "agentHungUpBy": name_of(HUNG_UP, agent.get("manualHangupBy")),
        "agentStartedAt": agent.get("manualCallStart"), "agentAnsweredAt": agent.get("manualCallAnswer"),
        "agentEndedAt": agent.get("manualCallEnd"),
    }
    fields = {name: empty_is_none(value) for name, value in fields.items()}
    fields.update({  # numbers whose 0 is a value
        "answered": answered,
        "ringSeconds": (until - started) // 1000 if started and until and until >= started else None,
        "durationSeconds": call.get("callDuration"), "agentStatusCode": agent.get("agentCallStatus"),
        "agentTalkSeconds": agent.get("agentCallElapsed"),
        "intents": [{"intentID": i.get("intentID") or None, "intentTag": i.get("intentTag") or None,
                     "intentName": i.get("intentName") or None} for i in call.get("intents") or []],
        "sms": [{"messageID": s.get("sysMessageID") or None, "state": name_of(SMS, s.get("smsSendTs")),
                 "stateCode": s.get("smsSendTs"), "content": s.get("smsContent") or None}
                for s in call.get("sms") or []],
        "params": {p["name"]: p.get("value") or "" for p in call.get("params") or []},
    })
    return fields


def announced_completed(body):
    """The same fields as an event has them, in the same form."""
    body = dict(body)
    body["recordingURL"] = without_query(body["recordingURL"])
    for list_name in ("intents", "sms"):
        body[list_name] = [{k: None if v == "" else v for k, v in item.items()} for item in body[list_name]]
    return body


def expected_lines(call):
    """A call's lines by (lineIndex, occurrence)."""
    lines, seen = {}, defaultdict(int)
    for line in call.get("recordDetail") or []:
        index = line["recordIndex"]
        seen[index] += 1
        lines[index, seen[index]] = {
            "text": line.get("recordWord") or "", "roleCode": line["recordRole"],
            "role": name_of(ROLE, line["recordRole"]), "lineTypeCode": line["recordType"],
            "lineType": name_of(LINE, line["recordType"]), "nodeID": line.get("nodeID") or None,
            "nodeDesc": line.get("nodeDesc") or None, "spokenAt": line.get("createTs") or None,
        }
    return lines


def forward(statuses):
    """Of statuses in the order shown, those that move a call on or correct its end: what must be
    announced."""
    kept = []
    for code in statuses:
        if not kept or min(code, 6) > min(kept[-1], 6) or (final(kept[-1]) and code not in (kept[-1], 6)):
            kept.append(code)
    return kept


class Checker:
    """Checks one run: its events against its truth."""

    def __init__(self, rules):
        self.rules, self.findings = rules, Findings()

    def check(self, events, truth):
        """events: every event in the order of its topic and partition. truth: the orders asked for."""
        wanted = {(t["userTaskID"], t["orderID"]): t for t in truth}
        calls = defaultdict(lambda: {"status": [], "completed": [], "transcript": []})
        sources, orders = set(), set()
        for event in events:
            body = event.body
            sources.add(self.transport(event))
            orders.add((body["userTaskID"], body["orderID"]))
            calls[body["userTaskID"], body["orderID"], body["callID"]][event.kind].append(event)
        for ref in orders - set(wanted):
            self.findings.add("order nobody asked for", ref)
        if len(sources) > 1:
            self.findings.add("more than one ce_source", sources)
        self.identities(events)
        for ref, entry in wanted.items():
            self.order(ref, entry, calls)
        for task, order, call in calls:
            self.findings.add("call that the API doesn't have", (task, order, call))
        return self.findings

    def transport(self, event):
        """Key, partition and headers of one event; returns its ce_source."""
        record, body, add = event.record, event.body, self.findings.add
        where = f"{record.topic}/{record.partition}@{record.offset}"
        if record.key != body["orderID"].encode():
            add("key is not the order ID", where)
        elif home(record.key, self.rules.partitions[record.topic]) != record.partition:
            add("not in the partition of its key", where)
        headers = dict(record.headers)
        if len(headers) != len(record.headers):
            add("header twice", where)
        wanted = {"ce_specversion": b"1.0", "ce_id": body["eventID"].encode(), "ce_type": TYPES[event.kind][1],
                  "ce_subject": body["callID"].encode()}
        for name, value in wanted.items():
            if headers.get(name) != value:
                add(f"header {name} is missing or wrong", where)
        for name in ("ce_source", "content-type"):
            if not headers.get(name):
                add(f"header {name} is missing", where)
        if not re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", headers.get("ce_time", b"")):
            add("header ce_time is not RFC 3339", where)
        if "callstream-replay" in headers:
            add("marked as a replay", where)
        if not re.fullmatch("[0-9a-f]{32}", body["eventID"]):
            add("eventID is not 32 hex digits", where)
        return headers.get("ce_source")

    def identities(self, events):
        """Same content, same ID; other content, another ID; nothing twice without a crash."""
        content_of, id_of = {}, {}
        for event in events:
            fields = {k: v for k, v in event.body.items() if k not in NOT_IDENTITY}
            content, number = event.kind + json.dumps(fields, sort_keys=True), event.body["eventID"]
            if id_of.setdefault(content, number) != number:
                self.findings.add("one content, two eventIDs", (event.kind, number))
            # URLs that differ only in their query are equal: their events may share an ID or not.
            fields["recordingURL"] = without_query(fields.get("recordingURL"))
            if number not in content_of:
                content_of[number] = fields
                continue
            if not self.rules.repeats:
                self.findings.add("event announced twice", (event.kind, number))
            before = content_of[number]
            differ = {k: (before.get(k), fields.get(k)) for k in before.keys() | fields.keys()
                      if before.get(k) != fields.get(k)}
            if differ:
                self.findings.add("one eventID, two contents", (event.kind, number, differ))

    def order(self, ref, entry, calls):
        """Everything announced of one order; takes its calls out of `calls`."""
        truth, shown, since = entry["final"], defaultdict(list), set()
        for look in sorted(entry.get("shown") or [], key=lambda s: s["at"]):
            shown[look["callID"]].append(look["status"])
        for index, call in enumerate(truth["callInfoDetailList"]):
            name = call_name(truth, index)
            announced = calls.pop((*ref, name), None)
            if announced is None:
                self.findings.add("call never announced", (*ref, name))
                continue
            where = (*ref, name)
            # Calls without a callID are held back, so what was shown of them need not be announced.
            self.statuses(where, announced["status"], call, shown[call["callID"]] if call.get("callID") else None)
            self.completed(where, announced["completed"], truth, index)
            self.lines(where, announced["transcript"], call)
            since.update(e.body["trackedSince"] for kind in announced.values() for e in kind)
        if len(since) > 1 and not self.rules.repeats:
            self.findings.add("more than one trackedSince", (ref, since))

    def numbered(self, where, events, number, what):
        """Events by their number, the later in the log winning; faults where 1..n has a gap or,
        without a repeat, is out of order."""
        latest = {}
        for event in events:
            n = event.body[number]
            if n != len(latest) + 1 and not (self.rules.repeats and 1 <= n <= len(latest)):
                self.findings.add(f"{what} out of order", (where, n, "after", len(latest)))
            latest[n] = event.body
        if sorted(latest) != list(range(1, len(latest) + 1)):
            self.findings.add(f"{what} with a gap", (where, sorted(latest)))
        return [latest[n] for n in sorted(latest)]

    def statuses(self, where, events, call, shown):
        chain = self.numbered(where, events, "sequence", "status sequence")
        if not chain:
            self.findings.add("no status announced", where)
            return
        codes = [body["statusCode"] for body in chain]
        if codes[-1] != call["callStatus"]:
            self.findings.add("final status not announced", (where, codes, call["callStatus"]))
        if any(min(a, 6) > min(b, 6) or a == b for a, b in zip(codes, codes[1:])):
            self.findings.add("status moved back", (where, codes))
        if shown is not None and self.rules.every_status and codes != forward(shown):
            self.findings.add("statuses announced differ from those shown", (where, codes, forward(shown)))
        if shown is not None and not set(codes) <= set(shown):
            self.findings.add("status announced that was never shown", (where, codes, shown))
        for body, previous in zip(chain, [None, *codes]):
            name = None if previous is None else status_name(previous)
            if (body["previousStatusCode"], body["previousStatus"]) != (previous, name):
                self.findings.add("previousStatus breaks the chain",
                                  (where, body["sequence"], body["previousStatusCode"]))
            if body["status"] != status_name(body["statusCode"]) or body["completed"] != final(body["statusCode"]):
                self.findings.add("status, its code and completed disagree", (where, body["sequence"]))
        last = chain[-1]
        wanted = expected_completed({"orderID": where[1], "callInfoDetailList": [call]}, 0)
        for field in ("callingNumber", "lineAddress", "startedAt", "answeredAt", "endedAt", "hangupCause", "sipCode"):
            # A later correction of a detail announces no status anew, so only what is there can be compared.
            if last[field] is not None and last[field] != wanted[field]:
                self.findings.add(f"status event's {field} is wrong", (where, last[field], wanted[field]))

    def completed(self, where, events, truth, index):
        chain = self.numbered(where, events, "revision", "revision")
        if not chain:
            self.findings.add("CallCompleted never announced", where)
            return
        for before, body in zip([None, *chain], chain):
            self.changes(where, before, body)
        last, wanted = announced_completed(chain[-1]), expected_completed(truth, index)
        for fields in (last, wanted):
            # What was announced keeps its place, so an item that the vendor puts in front comes last.
            for name in ("intents", "sms"):
                fields[name] = sorted(fields[name], key=repr)
        for field, value in wanted.items():
            if last[field] != value:
                self.findings.add(f"CallCompleted's {field} is wrong", (where, last[field], value))
        lines = len(truth["callInfoDetailList"][index].get("recordDetail") or [])
        if last["transcriptLines"] > lines or last["omittedFields"] or last["transcriptText"] is not None:
            self.findings.add("CallCompleted's transcript fields are wrong", (where, last["transcriptLines"], lines))

    def changes(self, where, before, body):
        """changedFields names what differs from the revision before."""
        if before is None:
            if body["changedFields"]:
                self.findings.add("changedFields on the first revision", where)
            return
        derived = {"eventID", "observedAt", "trackedSince", "revision", "changedFields", "attempt",
                   "transcriptLines", "orderFinished"}
        differ = {k for k in body if k not in derived and body[k] != before[k]}
        must = set(differ)
        if without_query(body["recordingURL"]) == without_query(before["recordingURL"]):
            must.discard("recordingURL")  # another query is no change, but the latest may be carried along
        if self.rules.repeats:
            return  # after a crash the revision before may be another than the one changedFields knew
        if not must:
            self.findings.add("revision without a change", (where, body["revision"]))
        if not must <= set(body["changedFields"]) <= differ:
            self.findings.add("changedFields is wrong", (where, sorted(differ), body["changedFields"]))

    def lines(self, where, events, call):
        wanted, groups = expected_lines(call), defaultdict(list)
        for event in events:
            groups[event.body["lineIndex"], event.body["occurrence"]].append(event)
        for place in groups.keys() - wanted.keys():
            self.findings.add("line that the API doesn't have", (where, place))
        for place, line in wanted.items():
            chain = self.numbered((where, place), groups.get(place, []), "revision", "line revision")
            if not chain:
                self.findings.add("line never announced", (where, place))
                continue
            for field, value in line.items():
                if chain[-1][field] != value:
                    self.findings.add(f"line's {field} is wrong", (where, place))
            if chain[-1]["truncated"]:
                self.findings.add("line is cut", (where, place))
