#!/usr/bin/env python3
"""Makes the kept bugs of mutants.toml, one at a time, and runs the tests that should notice; see
README.md. The work tree is never touched. Needs Go and Python 3.11."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.toml")
TIMEOUT = "30s"  # of a mutant's tests, without the compiler; the slowest take 4 s
# Tests with random values: the same ones each time, or a mutant would be killed on some days; and no time
# spent on making a failure small, nor a file of it written into the work tree.
RAPID = {"RAPID_SEED": "1", "RAPID_SHRINKTIME": "1ms", "RAPID_NOFAILFILE": "true"}
FIELDS = {"name", "why", "file", "find", "replace", "tests", "run"}

Verdict = namedtuple("Verdict", "verdict detail seconds")
Control = namedtuple("Control", "tests run")  # what is run for a mutant, and once without it


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("mutant", nargs="*", help="mutants to try; none: all")
    parser.add_argument("--package", metavar="DIR", help="only those of a package, such as internal/order")
    parser.add_argument("--changed", metavar="BASE", help="only those whose code or tests changed since a git revision")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants at a time")
    parser.add_argument("--list", action="store_true", help="list the mutants and end")
    parser.add_argument("--self-test", action="store_true", help="test that this program can fail, and end")
    return parser.parse_args()


def load(path):
    """Reads the list. A misspelt field would silently not count."""
    mutants = tomllib.loads(path.read_text())["mutant"]
    for mutant in mutants:
        missing = FIELDS - {"tests", "run"} - set(mutant)
        if missing or set(mutant) - FIELDS:
            sys.exit(f"{path.name}: {mutant.get('name')}: fields missing {sorted(missing)}, unknown {sorted(set(mutant) - FIELDS)}")
    names = [mutant["name"] for mutant in mutants]
    if len(set(names)) < len(names):
        sys.exit(f"{path.name}: two mutants have the same name")
    return mutants


def control(mutant):
    """What is to be run for a mutant: its file's own package unless it says otherwise."""
    own = "./" + str(Path(mutant["file"]).parent)
    return Control(tuple(mutant.get("tests", [own])), mutant.get("run", "."))


def go_test(root, tests, run, *flags):
    """Runs tests; returns "passed" or "failed" with the first test that failed, or "broken" where
    nothing was tested: what does not compile fails too, and is no proof of any test."""
    command = ["go", "test", "-json", "-vet=off", "-failfast", "-timeout", TIMEOUT, "-run", run, *flags, *tests]
    done = subprocess.run(command, cwd=root, env=os.environ | RAPID, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    output = "".join(event.get("Output", "") for event in events)
    if any(event["Action"] == "build-fail" or "FailedBuild" in event for event in events):
        lines = [event["Output"].strip() for event in events if event["Action"] == "build-output"]
        return "broken", "does not compile: " + next((line for line in lines if not line.startswith("#")), "?")
    if any(event["Action"] == "fail" for event in events):
        return "failed", first_failure(events) + (" (timed out)" if "panic: test timed out" in output else "")
    if done.returncode != 0:
        return "broken", "go test: " + (done.stderr.strip().splitlines() or ["?"])[-1]
    if not any(event["Action"] == "run" for event in events):
        return "broken", f"no test is called {run} in {' '.join(tests)}"
    return "passed", ""


def first_failure(events):
    """Names the first test that failed or, where the process ended before it could, the last begun; else the package."""
    ended = {event.get("Test"): event["Action"] for event in events if event["Action"] in ("pass", "fail", "skip")}
    failed = [test for test, action in ended.items() if test and action == "fail"]  # a test comes before what it is part of
    unended = [event["Test"] for event in events if event["Action"] == "run" and event["Test"] not in ended]
    return (failed + unended[::-1] + [event["Package"] for event in events if event["Action"] == "fail"])[0]


def try_mutant(root, mutant, controls):
    """Tries one mutant; returns its Verdict."""
    begin = time.monotonic()
    verdict, detail = mutate(root, mutant, controls)
    return Verdict(verdict, detail, time.monotonic() - begin)


def mutate(root, mutant, controls):
    what = control(mutant)
    if controls[what][0] != "passed":
        return "broken", "without the edit: " + " ".join(controls[what])
    original = root / mutant["file"]
    text = original.read_text() if original.is_file() else ""
    if text.count(mutant["find"]) != 1:
        return "broken", f"its text is found {text.count(mutant['find'])} times in {mutant['file']}"
    with tempfile.TemporaryDirectory(prefix="mutant-") as directory:
        mutated, overlay = Path(directory, original.name), Path(directory, "overlay.json")
        mutated.write_text(text.replace(mutant["find"], mutant["replace"]))
        overlay.write_text(json.dumps({"Replace": {str(original): str(mutated)}}))
        verdict, detail = go_test(root, what.tests, what.run, "-count=1", "-overlay", str(overlay))
    return {"passed": "survived", "failed": "killed"}.get(verdict, verdict), detail


def try_all(root, mutants, jobs, show):
    """Tries the mutants, some at a time, and shows each in the order of the list; returns the Verdicts."""
    pool = ThreadPoolExecutor(jobs)
    try:
        # Tests that fail anyway would kill every mutant. Go remembers those that passed: this is quick.
        whats = list(dict.fromkeys(map(control, mutants)))
        controls = dict(zip(whats, pool.map(lambda what: go_test(root, what.tests, what.run), whats)))
        verdicts = []
        for mutant, verdict in zip(mutants, pool.map(lambda mutant: try_mutant(root, mutant, controls), mutants)):
            show(mutant, verdict)
            verdicts.append(verdict)
        return verdicts
    finally:
        pool.shutdown(cancel_futures=True)


def show(mutant, verdict):
    print(f"{mutant['name']:<44} {verdict.verdict:<8} {verdict.seconds:5.1f} s  {verdict.detail}", flush=True)
    if verdict.verdict == "survived":
        print(f"    nobody notices: {mutant['why']}", flush=True)


def closing(verdicts):
    """Returns the closing line and the exit code."""
    counts = [sum(v.verdict == verdict for v in verdicts) for verdict in ("killed", "survived", "broken")]
    line = "{} mutants: {} killed, {} survived, {} broken".format(len(verdicts), *counts)
    return line, 0 if counts[0] == len(verdicts) else 1


def changed_since(base, mutants):
    """Keeps the mutants whose package, or whose tests' package, changed; all where that can't be told."""
    def git(*command):
        return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True)
    tracked, new = git("diff", "--name-only", base, "--"), git("ls-files", "--others", "--exclude-standard")
    if tracked.returncode != 0 or new.returncode != 0:
        print(f"what changed since {base!r} can't be told, all are tried")
        return mutants
    files = {Path(name) for name in (tracked.stdout + new.stdout).splitlines()}
    if any(file.name in ("go.mod", "go.sum", LIST.name) or file.name == "run.py" for file in files):
        return mutants
    folders = {str(file.parent).split("/testdata")[0] for file in files}
    return [m for m in mutants if folders & {str(Path(m["file"]).parent), *(t.removeprefix("./") for t in control(m).tests)}]


def main():
    options = arguments()
    if options.self_test:
        import test_run
        return test_run.run_all(options.jobs)
    mutants = load(LIST)
    unknown = set(options.mutant) - {mutant["name"] for mutant in mutants}
    if options.package:
        mutants = [m for m in mutants if str(Path(m["file"]).parent) == options.package.strip("./")]
    if options.mutant:
        mutants = [m for m in mutants if m["name"] in options.mutant]
    if unknown or not mutants:
        print(f"no such mutant: {', '.join(sorted(unknown)) or options.package}", file=sys.stderr)
        return 2
    if options.changed:
        mutants = changed_since(options.changed, mutants)
    if options.list:
        for mutant in mutants:
            print(f"{mutant['name']:<44} {mutant['why']}")
        return 0
    line, code = closing(try_all(ROOT, mutants, options.jobs, show))
    print(line)
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
