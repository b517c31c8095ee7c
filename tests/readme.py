#!/usr/bin/env python3
"""The README's code, kept true.

readme.py check           every block under `<!-- from FILE -->` must stand in that file, line by line
readme.py extract NAME    prints the block under `<!-- NAME -->`
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^<!-- (.+?) -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks():
    """All marked blocks, as (mark, code)."""
    return BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def dedented_lines(text):
    """The lines without what all have in front, so that the body of a function can be quoted."""
    return textwrap.dedent(text).splitlines()


def quotes(code, source):
    """Do the lines of `code` stand in `source`, one after the other, whatever their common indentation?"""
    wanted, lines = dedented_lines(code), source.splitlines()
    return any(
        dedented_lines("\n".join(lines[start : start + len(wanted)])) == wanted for start in range(len(lines))
    )


def check():
    """Compares all quotations; fails when one differs or when there is none."""
    quotations = [(mark.removeprefix("from "), code) for mark, code in blocks() if mark.startswith("from ")]
    if not quotations:
        sys.exit("README.md quotes no example")
    wrong = [name for name, code in quotations if not quotes(code, (ROOT / name).read_text(encoding="utf-8"))]
    if wrong:
        sys.exit(f"README.md does not quote these files as they are: {' '.join(wrong)}")
    print(f"{len(quotations)} quotations are current")


def extract(name):
    """Prints one block."""
    found = [code for mark, code in blocks() if mark == name]
    if len(found) != 1:
        sys.exit(f"README.md has {len(found)} blocks marked {name}")
    print(found[0], end="")


def main():
    match sys.argv[1:]:
        case ["check"]:
            check()
        case ["extract", name]:
            extract(name)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
