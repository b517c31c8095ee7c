#!/usr/bin/env python3
"""What including hubpush costs the compiler, in units of the bare third-party includes: CPU seconds at -O0, the least of
several rounds. Fails when a ratio exceeds its limit in limits.json beside this file.

Increments are measured in the compiled form (HUBPUSH_SEPARATE_COMPILATION), where the bodies do not drown them; they are
the same templates in the header-only form.

    benchmarks/compile_time/compile_time.py [ROUNDS] [COMPILER]
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"
COMPILED = ["-DHUBPUSH_SEPARATE_COMPILATION"]
FLAGS = ["-std=c++20", "-O0", "-DASIO_STANDALONE", "-DASIO_HAS_CO_AWAIT=1", f"-I{INCLUDE}"]
FLAGS += ["-isystem", os.environ.get("LLHTTP_INCLUDE", "/usr/share/include/llhttp"), "-c", "-o", os.devnull]

THIRD_PARTY = "asio.hpp asio/ssl.hpp llhttp.h nlohmann/json.hpp openssl/evp.h"
EMPTY = "#include <hubpush/hubpush.hpp>\n#include <asio/use_future.hpp>\nusing namespace hubpush;\n"
CALLS = [
    'hub.upload_folder("a/b", "run", message("text"))',
    'hub.upload_folder("a/b", "run", ignore("*.tmp"), message("text"))',
    'hub.upload_file("a/b", content(std::string("x")), "x", message("text"))',
    'hub.upload_file("a/b", content(std::string("x")), "x", revision("r"))',
    'hub.create_commit("a/b", hubpush::remove("x"), message("text"))',
]
HANDLER = 'void f{0}(client& hub) {{ hub.async_upload_folder("a/b", "run", [](std::exception_ptr, commit_info) {{}}); }}\n'
FUTURE = 'auto f{0}(client& hub) {{ return hub.async_upload_folder("a/b", "run", asio::use_future); }}\n'
PIPELINE = """
task<commit_info> f{0}(client& hub) {{
    auto push = scan("run") | map([](file f) {{ return f; }}) | classify() | transfer() | commit("text");
    co_return co_await push(hub, "a/b");
}}
"""


def call(number):
    """A coroutine that awaits one call."""
    return f"task<void> f{number}(client& hub) {{ co_await {CALLS[number]}; }}\n"


def several(text, count):
    """That many of the same, each of its own type."""
    return "".join(text.format(i) for i in range(count))


# Each unit: its text and whether it is compiled in both forms.
UNITS = {
    "third-party includes": "".join(f"#include <{name}>\n" for name in THIRD_PARTY.split()),
    "empty unit": EMPTY,
    "one call": EMPTY + call(0),
    "five calls": EMPTY + "".join(call(i) for i in range(5)),
    "one handler": EMPTY + several(HANDLER, 1),
    "five handlers": EMPTY + several(HANDLER, 5),
    "a future": EMPTY + several(HANDLER, 1) + FUTURE.format("_future"),
    "one pipeline": EMPTY + several(PIPELINE, 1),
    "five pipelines": EMPTY + several(PIPELINE, 5),
}


def cpu_seconds(command):
    """User and system time of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(compiler, rounds):
    """The least time of each unit in the compiled form, and of the empty one in the header-only form."""
    least = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name, text in UNITS.items():
                source = pathlib.Path(folder, "unit.cpp")
                source.write_text(text, encoding="utf-8")
                forms = {name: COMPILED} | ({"header-only unit": []} if name == "empty unit" else {})
                for label, form in forms.items():
                    seconds = cpu_seconds([compiler, *FLAGS, *form, str(source)])
                    least[label] = min(seconds, least.get(label, seconds))
    return least


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    compiler = sys.argv[2] if len(sys.argv) > 2 else "g++"
    least = measure(compiler, rounds)
    unit = least["third-party includes"]
    ratios = {
        "empty unit, header-only": least["header-only unit"],
        "empty unit, compiled form": least["empty unit"],
        "first call": least["one call"] - least["empty unit"],
        "each further call": (least["five calls"] - least["one call"]) / 4,
        "first handler": least["one handler"] - least["empty unit"],
        "each further handler type": (least["five handlers"] - least["one handler"]) / 4,
        "first use_future": least["a future"] - least["one handler"],
        "first pipeline": least["one pipeline"] - least["empty unit"],
        "each further pipeline": (least["five pipelines"] - least["one pipeline"]) / 4,
    }
    limits = json.loads((HERE / "limits.json").read_text(encoding="utf-8"))[pathlib.Path(compiler).name]
    print(f"{compiler}: the bare third-party includes take {unit:.2f} CPU s; in units of that:")
    failed = False
    for name, seconds in ratios.items():
        ratio = seconds / unit
        failed |= ratio > limits[name]
        print(f"{name:28} {ratio:7.2f}   at most {limits[name]:.2f}{'   FAILED' if ratio > limits[name] else ''}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
