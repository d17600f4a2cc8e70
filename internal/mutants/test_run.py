"""Proof that run.py can fail (run.py --self-test): edits to a program of two lines, and what must become of each."""

import tempfile
from pathlib import Path

import run

PROGRAM = {
    "go.mod": "module selftest\n\ngo 1.26\n",
    "double.go": "package selftest\n\nfunc Double(n int) int { return 2 * n }\n",
    "double_test.go": """package selftest

import "testing"

func TestDouble(t *testing.T) {
	t.Run("three", func(t *testing.T) {
		if Double(3) != 6 {
			t.Error("wrong")
		}
	})
}
""",
    "red/red_test.go": """package red

import "testing"

func TestRed(t *testing.T) { t.Error("always") }
""",
}

# What it is, what is found, what replaces it, the tests, their names, the verdict and how its detail begins.
CASES = [
    ("a bug", "2 * n", "3 * n", ".", ".", "killed", "TestDouble/three"),
    ("a panic", "return 2 * n", 'panic("no")', ".", ".", "killed", "TestDouble/three"),
    ("a loop without end", "return 2 * n", "for {}", ".", ".", "killed", "TestDouble/three (timed out)"),
    ("no change of meaning", "2 * n", "n * 2", ".", ".", "survived", ""),
    ("a bug that no chosen test sees", "2 * n", "3 * n", ".", "TestDouble/^four", "survived", ""),
    ("text that is gone", "4 * n", "3 * n", ".", ".", "broken", "its text is found 0 times"),
    ("text found twice", "int", "int64", ".", ".", "broken", "its text is found 2 times"),
    ("a file that is gone", "2 * n", "3 * n", ".", ".", "broken", "its text is found 0 times"),
    ("code that does not compile", "2 * n", "2 * m", ".", ".", "broken", "does not compile"),
    ("a test that is gone", "2 * n", "3 * n", ".", "TestTriple", "broken", "without the edit: broken no test is called TestTriple"),
    ("a package that is gone", "2 * n", "3 * n", "./blue", ".", "broken", "without the edit: broken"),
    ("tests that fail anyway", "2 * n", "3 * n", "./red", ".", "broken", "without the edit: failed TestRed"),
]


def run_all(jobs):
    """Tries the cases; prints each, and returns the exit code."""
    run.TIMEOUT = "5s"
    mutants = [{"name": name, "why": name, "find": find, "replace": replace, "tests": [tests], "run": names,
                "file": "gone.go" if name == "a file that is gone" else "double.go"}
               for name, find, replace, tests, names, _, _ in CASES]
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        root = Path(directory)
        for name, text in PROGRAM.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)
        before = {path: path.read_text() for path in root.rglob("*.go")}
        verdicts = run.try_all(root, mutants, jobs, lambda mutant, verdict: None)
        untouched = before == {path: path.read_text() for path in root.rglob("*.go")}
    failed = 0 if untouched else 1
    for (name, *_, verdict, detail), got in zip(CASES, verdicts, strict=True):
        ends_red = run.closing([got])[1] != 0
        right = got.verdict == verdict and got.detail.startswith(detail) and ends_red == (verdict != "killed")
        failed += not right
        print(f"{name:<32} {'ok' if right else 'WRONG'}: {got.verdict} {got.detail}")
    print(f"the program {'is as it was' if untouched else 'WAS CHANGED'}")
    print(f"self-test: {len(CASES) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0
