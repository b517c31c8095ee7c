"""Starts the program `hubpush` for an interop driver and stops it again."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys


def find_program():
    """The program is the first argument, or HUBPUSH_PROGRAM."""
    program = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HUBPUSH_PROGRAM", "")
    if not os.access(program, os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PATH_OF_HUBPUSH (or set HUBPUSH_PROGRAM); got {program!r}")
    return str(pathlib.Path(program).resolve())


def free_port():
    """A port that nobody uses now, for servers whose address must be known before they run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def require_tools(*names):
    """A missing tool fails the run: nothing is skipped."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        sys.exit("missing: " + ", ".join(missing))


class Hub:
    """`with Hub(folder, token) as hub:` serves `folder`; `hub.url` is its address."""

    def __init__(self, folder, token, user="alice", reader_token=None, port=0):
        self.folder = pathlib.Path(folder)
        self.command = [find_program(), "serve", "--dir", str(folder), "--port", str(port), "--token", token, "--user", user]
        if reader_token:
            self.command += ["--reader-token", reader_token]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = line[line.index("http://"):].strip()
        return self

    def kill(self):
        """What a power cut or the out-of-memory killer does: no signal handler, no destructor."""
        self.process.kill()
        self.process.stdout.read()
        self.process.wait()

    def __exit__(self, *_):
        if self.process.returncode == -signal.SIGKILL:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        status = self.process.wait(timeout=60)
        if status != 0 and sys.exc_info()[0] is None:
            raise SystemExit(f"hubpush ended with status {status}")


class Repository:
    """A bare repository of a hub's folder as git itself sees it, without any server."""

    def __init__(self, folder, repo, kind="models"):
        self.path = pathlib.Path(folder) / kind / f"{repo}.git"

    def git(self, *words, binary=False):
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
        done = subprocess.run(["git", "-c", "safe.directory=*", "-c", "core.quotePath=false", "-C", str(self.path), *words],
                              env=environment, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"FAILED: git {' '.join(words)}: {done.stderr.decode()}")
        return done.stdout if binary else done.stdout.decode().strip()

    def files(self, revision="main"):
        return sorted(self.git("ls-tree", "-r", "--name-only", "-z", revision).strip("\0").split("\0"))

    def content(self, revision, path):
        return self.git("show", f"{revision}:{path}", binary=True)

    def history(self, revision="main"):
        """Commit ids, newest first; every commit must have at most one parent."""
        lines = [line.split() for line in self.git("rev-list", "--parents", revision).splitlines()]
        if any(len(line) > 2 for line in lines):
            raise SystemExit("FAILED: the history is not linear")
        return [line[0] for line in lines]

    def fsck(self):
        """What `git fsck --strict` has to say; dangling objects are no complaint."""
        return self.git("fsck", "--strict", "--full", "--no-dangling", "--no-progress")


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)
