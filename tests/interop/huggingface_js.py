#!/usr/bin/env python3
"""What @huggingface/hub 2.17.5 (npm) does against the embedded Hub: support/huggingface_js.mjs, run by the node of the
folder HUBPUSH_JS_CLIENT, where the package is too. The program is the first argument, or HUBPUSH_PROGRAM."""

import os
import pathlib
import random
import subprocess
import sys
import tempfile

SUPPORT = pathlib.Path(__file__).parent / "support"
sys.path.insert(0, str(SUPPORT))

from hub_program import Hub, Repository, check, require_tools  # noqa: E402

TOKEN = "hf_canaryNode"
READER_TOKEN = "hf_canaryNodeReader"
REPO = "alice/from-node"


def make_folder(folder):
    (folder / "deep" / "er").mkdir(parents=True)
    random.seed(9)
    (folder / "config.json").write_text('{"a":1}')
    (folder / "deep" / "er" / "größe und mehr.txt").write_text("text\n")
    (folder / "empty.txt").write_text("")
    (folder / "model.bin").write_bytes(random.randbytes(3_000_000))
    for number in range(120):  # the client asks for a hundred files at a time
        (folder / "deep" / f"part-{number}.txt").write_text(str(number))
    return folder


def main():
    require_tools("git")
    client = pathlib.Path(os.environ["HUBPUSH_JS_CLIENT"]).resolve()
    with tempfile.TemporaryDirectory(prefix="hubpush-node-") as name:
        root = pathlib.Path(name)
        make_folder(root / "folder")
        with Hub(root / "state", TOKEN, reader_token=READER_TOKEN) as hub:
            environment = {"PATH": os.environ["PATH"], "HOME": name, "HF_HOME": str(root / "home")}
            script = [str(SUPPORT / "huggingface_js.mjs"), str(client), hub.url, TOKEN, READER_TOKEN, name]
            if subprocess.run([str(client / "bin" / "node"), *script], env=environment).returncode != 0:
                raise SystemExit("FAILED: node")
        bare = Repository(root / "state", REPO)
        names = sorted(path.relative_to(root / "folder").as_posix() for path in (root / "folder").rglob("*") if path.is_file())
        check(set(names) <= set(bare.files("kept")), "git sees every file that node pushed")
        check(bare.content("kept", "deep/er/größe und mehr.txt") == b"text\n", "git sees the same bytes")
        check(bare.content("kept", "model.bin").endswith(b"size 3000000\n"), "git holds a pointer to the large file")
        check(len(bare.history("kept")) == 4 and len(bare.history("main")) == 9, "git sees one commit per push")
        check(bare.files("bare-branch") == [""], "git sees an empty branch")
        check(bare.fsck() == "", "git fsck --strict is clean")


if __name__ == "__main__":
    main()
