"""Starts the program `hubpush` for an interop driver and stops it again."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys


def find_program():
    """The program is the first argument, or HUBPUSH_PROGRAM."""
    program = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HUBPUSH_PROGRAM", "")
    if not os.access(program, os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PATH_OF_HUBPUSH (or set HUBPUSH_PROGRAM); got {program!r}")
    return str(pathlib.Path(program).resolve())


def require_tools(*names):
    """A missing tool fails the run: nothing is skipped."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        sys.exit("missing: " + ", ".join(missing))


class Hub:
    """`with Hub(folder, token) as hub:` serves `folder`; `hub.url` is its address."""

    def __init__(self, folder, token, user="alice"):
        self.command = [find_program(), "serve", "--dir", str(folder), "--token", token, "--user", user]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = line[line.index("http://"):].strip()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        status = self.process.wait(timeout=60)
        if status != 0 and sys.exc_info()[0] is None:
            raise SystemExit(f"hubpush ended with status {status}")


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)
