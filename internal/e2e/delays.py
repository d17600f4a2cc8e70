"""How late announcements are: what happened in a campaign against what was announced of it, and against
what plain round robin would have announced.

Numbers alone, no services: test_delays.py holds each to small cases that were counted by hand.
"""

import math
from collections import namedtuple
from dataclasses import dataclass, field

# A status's place on a call's way, by the truth's word for it; what comes after it overtakes it.
STAGES = ("dialing", "ringing", "in-call", "ended")
KINDS = (*STAGES, "line", "recording")

# Of one change: what the log says of it first, in Unix milliseconds. observed is the event's observedAt, written
# the record's timestamp.
Announced = namedtuple("Announced", "observed written")


def stage_of(code):
    """The truth's word for a callStatus; None for one that a campaign's calls don't have."""
    return {3: "dialing", 4: "ringing", 5: "in-call"}.get(code, "ended" if code >= 6 else None)


def announcements(events):
    """The first announcement of each change: {(callID, kind, index): Announced}."""
    first = {}

    def add(call, kind, index, event):
        was = first.get((call, kind, index), Announced(math.inf, math.inf))
        first[call, kind, index] = Announced(min(was.observed, event.body["observedAt"]),
                                             min(was.written, event.record.timestamp))
    for event in events:
        call = event.body["callID"]
        if event.kind == "status":
            add(call, stage_of(event.body["statusCode"]), 0, event)
        elif event.kind == "transcript":
            add(call, "line", event.body["lineIndex"], event)
        elif event.body["recordingURL"]:
            add(call, "recording", 0, event)
    return first


def percentile(values, share):
    """The value that a share of the values does not exceed (nearest rank); nan of none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else math.nan


@dataclass
class Kind:
    """What became of one kind of change. Delays in milliseconds."""
    changes: int = 0
    missed: int = 0  # overtaken before they were announced, or not announced when the reading ended
    early: int = 0  # announced before they happened: a fault of the exporter or of the measurement
    observed: list = field(default_factory=list)
    written: list = field(default_factory=list)
    lasted: list = field(default_factory=list)  # how long each status lasted that has ended

    def missed_share(self):
        return self.missed / self.changes if self.changes else math.nan


def measure(changes, announced, begin, end, read):
    """The Kinds of the changes of [begin, end), all in Unix milliseconds. read is when the log was read.

    A status without announcement is missed once the call has moved on; one that still lasts counts nowhere. What
    nothing overtakes (an end, a line, a recording) is missed where it was not announced by `read`, and counts among
    the delays with what it has waited so far, so that what is never said makes no percentile better."""
    moments = {(c["callID"], c["what"]): c["at"] for c in changes if c["what"] in STAGES}
    kinds = {kind: Kind() for kind in KINDS}
    for change in changes:
        what, at, call = change["what"], change["at"], change["callID"]
        if not begin <= at < end:
            continue
        kind, said = kinds[what], announced.get((call, what, change["index"]))
        overtaken = None
        if what in STAGES[:-1]:
            later = (moments.get((call, stage)) for stage in STAGES[STAGES.index(what) + 1:])
            overtaken = min((moment for moment in later if moment), default=None)
            if overtaken:
                kind.lasted.append(overtaken - at)
            elif not said:
                continue
        kind.changes += 1
        if said:
            kind.observed.append(said.observed - at)
            kind.written.append(said.written - at)
            kind.early += said.observed < at
            continue
        kind.missed += 1
        if not overtaken:
            kind.observed.append(read - at)
            kind.written.append(read - at)
    return kinds


@dataclass
class RoundRobin:
    """What plain round robin gives: every order of every task in turn, in full requests. Its delay is uniform over the
    time of one turn, and a status shorter than that is missed by what is short of it."""
    cycle: float  # milliseconds

    @classmethod
    def of(cls, orders, tasks, rate, batch=500):
        shares = [orders // tasks + (task < orders % tasks) for task in range(tasks)]
        return cls(sum(math.ceil(share / batch) for share in shares) / rate * 1000)

    def delay(self, share):
        return share * self.cycle

    def missed_share(self, kind):
        if not kind.lasted:
            return 0.0
        return sum(max(0.0, 1 - lasted / self.cycle) for lasted in kind.lasted) / len(kind.lasted)
