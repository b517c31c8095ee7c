#!/usr/bin/env python3
"""check.py CASE COMPILER [FLAG...]: does CASE fail to compile, and in the words it should?

The first line of CASE is `// expect: REGEX`. The compiler must fail with exactly one `error:` line, and REGEX must be
found in it. A second line `// note: REGEX` is a text that must stand anywhere in the output.
"""

import re
import subprocess
import sys


def expectation(lines, number, word):
    """The regular expression in `// word: REGEX` on that line of the case, or None."""
    match = re.match(rf"// {word}: (.+)", lines[number]) if number < len(lines) else None
    return match and match.group(1).strip()


def complaint(case, command):
    """What is wrong with the way the case fails; nothing when all is as expected."""
    with open(case, encoding="utf-8") as file:
        lines = file.read().splitlines()
    error, note = expectation(lines, 0, "expect"), expectation(lines, 1, "note")
    if error is None:
        return "the first line must be `// expect: REGEX`", ""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [line for line in run.stderr.splitlines() if re.search(r"\berror: ", line)]
    if run.returncode == 0:
        return "it compiles", run.stderr
    if len(found) != 1:
        return f"one error expected, {len(found)} found", run.stderr
    if not re.search(error, found[0]):
        return f"the error does not match {error!r}", run.stderr
    if note and not re.search(note, run.stderr):
        return f"nothing matches {note!r}", run.stderr
    return "", ""


def main():
    case, compiler, *flags = sys.argv[1:]
    problem, output = complaint(case, [compiler, "-fsyntax-only", "-fdiagnostics-color=never", *flags, case])
    if problem:
        sys.exit(f"{output}\n{case}, {compiler}: {problem}")


if __name__ == "__main__":
    main()
