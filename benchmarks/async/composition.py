#!/usr/bin/env python3
"""What a pipeline of five steps costs beside the same coroutine written by hand, in instructions (callgrind) and calls of
operator new. Two shapes: steps that hand on whole values of three numbers each, and steps that see one of 200 items at a
time, over the same streams and the same group. Each program runs with two numbers of runs; the difference is what a run
costs.

Fails when a pipeline costs more than 5 % more instructions, or calls operator new more often than for one coroutine frame
of each step that streams, whatever the number of items. (Asio keeps a few frames for the next coroutine. What it does not
keep is allocated again, in both forms alike.)

    benchmarks/async/composition.py BENCHMARK_COMPOSITION
"""

import os
import re
import subprocess
import sys

LIMIT = 1.05
SHAPES = {"whole": (3, 400, 0), "streams": (200, 20, 5)}  # items, runs, frames of its own


def count(program, shape, form, runs, items):
    """Instructions and calls of operator new of one execution."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    run = subprocess.run(
        [*command, program, shape, form, str(runs), str(items)], capture_output=True, text=True, check=True
    )
    return int(re.search(r"Collected : (\d+)", run.stderr).group(1)), int(run.stdout)


def cost_of_a_run(program, shape, form, runs, items):
    """Instructions and calls of operator new of one run of the pipeline."""
    few, many = (count(program, shape, form, times, items) for times in (runs, 2 * runs))
    return [(more - less) / runs for less, more in zip(few, many)]


def compare(program, shape, items, runs):
    """Instructions and calls of operator new of one run, each as a pair: pipeline, by hand."""
    return list(zip(*(cost_of_a_run(program, shape, form, runs, items) for form in ("pipeline", "by_hand"))))


def main():
    program = sys.argv[1]
    failed = False
    print(f"{'one run of five steps':32} {'pipeline':>10} {'by hand':>10}")
    for shape, (items, runs, frames) in SHAPES.items():
        instructions, allocations = compare(program, shape, items, runs)
        more_items = compare(program, shape, 4 * items, runs)[1]
        ratio = instructions[0] / instructions[1]
        extra, extra_with_more = (ours - by_hand for ours, by_hand in (allocations, more_items))
        failed |= ratio > LIMIT or extra > frames or extra_with_more > frames
        print(f"{f'{shape}, {items} items: instructions':32} {instructions[0]:10.0f} {instructions[1]:10.0f} {ratio:8.3f}")
        print(f"{'  operator new':32} {allocations[0]:10.1f} {allocations[1]:10.1f} {extra:+8.1f}")
        print(f"{f'  operator new, {4 * items} items':32} {more_items[0]:10.1f} {more_items[1]:10.1f} {extra_with_more:+8.1f}")
    print("FAILED" if failed else "passed", f"(at most {LIMIT} x the instructions)")
    sys.exit(failed)


if __name__ == "__main__":
    main()
