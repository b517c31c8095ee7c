#!/usr/bin/env python3
"""Are the patterns of hubpush those of huggingface_hub? Generated filters and paths, answered by both, must agree.

The program is the first argument, or HUBPUSH_MATCH_PATHS: tests/interop/support/match_paths.cpp. A second argument is the
seed.
"""

import os
import random
import subprocess
import sys

from huggingface_hub.utils import DEFAULT_IGNORE_PATTERNS, filter_repo_objects

FILTERS = 20_000
PATHS_PER_FILTER = 40

# Characters that mean something, or are easily confused with one that does.
NAMES = ["a", "b", "ab", "x", "logs", "data", "model.bin", "x.txt", ".git", ".gitignore", ".cache", "huggingface", "é", "日本",
         "😀", "A", "-", "!", "^", "]", "[", "*", "?", "a b", "~", "|", "&&", "{a}", "$", ".", "+", "(", "\\", "a.git", "0"]
PIECES = NAMES + ["*", "**", "?", "[ab]", "[!ab]", "[a-z]", "[z-a]", "[]a]", "[!]a]", "[a-]", "[--0]", "[[]", "[!", "[", "[^a]",
                  "[a-c-z]", "[*]", "[/]", "[\\]", "[é-ü]", "/", "/", "/", "**/", "*/", "/**", ".txt", ".bin"]


def path(generator):
    return generator.choice(["/", "/", "/", "\\"]).join(
        generator.choice(NAMES) + generator.choice(["", "", ".txt", ".bin", "\n"]) for _ in range(generator.randint(1, 4)))


def pattern(generator):
    return "".join(generator.choice(PIECES) for _ in range(generator.randint(0, 5)))


def near(generator, patterns):
    """A path made from a pattern, so that matches are not rare."""
    text = generator.choice(patterns)
    for mark, name in (("[ab]", "a"), ("[!ab]", "x"), ("**", "a/b"), ("*", "x.txt"), ("?", "a")):
        text = text.replace(mark, name)
    return text or "a"


def questions(generator):
    for _ in range(FILTERS):
        allow = None if generator.random() < 0.3 else [pattern(generator) for _ in range(generator.randint(0, 3))]
        ignore = [pattern(generator) for _ in range(generator.randint(0, 2))]
        paths = [path(generator) for _ in range(PATHS_PER_FILTER)]
        if allow or ignore:
            paths += [near(generator, (allow or []) + ignore) for _ in range(PATHS_PER_FILTER // 2)]
        yield allow, ignore, paths


def expected(allow, ignore, paths):
    kept = filter_repo_objects(enumerate(paths), allow_patterns=allow, ignore_patterns=ignore + DEFAULT_IGNORE_PATTERNS,
                               key=lambda item: item[1])
    kept = {number for number, _ in kept}
    return "".join("#" if number in kept else "." for number in range(len(paths)))


def encoded(allow, ignore, paths):
    parts = [] if allow is None else ["A"] + ["+" + text for text in allow]
    parts += ["-" + text for text in ignore] + ["?" + text for text in paths]
    return "".join(part + "\x1f" for part in parts) + "\x1e"


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else os.environ["HUBPUSH_MATCH_PATHS"]
    generator = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    asked = list(questions(generator))
    run = subprocess.run([program], input="".join(encoded(*each) for each in asked), capture_output=True, text=True,
                         encoding="utf-8", check=True)
    answers = run.stdout.splitlines()
    compared = kept = wrong = 0
    for (allow, ignore, paths), ours in zip(asked, answers, strict=True):
        theirs = expected(allow, ignore, paths)
        compared += len(theirs)
        kept += theirs.count("#")
        if ours != theirs:
            wrong += 1
            differing = [text for text, left, right in zip(paths, ours, theirs) if left != right]
            print(f"differ: allow={allow!r} ignore={ignore!r} paths={differing[:3]!r}")
    print(f"{compared} decisions of {len(asked)} filters compared, {kept} paths kept, {wrong} filters differ")
    sys.exit(1 if wrong or not kept else 0)


if __name__ == "__main__":
    main()
