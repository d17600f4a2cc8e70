#!/usr/bin/env python3
"""The end-to-end test: the built binary against Apache Kafka, a schema registry and the simulated
API, all on this machine; see README.md. Needs Go, Java 17, Maven and Python 3.11."""

import argparse
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import lab


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("scenario", nargs="*", help="scenarios to run; none: all of the set")
    parser.add_argument("--set", choices=("quick", "load", "faults"), default="quick")
    parser.add_argument("--finished", type=int, help="orders that are over at first sight (quick 2000, load 20000)")
    parser.add_argument("--living", type=int, help="orders that live while they are followed (quick 300, load 2000)")
    parser.add_argument("--jobs", type=int, help="scenarios at a time (quick 2, else 1)")
    parser.add_argument("--list", action="store_true", help="list the scenarios and end")
    parser.add_argument("--self-test", action="store_true", help="test the checker alone and end")
    options = parser.parse_args()
    load = options.set == "load"
    options.finished = options.finished or (20_000 if load else 2_000)
    options.living = options.living or (2_000 if load else 300)
    options.jobs = options.jobs or (2 if options.set == "quick" else 1)
    return options


def with_packages():
    """Goes on under the interpreter that has the packages, which is made on first use."""
    interpreter = lab.python()
    if os.path.realpath(sys.prefix) != os.path.realpath(interpreter.parent.parent):
        sys.stdout.flush()
        os.execv(interpreter, [str(interpreter), *sys.argv])


class Log:
    """Lines of several scenarios at once, each with its time and its scenario."""

    def __init__(self):
        self.begin, self.lock = time.monotonic(), threading.Lock()

    def line(self, name, text):
        with self.lock:
            print(f"{time.monotonic() - self.begin:6.1f} s  {name:<12} {text}", flush=True)


def run_one(services, log, options, name, scenario, registry):
    """Runs a scenario to its end; returns checks passed and failed."""
    from world import World
    log.line(name, " ".join(scenario.__doc__.split()).partition(":")[0])
    world = World(services, name, lambda text: log.line(name, text), registry)
    try:
        scenario(world, options)
    except Exception as error:  # whatever it is, the others go on and the run is red
        world.expect("the scenario comes to its end", False, f"{type(error).__name__}: {error}")
    finally:
        for process in services.processes:
            if process.name.startswith(f"{name}-") and process.running():
                process.kill()
    if world.failed:
        for process in services.processes:
            if process.name.startswith(f"{name}-"):
                log.line(name, f"the end of {process.name}'s log:\n{process.tail()}")
    return world.passed, world.failed


def main():
    options = arguments()
    with_packages()
    if options.self_test:
        import test_checker
        return test_checker.run()
    import scenarios
    import wire

    chosen = {"quick": scenarios.QUICK, "load": scenarios.LOAD, "faults": scenarios.FAULTS}[options.set]
    if options.list:
        for name, (scenario, _) in chosen.items():
            print(f"{name:<12} {' '.join(scenario.__doc__.split())}")
        return 0
    unknown = set(options.scenario) - set(chosen)
    if unknown:
        print(f"no such scenario: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    if options.scenario:
        chosen = {name: chosen[name] for name in chosen if name in options.scenario}

    log = Log()
    with lab.Lab() as services:
        log.line("lab", "builds the binary, starts the broker and the registry")
        with ThreadPoolExecutor(3) as starters:
            for started in [starters.submit(services.build), starters.submit(services.kafka, wire.answers),
                            starters.submit(services.registry)]:
                started.result()
        log.line("lab", f"broker {services.bootstrap}, registry {services.registry_url}")
        with ThreadPoolExecutor(options.jobs) as workers:
            results = list(workers.map(lambda item: run_one(services, log, options, item[0], *item[1]), chosen.items()))
        passed, failed = (sum(counts) for counts in zip(*results))
        for process in services.processes:
            if failed and process.name in ("kafka", "registry"):
                log.line(process.name, f"the end of its log:\n{process.tail()}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except lab.Failure as failure:
        print(f"failed: {failure}", file=sys.stderr)
        sys.exit(1)
