#!/usr/bin/env python3
"""The hashes of a Xet push, in CPU seconds per GiB: benchmark_hashes, and right after it the Python package `blake3`, the
reference implementation in assembly, with the same work: keyed hashes of 64 KiB chunks of one buffer of 256 MiB, one
thread. The least of all rounds counts, as the least disturbed. Fails below 0.9 x the package's speed on a machine with
AVX2.

    benchmarks/xet/hashes.py BENCHMARK_HASHES [ROUNDS]     with a Python that has blake3 1.0.11
"""

import random
import subprocess
import sys
import time

import blake3

BUFFER_SIZE = 256 << 20
CHUNK_SIZE = 64 << 10


def seconds_of_package(chunks, key):
    start = time.process_time()
    for chunk in chunks:
        blake3.blake3(chunk, key=key, max_threads=1).digest()
    return (time.process_time() - start) * (1 << 30) / BUFFER_SIZE


def main():
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    generator = random.Random(20261122)
    buffer = memoryview(b"".join(generator.randbytes(1 << 20) for _ in range(BUFFER_SIZE >> 20)))
    chunks = [buffer[at : at + CHUNK_SIZE] for at in range(0, BUFFER_SIZE, CHUNK_SIZE)]
    key = bytes(range(32))
    least = {}
    for _ in range(rounds):
        lines = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[1:]
        figures = {line[:22].strip(): float(line[22:31]) for line in lines}
        figures["blake3 package"] = min(seconds_of_package(chunks, key) for _ in range(3))
        least = {name: min(figure, least.get(name, figure)) for name, figure in figures.items()}
    for name, figure in least.items():
        print(f"{name:24} {figure:8.3f}")
    if "blake3 avx2" in least:
        speed = least["blake3 package"] / least["blake3, 4 at once"]
        print(f"speed of blake3, 4 at once / blake3 package {speed:.2f}")
        sys.exit(speed < 0.9)


if __name__ == "__main__":
    main()
