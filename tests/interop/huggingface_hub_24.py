#!/usr/bin/env python3
"""What huggingface_hub 2.4.0 does against the embedded Hub. The program is the first argument, or HUBPUSH_PROGRAM.

With more arguments it only compares: ENDPOINT TOKEN REPO_ID FOLDER says that a snapshot of the repository holds exactly the
files of the folder, which is how the pushes of other clients are checked.
"""

import filecmp
import os
import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

HOME = tempfile.TemporaryDirectory(prefix="hubpush-interop-")
for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING"))]:
    if name != "HUBPUSH_PROGRAM":
        del os.environ[name]
os.environ.update(HF_HOME=HOME.name + "/home", HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1",
                  HF_HUB_DISABLE_PROGRESS_BARS="1", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")

import huggingface_hub  # noqa: E402  (the environment has to be set before)
from huggingface_hub import HfApi  # noqa: E402
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError  # noqa: E402

from hub_program import Hub, check  # noqa: E402

TOKEN = "hf_canaryInterop"
REPO = "alice/run-42"


def files_below(folder, left_out=(".cache",)):
    paths = [path.relative_to(folder) for path in pathlib.Path(folder).rglob("*") if path.is_file()]
    return sorted(path.as_posix() for path in paths if path.parts[0] not in left_out)


def same_content(left, right, left_out=(".cache", ".gitattributes")):
    names = [name for name in files_below(left) if name not in left_out]
    if names != [name for name in files_below(right) if name not in left_out]:
        return False
    return filecmp.cmpfiles(left, right, names, shallow=False)[0] == names


def make_folder(folder):
    random.seed(7)
    (folder / "checkpoints" / "step 1").mkdir(parents=True)
    (folder / "config.json").write_text('{"a":1}')
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Run 42\n")
    (folder / "empty.txt").write_text("")
    (folder / "checkpoints" / "step 1" / "größe.txt").write_text("text\n" * 1000)
    (folder / "checkpoints" / "model.safetensors").write_bytes(random.randbytes(30_000_000))
    (folder / "checkpoints" / "weights.blob").write_bytes(bytes(2_000_000))  # large by content, not by name
    for number in range(300):
        (folder / "checkpoints" / f"part-{number}.txt").write_text(str(number))
    return folder


def snapshot(api, repo_id, folder):
    return huggingface_hub.snapshot_download(repo_id, endpoint=api.endpoint, token=api.token, local_dir=folder)


def compare(endpoint, token, repo_id, folder):
    api = HfApi(endpoint=endpoint, token=token)
    with tempfile.TemporaryDirectory() as target:
        check(same_content(folder, snapshot(api, repo_id, target)), f"{repo_id} holds what {folder} holds")


def refused(call, kind, status=None):
    try:
        call()
    except kind as problem:
        return status is None or problem.response.status_code == status
    return False


def push(api, folder):
    created = api.create_repo(REPO, private=True)
    check(created.repo_id == REPO, "a repository is created")
    check(api.create_repo(REPO, exist_ok=True).repo_id == REPO, "creating it again with exist_ok is fine")
    check(refused(lambda: api.create_repo(REPO), HfHubHTTPError, 409), "creating it again without is refused")
    first = api.upload_folder(repo_id=REPO, folder_path=folder, commit_message="first", commit_description="all\nof it")
    check(len(api.list_repo_commits(REPO)) == 2, "a folder of 306 files is one commit")
    again = api.upload_folder(repo_id=REPO, folder_path=folder, commit_message="again")
    check(again.oid == first.oid and len(api.list_repo_commits(REPO)) == 2, "pushing it again makes no commit")
    top = api.list_repo_commits(REPO)[0]
    check((top.title, top.message, top.authors) == ("first", "all\nof it", ["alice"]), "the commit says what was said")


def read_back(api, folder, target):
    listed = api.list_repo_files(REPO)
    check(sorted(listed) == sorted(files_below(folder) + [".gitattributes"]), "all files are listed")
    large = api.get_paths_info(REPO, ["checkpoints/model.safetensors", "config.json", "nowhere"])
    check([(each.size, each.lfs is not None) for each in large] == [(30_000_000, True), (7, False)], "paths-info knows sizes and LFS")
    rules = huggingface_hub.hf_hub_download(REPO, ".gitattributes", endpoint=api.endpoint, token=api.token)
    check("checkpoints/weights.blob filter=lfs" in pathlib.Path(rules).read_text(), ".gitattributes has a rule for a large file")
    check(same_content(folder, snapshot(api, REPO, target)), "a snapshot holds every byte")
    check(api.file_exists(REPO, "config.json") and not api.file_exists(REPO, "nowhere"), "file_exists tells the truth")


def change(api):
    head = api.repo_info(REPO).sha
    api.delete_file("config.json", REPO)
    check("config.json" not in api.list_repo_files(REPO), "a file is deleted")
    check(refused(lambda: api.delete_file("config.json", REPO), EntryNotFoundError), "deleting it again is refused")
    api.delete_folder("checkpoints/step 1", REPO)
    check(not any("step 1" in name for name in api.list_repo_files(REPO)), "a folder is deleted")
    stale = lambda: api.upload_file(repo_id=REPO, path_or_fileobj=b"x", path_in_repo="x", parent_commit=head)  # noqa: E731
    check(refused(stale, HfHubHTTPError, 412), "a commit on an old parent is refused")
    check("config.json" in api.list_repo_files(REPO, revision=head), "the old commit still holds the file")


def branches_and_tags(api):
    api.create_branch(REPO, branch="feature/x")
    api.create_tag(REPO, tag="v1", tag_message="one")
    refs = api.list_repo_refs(REPO)
    names = ([each.name for each in refs.branches], [each.name for each in refs.tags])
    check(names == (["feature/x", "main"], ["v1"]), "a branch and a tag are made")
    api.upload_file(repo_id=REPO, path_or_fileobj=b"branch", path_in_repo="b.txt", revision="feature/x")
    check(api.file_exists(REPO, "b.txt", revision="feature/x") and not api.file_exists(REPO, "b.txt"), "branches are apart")
    api.delete_branch(REPO, branch="feature/x")
    api.delete_tag(REPO, tag="v1")
    check(len(api.list_repo_refs(REPO).branches) == 1, "both are deleted")


def be_refused(hub):
    wrong = HfApi(endpoint=hub.url, token="hf_wrong")
    check(refused(wrong.whoami, HfHubHTTPError, 401), "a wrong token is refused")
    check(refused(lambda: wrong.upload_file(repo_id=REPO, path_or_fileobj=b"x", path_in_repo="x"), HfHubHTTPError, 401),
          "a wrong token cannot push")
    nobody = HfApi(endpoint=hub.url, token=False)
    check(refused(lambda: nobody.repo_info(REPO), RepositoryNotFoundError), "a private repository is hidden without a token")


def main():
    check(huggingface_hub.__version__ == "2.4.0", "huggingface_hub is 2.4.0")
    root = pathlib.Path(HOME.name)
    folder = make_folder(root / "folder")
    with Hub(root / "state", TOKEN) as hub:
        api = HfApi(endpoint=hub.url, token=TOKEN)
        check(api.whoami()["name"] == "alice", "the token is known")
        push(api, folder)
        read_back(api, folder, root / "first")
        change(api)
        branches_and_tags(api)
        be_refused(hub)
    with Hub(root / "state", TOKEN) as hub:
        api = HfApi(endpoint=hub.url, token=TOKEN)
        (folder / "config.json").unlink()
        (folder / "checkpoints" / "step 1" / "größe.txt").unlink()
        check(same_content(folder, snapshot(api, REPO, root / "second")), "a server started again finds everything")
        api.delete_repo(REPO)
        check(not api.repo_exists(REPO), "the repository is deleted")


if __name__ == "__main__":
    if len(sys.argv) == 5:
        compare(*sys.argv[1:])
    else:
        main()
