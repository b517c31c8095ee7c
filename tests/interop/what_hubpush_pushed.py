#!/usr/bin/env python3
"""What hubpush pushes, read back by clients that nobody here wrote: Python's huggingface_hub, and git with git-lfs. The
programs are HUBPUSH_PROGRAM (`hubpush`) and HUBPUSH_PUSH (examples/01_push_folder.cpp)."""

import filecmp
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

from git_client import Git  # noqa: E402
from hub_program import Hub, check, require_tools  # noqa: E402

TOKEN = "hf_canaryReadBack"
REPO = "alice/pushed"
PUSHES = 3


def make_folder(folder, step):
    """A checkpoint: small files that travel inside the commit, and large ones that do not."""
    generator = random.Random(step)
    (folder / "deep" / "er").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(f'{{"step": {step}}}')
    (folder / "model.safetensors").write_bytes(generator.randbytes(30_000_000))
    (folder / "deep" / "er" / "größe und mehr.txt").write_text(f"step {step}\n")
    (folder / "empty.bin").write_bytes(b"")
    (folder / f"only-{step}.bin").write_bytes(generator.randbytes(100_000))


def same_files(left, right):
    """True when all files of `left` stand in `right` with the same bytes."""
    names = [str(path.relative_to(left)) for path in left.rglob("*") if path.is_file()]
    return not any(filecmp.cmpfiles(left, right, names, shallow=False)[1:]) and len(names) >= 5


def push(hub, folder):
    """Runs the example as a user would."""
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}
    done = subprocess.run([os.environ["HUBPUSH_PUSH"], REPO, str(folder)], env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"FAILED: the push: {done.stderr}")
    return done.stdout.strip().rsplit("/", 1)[1]


def check_clone(git, source, copy, folder, oids):
    git("clone", "--quiet", str(source), str(copy))
    check(same_files(folder, copy), f"git clone {source} gives back every byte")
    history = git("log", "--reverse", "--format=%H", folder=copy).split()
    check(history[1:] == oids, "one commit per push, in order")
    check(git("fsck", "--strict", "--no-progress", folder=copy) == "", "git fsck --strict is clean")


def main():
    require_tools("git", "git-lfs")
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        os.environ["HF_HOME"] = str(root / "home")
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        from huggingface_hub import HfApi, snapshot_download

        folder, git = root / "folder", Git(root)
        with Hub(root / "state", TOKEN) as hub:
            api = HfApi(endpoint=hub.url, token=TOKEN)
            api.create_repo(REPO)
            oids = []
            for step in range(1, PUSHES + 1):
                make_folder(folder, step)
                oids.append(push(hub, folder))
            check(push(hub, folder) == oids[-1], "an unchanged folder makes no commit")
            check([commit.commit_id for commit in api.list_repo_commits(REPO)][:PUSHES] == oids[::-1], "the commits are listed")
            snapshot = snapshot_download(REPO, endpoint=hub.url, token=TOKEN, local_dir=root / "snapshot")
            check(same_files(folder, pathlib.Path(snapshot)), "huggingface_hub downloads every byte")
            check_clone(git, f"{hub.url}/{REPO}", root / "by_http", folder, oids)
        check_clone(git, root / "state" / "models" / f"{REPO}.git", root / "by_path", folder, oids)


if __name__ == "__main__":
    main()
