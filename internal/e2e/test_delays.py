"""Proof that delays.py counts as it says (`freshness.py --self-test`)."""

import math
import unittest
from types import SimpleNamespace

from delays import RoundRobin, announcements, measure, percentile


def change(call, what, at, index=0):
    return {"callID": call, "what": what, "at": at, "index": index}


def event(kind, call, observed, written, **body):
    return SimpleNamespace(kind=kind, record=SimpleNamespace(timestamp=written),
                           body={"callID": call, "observedAt": observed, **body})


# A call that is announced whole, one whose statuses are overtaken, and one that still rings.
CHANGES = [
    change("a", "dialing", 100), change("a", "ringing", 200), change("a", "in-call", 300), change("a", "ended", 900),
    change("a", "line", 400, 1), change("a", "line", 500, 2), change("a", "recording", 950),
    change("b", "dialing", 100), change("b", "ringing", 130), change("b", "ended", 300),
    change("c", "dialing", 600), change("c", "ringing", 700),
]
EVENTS = [
    event("status", "a", 110, 120, statusCode=3), event("status", "a", 220, 230, statusCode=4),
    event("status", "a", 330, 340, statusCode=5), event("status", "a", 910, 915, statusCode=6),
    event("status", "a", 990, 999, statusCode=6),  # a repeat
    event("transcript", "a", 450, 460, lineIndex=1), event("completed", "a", 910, 916, recordingURL=None),
    event("completed", "a", 960, 970, recordingURL="x"), event("status", "c", 650, 660, statusCode=3),
]


class DelaysTest(unittest.TestCase):
    def kinds(self, begin=0, end=1000):
        return measure(CHANGES, announcements(EVENTS), begin, end, read=2000)

    def test_delays(self):
        kinds = self.kinds()
        for kind, observed, written in (
                ("dialing", [10, 50], [20, 60]), ("ringing", [20], [30]), ("in-call", [30], [40]),
                ("ended", [10, 1700], [15, 1700]), ("line", [50, 1500], [60, 1500]), ("recording", [10], [20])):
            with self.subTest(kind):
                self.assertEqual((kinds[kind].observed, kinds[kind].written), (observed, written))

    def test_missed(self):
        """b's statuses are overtaken, its end and a's second line are not said; c's ringing still lasts."""
        self.assertEqual({name: (kind.missed, kind.changes) for name, kind in self.kinds().items()}, {
            "dialing": (1, 3), "ringing": (1, 2), "in-call": (0, 1), "ended": (1, 2), "line": (1, 2), "recording": (0, 1)})

    def test_window(self):
        kinds = self.kinds(begin=200, end=600)
        self.assertEqual({name: kind.changes for name, kind in kinds.items()}, {
            "dialing": 0, "ringing": 1, "in-call": 1, "ended": 1, "line": 2, "recording": 0})

    def test_early(self):
        said = announcements([event("status", "a", 99, 120, statusCode=3)])
        self.assertEqual(measure(CHANGES, said, 0, 1000, 2000)["dialing"].early, 1)

    def test_percentile(self):
        self.assertEqual([percentile(range(1, 101), share) for share in (0, 0.5, 0.95, 1)], [1, 50, 95, 100])
        self.assertEqual(percentile([7], 0.95), 7)
        self.assertTrue(math.isnan(percentile([], 0.5)))

    def test_round_robin(self):
        """10,000 orders of 2 tasks are 20 requests; 7 of 3 tasks one each."""
        self.assertEqual(RoundRobin.of(10_000, 2, 20).cycle, 1000)
        self.assertEqual(RoundRobin.of(7, 3, 1).cycle, 3000)
        self.assertEqual(RoundRobin.of(1001, 2, 1).cycle, 3000)
        self.assertEqual(RoundRobin(1000).delay(0.95), 950)
        dialing = self.kinds()["dialing"]  # lasted 100, 30 and 100
        self.assertAlmostEqual(RoundRobin(60).missed_share(dialing), 0.5 / 3)


def run():
    """Runs the tests; returns the exit code."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(__import__(__name__))
    return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
