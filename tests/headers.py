#!/usr/bin/env python3
"""headers.py COMPILER [FLAG...]: does every public header compile on its own, without a warning?

The umbrella headers are compiled with all bodies, the others without, so that none lives on what a body includes. The two
umbrella headers are compiled together too, in either order: no name of one may hide a name of the other.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def problem(command, unit):
    """What the compiler says about a unit, one header or several; nothing when it is content."""
    bodies = [] if unit[0].parent == INCLUDE / "hubpush" else ["-DHUBPUSH_SEPARATE_COMPILATION"]
    includes = [word for header in unit for word in ("-include", str(header))]
    run = subprocess.run([*command, *bodies, *includes, "/dev/null"], capture_output=True, text=True, check=False)
    return run.stderr if run.returncode else ""


def main():
    command = [*sys.argv[1:], "-std=c++20", "-fsyntax-only", *WARNINGS, f"-I{INCLUDE}", "-x", "c++"]
    headers = sorted(path for path in INCLUDE.rglob("*.hpp") if not path.name.startswith("src"))
    umbrellas = [path for path in headers if path.parent == INCLUDE / "hubpush"]
    units = [umbrellas, umbrellas[::-1], *([header] for header in headers)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [text for text in pool.map(lambda unit: problem(command, unit), units) if text]
    print("\n".join(problems), end="")
    print(f"{len(units) - len(problems)} of {len(units)} units of headers compile")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
