#!/usr/bin/env python3
"""headers.py COMPILER [FLAG...]: does every public header compile on its own, without a warning?

The umbrella headers are compiled with all bodies, the others without, so that none lives on what a body includes.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def problem(command, header):
    """What the compiler says about a header; nothing when it is content."""
    bodies = [] if header.parent == INCLUDE / "hubpush" else ["-DHUBPUSH_SEPARATE_COMPILATION"]
    run = subprocess.run(
        [*command, *bodies, "-include", str(header), "/dev/null"], capture_output=True, text=True, check=False
    )
    return run.stderr if run.returncode else ""


def main():
    command = [*sys.argv[1:], "-std=c++20", "-fsyntax-only", *WARNINGS, f"-I{INCLUDE}", "-x", "c++"]
    headers = sorted(path for path in INCLUDE.rglob("*.hpp") if not path.name.startswith("src"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [text for text in pool.map(lambda header: problem(command, header), headers) if text]
    print("\n".join(problems), end="")
    print(f"{len(headers) - len(problems)} of {len(headers)} headers stand alone")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
