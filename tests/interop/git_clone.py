#!/usr/bin/env python3
"""git and git-lfs against the embedded Hub: clone and fetch over HTTP, and clone from the folder with no server running.
The program is the first argument, or HUBPUSH_PROGRAM."""

import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

from git_client import Git, create, holds, push  # noqa: E402
from hub_program import Hub, check, require_tools  # noqa: E402

TOKEN = "hf_canaryClone"
COMMITS = 3


def check_history(git, folder, ids, what):
    found = git("log", "--reverse", "--format=%H %s", folder=folder).split("\n")[1:-1]
    check(found == [f"{oid} step {n}" for n, oid in enumerate(ids)], f"{what}: one commit per push, in order")
    git("fsck", "--strict", "--full", folder=folder)
    check(True, f"{what}: git fsck --strict is clean")


def fill(hub, repo, private):
    create(hub, TOKEN, repo, private)
    random.seed(repo)
    files = {f"folder {n}/part.txt": str(n).encode() for n in range(200)}
    ids = []
    for step in range(COMMITS):
        files |= {"model.safetensors": random.randbytes(3_000_000), "notes.txt": f"step {step}\n".encode(),
                  "größe/weights.blob": random.randbytes(1_500_000)}
        ids.append(push(hub, TOKEN, repo, files, f"step {step}"))
    return files, ids


def clone_over_http(git, hub, root, public, private):
    files, ids = public
    for address in (f"{hub.url}/alice/public", f"{hub.url}/alice/public.git"):
        target = root / f"http-{address.endswith('.git')}"
        git("clone", address, target)
        check(holds(target, files), f"git clone {address[len(hub.url):]} without a token gives back every byte")
        check_history(git, target, ids, "over HTTP")
    git("clone", f"{hub.url}/alice/private", root / "refused", fails=True)
    check(not (root / "refused").exists(), "a private repository needs a token")
    address = hub.url.replace("http://", f"http://alice:{TOKEN}@") + "/alice/private"
    git("clone", address, root / "private")
    check(holds(root / "private", private[0]), "a private repository is cloned with basic credentials")
    wrong = hub.url.replace("http://", "http://alice:hf_wrong@") + "/alice/private"
    git("clone", wrong, root / "wrong", fails=True)
    check(not (root / "wrong").exists(), "a wrong token is refused")


def fetch_after_local_commits(git, hub, folder):
    """Many unknown commits make git send a long list of what it has, compressed."""
    for number in range(120):
        git("commit", "--allow-empty", "--quiet", "--message", f"local {number}", folder=folder)
    oid = push(hub, TOKEN, "alice/public", {"notes.txt": b"news\n"}, "news")
    trace = folder.parent / "trace"
    git("fetch", folder=folder, GIT_TRACE_CURL=str(trace))
    check("content-encoding: gzip" in trace.read_text().lower(), "the fetch was a compressed request")
    check(git("rev-parse", "origin/main", folder=folder).strip() == oid, "a fetch after 120 local commits brings the news")
    git("push", "origin", "HEAD:main", folder=folder, fails=True)
    check(git("ls-remote", "origin", "main", folder=folder).split()[0] == oid, "git push is refused")


def main():
    require_tools("git", "git-lfs")
    with tempfile.TemporaryDirectory(prefix="hubpush-clone-") as name:
        root = pathlib.Path(name)
        git = Git(root)
        with Hub(root / "state", TOKEN) as hub:
            public = fill(hub, "alice/public", private=False)
            private = fill(hub, "alice/private", private=True)
            clone_over_http(git, hub, root, public, private)
            fetch_after_local_commits(git, hub, root / "http-True")
        files = public[0] | {"notes.txt": b"news\n"}
        for repo, expected in (("public", files), ("private", private[0])):
            bare = root / "state" / "models" / "alice" / f"{repo}.git"
            git("clone", bare, root / f"path-{repo}")
            check(holds(root / f"path-{repo}", expected), f"git clone of the folder gives back every byte ({repo}, no server)")
            git("fsck", "--strict", "--full", folder=bare)
        check_history(git, root / "path-private", private[1], "from the folder")


if __name__ == "__main__":
    main()
