#!/usr/bin/env python3
"""The file hashes of `hubpush xet inspect` against those of the Python package hf_xet, which computes them without a
server. The program is the first argument, or HUBPUSH_PROGRAM; the second, if any, the seed of the files."""

import collections
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

import hf_xet

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

from hub_program import check, find_program  # noqa: E402

KIB, MIB = 1 << 10, 1 << 20
GEAR = [int(entry, 16) for entry in
        json.loads((pathlib.Path(__file__).parent.parent / "xet" / "xet-gear-table.json").read_text())["table"]]
# Where the boundary rule, its skip-ahead, or a scan in blocks changes what it does.
LIMITS = (0, 1, 64, 8127, 8128, 8192, 16383, 16384, 65536, 131072, 139264, 262144, 1048576)
MEMORY_LIMIT = 32 * MIB


def text_bytes(dice, size):
    words = [bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz", k=dice.randint(2, 9))) for _ in range(500)]
    return b" ".join(dice.choices(words, k=size // 3 + 1))[:size]


def repeated(block, size):
    return (block * (size // len(block) + 1))[:size]


def triggering_window(dice):
    """64 bytes after which the rolling hash asks for a boundary."""
    while True:
        window = dice.randbytes(64)
        rolled = 0
        for byte in window:
            rolled = (2 * rolled + GEAR[byte]) % 2**64
        if rolled < 2**48:
            return window


def dense_in_boundaries(dice, window, size):
    data = bytearray(dice.randbytes(size))
    spacing = dice.choice((100, 1000, 6144, 9000))
    end = 64 + dice.randrange(spacing)
    while end <= size:
        data[end - 64:end] = window
        end += 64 + dice.randrange(spacing)
    return bytes(data)


def contents(dice):
    """All files, as (kind, content)."""
    yield "empty", b""
    yield from (("one byte", bytes([value])) for value in (0, 42, 255))
    for limit in LIMITS:
        for size in range(max(limit - 1, 1), limit + 2):
            yield "around a limit, random", dice.randbytes(size)
            yield "around a limit, constant", bytes([dice.choice((0, 17, 59, 255))]) * size
            yield "around a limit, text", text_bytes(dice, size)
    for _ in range(80):
        yield "random", dice.randbytes(dice.randrange(3 * MIB))
    for _ in range(30):
        yield "text", text_bytes(dice, dice.randrange(2 * MIB))
    for _ in range(20):
        yield "constant", bytes([dice.randrange(256)]) * dice.randrange(4 * MIB)
    for _ in range(50):
        yield "repeated blocks", repeated(dice.randbytes(dice.randint(1, 300 * KIB)), dice.randrange(3 * MIB))
    window = triggering_window(dice)
    for _ in range(30):
        yield "dense in boundaries", dense_in_boundaries(dice, window, dice.randrange(MIB))
    yield "repeated boundary", repeated(window, 2 * MIB)
    yield "200 MiB", dice.randbytes(200 * MIB)


def write_files(dice, folder):
    kinds = {}
    for number, (kind, content) in enumerate(contents(dice)):
        path = folder / f"{number:03}"
        path.write_bytes(content)
        kinds[str(path)] = kind
    return kinds


def limit_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))


def inspect(program, paths, source=None):
    """What the program says about each file when it cannot have more than MEMORY_LIMIT."""
    command = [program, "xet", "inspect", "--json", *paths]
    done = subprocess.run(command, stdin=source, stdout=subprocess.PIPE, preexec_fn=limit_memory, text=True)
    if done.returncode != 0:
        raise SystemExit(f"hubpush xet inspect ended with status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(kinds, found):
    paths = list(kinds)
    expected = hf_xet.hash_files(paths)
    counts = collections.Counter()
    check([entry["path"] for entry in found] == paths, "one object for each file, in order")
    for path, entry, theirs in zip(paths, found, expected):
        if (entry["file_hash"], entry["size"]) != (theirs.hash, os.path.getsize(path)):
            raise SystemExit(f"FAILED: {kinds[path]}, {entry['size']} bytes: {entry['file_hash']}, hf_xet {theirs.hash}")
        counts[kinds[path]] += 1
    for kind, count in counts.items():
        check(True, f"{count} times {kind}")
    check(counts.total() >= 300, f"{counts.total()} files have the hashes that hf_xet gives them")


def main():
    program = find_program()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261122
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hubpush-xet-") as name:
        kinds = write_files(random.Random(seed), pathlib.Path(name))
        found = inspect(program, list(kinds))
        compare(kinds, found)
        check(True, f"all of it in {MEMORY_LIMIT // MIB} MiB of memory")
        with open(list(kinds)[-1], "rb") as largest:
            with subprocess.Popen(["cat"], stdin=largest, stdout=subprocess.PIPE) as pipe:
                piped = inspect(program, ["/dev/stdin"], pipe.stdout)
        check(piped[0]["file_hash"] == found[-1]["file_hash"], "200 MiB have the same hash from a pipe")


if __name__ == "__main__":
    main()
