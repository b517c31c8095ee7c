#!/usr/bin/env python3
"""64 processes commit to one repository at once, and half of them are killed; then the server is killed while others write.
Nothing that was answered is lost, nothing is there twice, and git is content. The programs are HUBPUSH_PROGRAM (`hubpush`) and
HUBPUSH_PUSH (examples/01_push_folder.cpp), which is some of the writers; a first argument replaces the seed."""

import collections
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

SUPPORT = pathlib.Path(__file__).parent / "support"
sys.path.insert(0, str(SUPPORT))

SEED = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 20261128

from git_client import call, create  # noqa: E402
from hub_program import Hub, Repository, check, require_tools  # noqa: E402
from writer import content_of, kind_of, path_of, text_of  # noqa: E402

TOKEN = "hf_canaryWriters"
REPO = "alice/busy"
WRITERS = 64
PUSHERS = 8  # of them: our own client
COMMITS = 4  # of each one that lives
LAST_KILL = 10  # seconds
ROUNDS = 3  # the server is killed so many times


class Process:
    """One writer in a session of its own, so that all of it can be killed at once."""

    def __init__(self, hub, root, number, count, pushes=False):
        self.number, self.log = number, root / f"answers-{number}"
        self.pushes = pushes
        if pushes:
            folder = root / f"pushed-{number}"
            folder.mkdir(exist_ok=True)
            push = 'echo "$0 $n" >"$1/pusher-$0.txt" && "$HUBPUSH_PUSH" "$2" "$1" >>"$3" || exit 1'
            command = ["bash", "-c", f'n=0; while [ $n -lt {count or 10**9} ]; do {push}; n=$((n + 1)); done', str(number),
                       str(folder), REPO, str(self.log)]
        else:
            command = [sys.executable, str(SUPPORT / "writer.py"), hub.url, TOKEN, REPO, str(number), str(count), str(self.log)]
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(root / "home")}
        self.process = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True)

    def kill(self):
        """True when it was alive."""
        alive = self.process.poll() is None
        if alive:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        return alive

    def answers(self):
        """Number of commit and id of each commit that was answered; a last line without its end does not count."""
        text = self.log.read_text() if self.log.exists() else ""
        lines = text[:text.rfind("\n") + 1].splitlines()
        if self.pushes:
            return list(enumerate(line.rsplit("/", 1)[1] for line in lines))
        return [(int(line.split()[0]), line.split()[1]) for line in lines]


def write_and_kill(hub, root):
    generator = random.Random(SEED)
    doomed = set(generator.sample(range(WRITERS), WRITERS // 2))
    begin = time.monotonic()
    writers = [Process(hub, root, number, 0 if number in doomed else COMMITS, number >= WRITERS - PUSHERS)
               for number in range(WRITERS)]
    moments = sorted((generator.uniform(0.5, LAST_KILL), number) for number in doomed)
    killed = 0
    for moment, number in moments:
        time.sleep(max(0, begin + moment - time.monotonic()))
        killed += writers[number].kill()
    check(killed == WRITERS // 2, f"{killed} of {WRITERS} writers were killed while they wrote (seed {SEED})")
    for writer in writers:
        _, errors = writer.process.communicate() if writer.number not in doomed else ("", "")
        if writer.number not in doomed and writer.process.returncode != 0:
            raise SystemExit(f"FAILED: writer {writer.number}: {errors}")
    check(True, f"the other {WRITERS - killed} ended well after {time.monotonic() - begin:.0f} s")
    return writers, doomed


def contents(bare, asked):
    """The files `revision:path`, in one run of git."""
    names = "".join(name + "\n" for name in asked).encode()
    command = ["git", "-c", "safe.directory=*", "-C", str(bare.path), "cat-file", "--batch"]
    output = subprocess.run(command, input=names, capture_output=True, check=True).stdout
    found = []
    while output:
        head, output = output.split(b"\n", 1)
        size = int(head.split()[2])
        found.append(output[:size].decode())
        output = output[size + 1:]
    return found


def expected(number, count):
    text = content_of(number, count)
    if kind_of(number) != "large":
        return text
    oid = hashlib.sha256(text.encode()).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(text)}\n"


def writer_titles(bare):
    """How often each title is in the history, without the ones of our own client, which are all the same."""
    titles = bare.git("log", "--format=%s").splitlines()
    return collections.Counter(title for title in titles if title.startswith("writer "))


def check_history(bare, writers, doomed):
    history = bare.history()  # and that it is linear
    answered = [(writer, count, oid) for writer in writers for count, oid in writer.answers()]
    oids = [oid for _, _, oid in answered]
    check(len(set(oids)) == len(oids) and set(oids) <= set(history), f"each of {len(oids)} answered commits is in the history")
    living = [writer for writer in writers if writer.number not in doomed]
    check(all(len(writer.answers()) == COMMITS for writer in living), "every writer that lived has all its commits answered")
    extra = len(history) - 1 - len(oids)
    check(0 <= extra <= len(doomed), f"{extra} commits were made whose answer nobody waited for, of {len(history)} in one line")
    ours = writer_titles(bare)
    check(set(ours.values()) == {1}, "no commit is there twice")
    next_ones = {text_of(writer.number, len(writer.answers())) for writer in writers if writer.number in doomed}
    unanswered = set(ours) - {text_of(writer.number, count) for writer, count, _ in answered}
    check(unanswered <= next_ones, "and none that its writer had not begun")
    plain = [each for each in answered if not each[0].pushes]
    wanted = [expected(writer.number, count) for writer, count, _ in plain]
    found = contents(bare, [f"{oid}:{path_of(writer.number, count)}" for writer, count, oid in plain])
    check(found == wanted and all(text_of(writer.number, count) in ours for writer, count, _ in plain), "each holds what was sent")
    heads = [(w, c) for w, c, _ in plain if kind_of(w.number) != "shared"]
    found = contents(bare, [f"main:{path_of(writer.number, count)}" for writer, count in heads])
    check(found == [expected(writer.number, count) for writer, count in heads], f"the head holds all {len(heads)} files")
    check(bare.fsck() == "", "git fsck --strict is clean")
    return answered


def facts(hub):
    refs = call(hub, TOKEN, "GET", f"/api/models/{REPO}/refs?include_prs=1")
    talks = call(hub, TOKEN, "GET", f"/api/models/{REPO}/discussions")
    return refs["tags"], refs["pullRequests"], talks


def leave_something(hub):
    """What a restarted server has to find beside the branch."""
    lines = [{"key": "header", "value": {"summary": "Proposed"}},
             {"key": "file", "value": {"path": "p.txt", "content": "p", "encoding": "utf-8"}}]
    body = "\n".join(map(json.dumps, lines)).encode()
    call(hub, TOKEN, "POST", f"/api/models/{REPO}/commit/main?create_pr=1", body)
    call(hub, TOKEN, "POST", f"/api/models/{REPO}/discussions", json.dumps({"title": "A question"}).encode())
    call(hub, TOKEN, "POST", f"/api/models/{REPO}/tag/main", json.dumps({"tag": "v1", "message": "one"}).encode())


def kill_the_server(root, state, number):
    """Writers write until the server is gone; gives those whose answers must be found."""
    with Hub(state, TOKEN) as hub:
        before = facts(hub)
        writers = [Process(hub, root, WRITERS + 8 * number + each, 0) for each in range(8)]
        wanted = random.Random(SEED + number).randint(8, 40)
        while sum(len(writer.answers()) for writer in writers) < wanted:
            if all(writer.process.poll() is not None for writer in writers):
                raise SystemExit("FAILED: all writers ended by themselves")
            time.sleep(0.001)
        hub.kill()
    for writer in writers:
        writer.kill()
    return writers, before


def check_restart(root, state, number):
    writers, before = kill_the_server(root, state, number)
    bare = Repository(state, REPO)
    with Hub(state, TOKEN) as hub:
        check(facts(hub) == before, f"killed and started again ({number + 1}): refs, pull requests and discussions are there")
        history = bare.history()
        answered = [(writer, count, oid) for writer in writers for count, oid in writer.answers()]
        check({oid for _, _, oid in answered} <= set(history), f"and the {len(answered)} commits answered before it died")
        check(set(writer_titles(bare).values()) == {1}, "none of them twice")
        large = [(w, c) for w, c, _ in answered if kind_of(w.number) == "large"]
        asked = [{"oid": hashlib.sha256(content_of(w.number, c).encode()).hexdigest(), "size": len(content_of(w.number, c))}
                 for w, c in large]
        body = json.dumps({"operation": "upload", "objects": asked}).encode()
        objects = call(hub, TOKEN, "POST", f"/{REPO}.git/info/lfs/objects/batch", body)["objects"]
        check(not any("actions" in each for each in objects), f"and {len(large)} large files")
        again = Process(hub, root, 1000 + number, 1)
        again.process.communicate()
        check(bare.history()[0] == again.answers()[0][1], "and it takes commits")
    check(bare.fsck() == "", "git fsck --strict is clean")


def main():
    require_tools("git", "bash")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hubpush-writers-") as name:
        root = pathlib.Path(name)
        state = root / "state"
        with Hub(state, TOKEN) as hub:
            create(hub, TOKEN, REPO)
            writers, doomed = write_and_kill(hub, root)
            check_history(Repository(state, REPO), writers, doomed)
            leave_something(hub)
        for number in range(ROUNDS):
            check_restart(root, state, number)
    print(f"{time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
