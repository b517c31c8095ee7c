#!/usr/bin/env python3
"""`git lfs push` of objects against the embedded Hub: by what it is asked for, with which credentials, and that a clone finds
them. The program is the first argument, or HUBPUSH_PROGRAM."""

import hashlib
import json
import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

from git_client import Git, call, create, holds  # noqa: E402
from hub_program import Hub, Repository, check, require_tools  # noqa: E402

TOKEN = "hf_canaryLfsPush"
READER_TOKEN = "hf_canaryLfsPushReader"
REPO = "alice/weights"


def clone_and_commit(git, hub, root):
    """A working copy with large files that only git-lfs knows of so far."""
    folder = root / "copy"
    git("clone", "--quiet", f"{hub.url}/{REPO}", folder)
    random.seed(3)
    files = {f"model-{number}.safetensors": random.randbytes(2_000_000 + number) for number in range(12)}
    files |= {"größe und mehr.bin": random.randbytes(100_000), "README.txt": b"small\n"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    git("add", ".", folder=folder)
    git("commit", "--quiet", "--message", "weights", folder=folder)
    (folder / "model-0.safetensors").write_bytes(b"the second version" * 100_000)
    git("commit", "--quiet", "--all", "--message", "more weights", folder=folder)
    files["model-0.safetensors"] = b"the second version" * 100_000
    return folder, files


def oids(git, folder):
    lines = git("lfs", "ls-files", "--all", "--long", folder=folder).splitlines()
    return sorted({line.split()[0] for line in lines})


def stored(hub):
    return sorted(path.name for path in (Repository(hub.folder, REPO).path / "lfs" / "objects").rglob("*") if path.is_file())


def refuse(git, hub, folder):
    host = hub.url.removeprefix("http://")
    for password in ("hf_wrong", READER_TOKEN):
        git("remote", "set-url", "origin", f"http://alice:{password}@{host}/{REPO}", folder=folder)
        git("lfs", "push", "origin", "main", folder=folder, fails=True)
    git("remote", "set-url", "origin", f"{hub.url}/{REPO}", folder=folder)
    git("lfs", "push", "origin", "main", folder=folder, fails=True)
    check(stored(hub) == [], "without a token that may write nothing is stored")


def push(git, hub, folder):
    host = hub.url.removeprefix("http://")
    wanted = oids(git, folder)
    check(len(wanted) == 14, "git-lfs knows of fourteen objects")
    git("remote", "set-url", "origin", f"http://alice:{TOKEN}@{host}/{REPO}", folder=folder)
    git("lfs", "push", "--object-id", "origin", wanted[0], folder=folder)
    check(stored(hub) == [wanted[0]], "one object is pushed by its id, the token being the password")
    git("remote", "set-url", "origin", f"{hub.url}/{REPO}.git", folder=folder)
    git("config", f"http.{hub.url}/.extraheader", f"Authorization: Bearer {TOKEN}", folder=folder)
    git("lfs", "push", "origin", "main", folder=folder)
    check(stored(hub) == wanted, "all objects of the branch and its history are pushed, the token being in a header")
    git("lfs", "push", "--all", "origin", folder=folder)
    check(stored(hub) == wanted, "pushing again changes nothing")
    for oid in wanted:
        path = Repository(hub.folder, REPO).path / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
        if hashlib.sha256(path.read_bytes()).hexdigest() != oid:
            raise SystemExit(f"FAILED: {oid} is not what it says")
    check(True, "every object has its hash")


def commit_pointers(hub, files):
    """The refs move by the Hub's API; the objects are there already."""
    lines = [{"key": "header", "value": {"summary": "weights"}}]
    for path, content in files.items():
        if path.endswith(".txt"):
            lines.append({"key": "file", "value": {"path": path, "content": content.decode(), "encoding": "utf-8"}})
        else:
            oid = hashlib.sha256(content).hexdigest()
            lines.append({"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": oid, "size": len(content)}})
    body = "\n".join(json.dumps(line) for line in lines).encode()
    call(hub, TOKEN, "POST", f"/api/models/{REPO}/commit/main", body, "application/x-ndjson")


def main():
    require_tools("git", "git-lfs")
    with tempfile.TemporaryDirectory(prefix="hubpush-lfs-") as name:
        root = pathlib.Path(name)
        git = Git(root)
        with Hub(root / "state", TOKEN, reader_token=READER_TOKEN) as hub:
            create(hub, TOKEN, REPO)
            folder, files = clone_and_commit(git, hub, root)
            refuse(git, hub, folder)
            push(git, hub, folder)
            commit_pointers(hub, files)
            git("clone", "--quiet", f"{hub.url}/{REPO}", root / "by-http")
            check(holds(root / "by-http", files), "a clone over HTTP gives back every byte")
            check("OK" in git("lfs", "fsck", folder=root / "by-http"), "git lfs fsck is content")
        git("clone", "--quiet", root / "state" / "models" / f"{REPO}.git", root / "by-path")
        check(holds(root / "by-path", files), "so does a clone of the folder")
        check(Repository(root / "state", REPO).fsck() == "", "git fsck --strict is clean")


if __name__ == "__main__":
    main()
