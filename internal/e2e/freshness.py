#!/usr/bin/env python3
"""How late the built binary announces what a campaign does, measured from outside: Apache Kafka, the
simulated API that dials a campaign, and one or more instances; see README.md. Seconds are the campaign's: at --speed 10 a
tenth of them are real, and limits and pauses are scaled with it. Beside each figure stands what plain round robin gives.
Ends with 1 where a bound is exceeded."""

import argparse
import csv
import json
import math
import sys
import time
import urllib.request

import lab
from delays import KINDS, STAGES, RoundRobin, announcements, measure, percentile
from run import Log, with_packages

# Bounds by percentile hold for the record's time in Kafka, the later of the two.
PERCENTILES = {"p50": 0.5, "p95": 0.95}

# What the exporter's defaults are at life's pace, in seconds.
PAUSES = {"POLL_MIN": 2, "POLL_MAX": 300, "SETTLE": 900, "BATCH_LINGER": 0.1}
API_LATENCY = 0.02


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--instances", type=int, nargs="+", default=[1], help="how many instances; each number is a run")
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=2)
    parser.add_argument("--lines", type=int, default=100, help="telephone lines")
    parser.add_argument("--dial", choices=("list", "random"), default="list")
    parser.add_argument("--outage", help="FROM,TO in the campaign's time, such as 12m,15m: nothing is dialed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=10)
    parser.add_argument("--rate", type=float, default=2, help="CALLBOT_RATE_LIMIT at life's pace; --speed multiplies it")
    parser.add_argument("--warm-up", type=float, default=60, help="real seconds from the start that are not measured")
    parser.add_argument("--seconds", type=float, default=90, help="real seconds that are measured")
    parser.add_argument("--tail", type=float, default=6, help="real seconds after that for announcements to arrive")
    parser.add_argument("--short", action="store_true", help="--warm-up 20 --seconds 40")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the instances")
    parser.add_argument("--self-test", action="store_true", help="test the counting alone and end")
    bounds = parser.add_argument_group("bounds, in the campaign's seconds and in percent")
    for kind in KINDS:
        for name in PERCENTILES:
            bounds.add_argument(f"--max-{kind}-{name}", type=float, metavar="SECONDS")
        bounds.add_argument(f"--max-{kind}-missed", type=float, metavar="PERCENT")
    bounds.add_argument("--max-busiest", type=int, metavar="REQUESTS", help="in any one second, from the first on")
    bounds.add_argument("--max-cpu", type=float, metavar="PERCENT", help="of one core, all instances together")
    bounds.add_argument("--max-spread", type=float, metavar="FACTOR",
                        help="p50 and p95 of ended and line against those of the first of --instances")
    options = parser.parse_args()
    if options.short:
        options.warm_up, options.seconds = 20, 40
    return options


class Run:
    """One campaign with a number of instances, and its figures."""

    def __init__(self, services, options, instances, say):
        from world import World
        self.options, self.instances, self.say = options, instances, say
        self.world = World(services, f"freshness-{instances}", say, registry=False)

    def go(self):
        """Runs it from the first look to the end of the reading."""
        options, world = self.options, self.world
        outage = ["--outage", options.outage] if options.outage else []
        api = world.start_api("--campaign", "--orders", options.orders, "--tasks", options.tasks, "--phone-lines", options.lines,
                              "--dial", options.dial, "--seed", options.seed, "--speed", options.speed,
                              "--latency", milliseconds(API_LATENCY / options.speed), *outage)
        for _ in range(self.instances):
            world.exporter(**self.settings())
        lab.wait_for("all instances share the group", 30, lambda: len(
            world.admin.describe_consumer_groups([world.name])[world.name].result(20).members) == self.instances)
        self.request()
        world.wait_done(120)
        self.say(f"all {options.orders} orders were looked at; dialing starts")
        lab.http(f"{world.api}/sim/campaign/start", method="POST", body={})
        self.sleep(options.warm_up)
        begin, before, cpu = time.time(), self.stats(), self.cpu([*world.exporters, api])
        self.sleep(options.seconds)
        end, after, later = time.time(), self.stats(), self.cpu([*world.exporters, api])
        self.sleep(options.tail)
        read = time.time()
        with urllib.request.urlopen(f"{world.api}/sim/campaign/truth", timeout=120) as lines:
            changes = [json.loads(line) for line in lines]
        self.kinds = measure(changes, announcements(world.events()), begin * 1000, end * 1000, read * 1000)
        self.busiest = self.stats()["maxPerSecond"]
        self.real = end - begin
        self.requests = after["requests"] - before["requests"]
        self.fill = (after["ordersAsked"] - before["ordersAsked"]) / max(1, after["batches"] - before["batches"])
        *self.cores, self.api_core = ((b - a) / self.real for a, b in zip(cpu, later))
        world.stop()

    def settings(self):
        options = self.options
        settings = {name: milliseconds(seconds / options.speed) for name, seconds in PAUSES.items()}
        settings["CALLBOT_RATE_LIMIT"] = f"{options.rate * options.speed:g}"
        return settings | dict(pair.split("=", 1) for pair in options.set)

    def request(self):
        """Asks for all orders with the binary's own command, in list order, the tasks in turn."""
        path = self.world.lab.folder / f"{self.world.name}.csv"
        shares = [self.options.orders // self.options.tasks + (task < self.options.orders % self.options.tasks)
                  for task in range(self.options.tasks)]
        with open(path, "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("task", "order"))
            for number in range(1, max(shares) + 1):
                rows.writerows((f"campaign-{task}", f"c{task}-{number:06d}")
                               for task, share in enumerate(shares, 1) if number <= share)
        lab.command(self.world.lab.binary, "request", "--csv", path, "--column", "order", "--task-column", "task",
                    env=self.world.environment(**self.world.settings()))

    def stats(self):
        return json.loads(lab.http(f"{self.world.api}/sim/stats")[1])

    @staticmethod
    def cpu(processes):
        return [process.cpu_seconds() for process in processes]

    def sleep(self, seconds):
        """Lets time pass in which every instance must live."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0:
            for exporter in self.world.exporters:
                exporter.must_run()
            time.sleep(min(rest, 1))

    def figure(self, kind, name, which="written"):
        """A percentile of a kind's delays, in the campaign's seconds."""
        return percentile(getattr(self.kinds[kind], which), PERCENTILES[name]) / 1000 * self.options.speed

    # --- what it prints

    def print(self):
        options = self.options
        limit = options.rate * options.speed
        plain = RoundRobin.of(options.orders, options.tasks, limit)
        turn = " / ".join(f"{plain.delay(share) / 1000 * options.speed:.2f}" for share in PERCENTILES.values())
        self.say(f"{self.instances} instance(s); {options.orders} orders of {options.tasks} tasks over {options.lines} lines, "
                 f"dialed {'in list order' if options.dial == 'list' else 'at random'}; speed {options.speed:g}, {limit:g} real requests/s")
        self.say("p50 / p95 from the change on, in seconds of the campaign; rr = plain round robin at the same limit")
        self.say(f"{'':<10}{'changes':>8} {'missed':>8} {'to observedAt':>17} {'to Kafka':>17} | {'rr missed':>9} {'rr delay':>15}")
        for kind, found in self.kinds.items():
            delays = [" / ".join(f"{self.figure(kind, name, which):.2f}" for name in PERCENTILES) for which in ("observed", "written")]
            missed = f"{100 * plain.missed_share(found):.1f} %" if kind in STAGES else "0.0 %"
            self.say(f"{kind:<10}{found.changes:>8} {100 * found.missed_share():>6.1f} % {delays[0]:>17} {delays[1]:>17} | {missed:>9} {turn:>15}")
        allowed = limit * self.real
        cores = " + ".join(f"{100 * core:.1f}" for core in self.cores)
        self.say(f"API requests: {self.requests} of {allowed:.0f} allowed ({100 * self.requests / allowed:.0f} %), mean fill {self.fill:.0f}, "
                 f"{self.busiest} in the busiest second (limit {limit:g})")
        self.say(f"CPU: {100 * sum(self.cores):.1f} % of a core ({cores}); the simulated API {100 * self.api_core:.1f} %")

    def check(self, first):
        """Holds it to the bounds; first is the run that spread is measured against."""
        options, expect = self.options, self.world.expect
        early = {kind: found.early for kind, found in self.kinds.items() if found.early}
        expect("nothing is announced before it happens", not early, early)
        for kind, found in self.kinds.items():
            word = kind.replace("-", "_")
            for name in PERCENTILES:
                self.bound(f"{kind} {name}", self.figure(kind, name), getattr(options, f"max_{word}_{name}"), " s")
            self.bound(f"{kind} missed", 100 * found.missed_share(), getattr(options, f"max_{word}_missed"), " %")
        self.bound("requests in the busiest second", self.busiest, options.max_busiest, "")
        self.bound("CPU", 100 * sum(self.cores), options.max_cpu, " % of a core")
        for kind in ("ended", "line"):
            for name in PERCENTILES:
                if options.max_spread and first is not self:
                    self.bound(f"{kind} {name} against {first.instances} instance(s)",
                               self.figure(kind, name) / first.figure(kind, name), options.max_spread, " times")
        return self.world.failed

    def bound(self, what, value, most, unit):
        if most is not None:
            self.world.expect(f"{what}: {value:.4g}{unit}, at most {most:g}", not math.isnan(value) and value <= most)


def milliseconds(seconds):
    """A length as Go reads it, at least a millisecond."""
    return f"{max(1, round(seconds * 1000))}ms"


def main():
    options = arguments()
    with_packages()
    if options.self_test:
        import test_delays
        return test_delays.run()
    import wire

    log, first, failed = Log(), None, 0
    with lab.Lab() as services:
        log.line("lab", "builds the binary, starts the broker")
        services.build()
        services.kafka(wire.answers)
        for instances in options.instances:
            run = Run(services, options, instances, lambda text, name=f"x{instances}": log.line(name, text))
            try:
                run.go()
            except lab.Failure:
                print(services.tails(), file=sys.stderr)
                raise
            first = first or run
            run.print()
            failed += run.check(first)
            for process in services.processes:
                if process.name.startswith(f"{run.world.name}-") and process.running():
                    process.kill()
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except lab.Failure as failure:
        print(f"failed: {failure}", file=sys.stderr)
        sys.exit(1)
