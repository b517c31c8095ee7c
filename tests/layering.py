#!/usr/bin/env python3
"""Checks who includes whom under include/hubpush, that no header needs itself, and that the umbrella headers name every file.

The tables below are the architecture; everything else in this file is how they are read.
"""

import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"

# The folders that a folder may include, besides itself.
LAYERS = {
    "core": "",
    "async": "core",
    "hash": "core",
    "net": "core async hash",
    "fs": "core async",
    "hub": "core async hash net",
    "xet": "core hash",
    "upload": "core async hash net fs hub",
    "queue": "core async",
    "checkpoint": "core async hash fs upload",
    "local_hub": "core async hash fs",
    "cli": "core async hash net fs hub xet upload queue checkpoint local_hub",
}

# Single headers (with their bodies) that may include more: a folder, or one header.
MORE = {
    "queue/background": "upload",
    "local_hub": "net/url.hpp",
}

# Third-party headers, and the only places that may include them.
THIRD_PARTY = {
    r"asio\.hpp$": "",
    r"asio/": "core async hash net fs hub upload queue local_hub cli",
    r"asio/ssl": "net/tls net/tls_stream",
    r"llhttp": "net/http_reader local_hub",
    r"openssl/": "hash/digest net/tls net/tls_stream",
    r"nlohmann/json\.hpp$": "hub/impl local_hub/impl",
    r"nlohmann/json_fwd\.hpp$": "hub local_hub",
    r"CLI/": "cli",
    r"lz4": "xet/lz4_frame",
}

LONGEST_HEADER = 300

# Umbrella: the folders whose headers (or bodies) it names, one include per file.
UMBRELLAS = {
    "hubpush/hubpush.hpp": ("*.hpp", "core async hash net fs hub xet upload queue checkpoint"),
    "hubpush/hubpush_local_hub.hpp": ("*.hpp", "local_hub"),
    "hubpush/src.hpp": ("impl/*.ipp", "core async hash net fs hub xet upload queue checkpoint"),
    "hubpush/src_local_hub.hpp": ("impl/*.ipp", "local_hub"),
}


def within(name, places):
    """Is `name`, as in `net/impl/url.ipp`, in one of `places`: `net`, `net/impl`, `net/url` or `net/url.hpp`?"""
    plain = re.sub(r"\.[hi]pp$", "", name)
    subject = plain.replace("/impl/", "/")
    return any(place in (name, plain, subject) or name.startswith(place + "/") for place in places)


def allowed_places(name):
    """Where the headers that `name` includes may be."""
    folder = name.split("/")[0]
    places = [folder, *LAYERS[folder].split()]
    for subject, more in MORE.items():
        if within(name, [subject]):
            places += more.split()
    return places


def complaints(name, text):
    """What is wrong in one file below include/hubpush, line by line."""
    if "#pragma once" not in text:
        yield f"{name}: no #pragma once"
    length = text.count("\n")
    if name.endswith(".hpp") and length > LONGEST_HEADER:
        yield f"{name}: {length} lines; a header has one subject and at most {LONGEST_HEADER}"
    for number, line in enumerate(text.splitlines(), start=1):
        include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not include:
            continue
        target = include.group(1)
        if target.startswith("hubpush/"):
            if not within(target.removeprefix("hubpush/"), allowed_places(name)):
                yield f"{name}:{number}: may not include {target}"
            continue
        for pattern, places in THIRD_PARTY.items():
            if re.match(pattern, target) and not within(name, places.split()):
                yield f"{name}:{number}: may not include {target}, only {places or 'nobody'} may"


def headers_needed():
    """For each header, the headers that it and its bodies include."""
    texts = {path.relative_to(INCLUDE).as_posix(): path.read_text(encoding="utf-8") for path in INCLUDE.rglob("*.[hi]pp")}
    included = {name: re.findall(r"#include <(hubpush/[^>]+)>", text) for name, text in texts.items()}

    def reach(name, seen):
        """The headers behind `name`, through bodies but not through other headers."""
        for target in included[name]:
            if target.endswith(".hpp"):
                yield target
            elif target not in seen:
                yield from reach(target, seen | {target})

    return {name: set(reach(name, set())) - {name} for name in included if name.endswith(".hpp")}


def cycle_complaints():
    """Headers that need each other: which of them comes first then depends on who includes them."""
    needed = headers_needed()
    behind = {name: set(targets) for name, targets in needed.items()}
    for middle in needed:
        for name in needed:
            if middle in behind[name]:
                behind[name] |= behind[middle]
    for name in sorted(needed):
        if name in behind[name]:
            yield f"{name}: needs itself, through {' or '.join(sorted(t for t in needed[name] if name in behind[t]))}"


def umbrella_complaints(umbrella, pattern, folders):
    """Which files an umbrella does not name, and which it should not."""
    expected = {
        path.relative_to(INCLUDE).as_posix()
        for folder in folders.split()
        for path in (INCLUDE / "hubpush" / folder).glob(pattern)
    }
    text = (INCLUDE / umbrella).read_text(encoding="utf-8")
    named = set(re.findall(r"#include <(hubpush/[^>]+)>", text)) - set(UMBRELLAS)
    for name in sorted(expected - named):
        yield f"{umbrella}: #include <{name}> is missing"
    for name in sorted(named - expected):
        yield f"{umbrella}: #include <{name}> does not belong there"


def main():
    found = []
    for path in sorted((INCLUDE / "hubpush").rglob("*.[hi]pp")):
        name = path.relative_to(INCLUDE / "hubpush").as_posix()
        folder = name.split("/")[0]
        if "/" not in name:
            continue
        if folder in LAYERS:
            found += complaints(name, path.read_text(encoding="utf-8"))
        else:
            found.append(f"{name}: the folder {folder} is not in the table of tests/layering.py")
    for umbrella, (pattern, folders) in UMBRELLAS.items():
        found += umbrella_complaints(umbrella, pattern, folders)
    found += cycle_complaints()
    for complaint in found:
        print(complaint)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
