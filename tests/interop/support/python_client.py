"""What Python's huggingface_hub does against the embedded Hub: one list of exercises for every version.

Each exercise is a function of a `Session`; what it leaves on disk is read back with git itself.
"""

import filecmp
import os
import pathlib
import random
import tempfile
import warnings

from hub_program import Hub, Repository, check, free_port

HOME = tempfile.TemporaryDirectory(prefix="hubpush-interop-")
for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING"))]:
    del os.environ[name]
PORT = free_port()
# Up to 0.36 the client knows its own server's addresses by this variable only.
os.environ.update(HF_ENDPOINT=f"http://127.0.0.1:{PORT}", HF_HOME=HOME.name + "/home", HF_HUB_DISABLE_XET="1",
                  HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")

import huggingface_hub  # noqa: E402  (the environment has to be set before)
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi  # noqa: E402
from huggingface_hub.errors import (EntryNotFoundError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError,  # noqa: E402
                                    RevisionNotFoundError)

TOKEN = "hf_canaryInterop"
READER_TOKEN = "hf_canaryInteropReader"
REPO = "alice/run-42"
OTHER = "alice/other"


class Session:
    """A running hub, and clients of it with different rights."""

    def __init__(self, hub, root):
        self.hub = hub
        self.root = root
        self.api = HfApi(endpoint=hub.url, token=TOKEN)
        self.reader = HfApi(endpoint=hub.url, token=READER_TOKEN)
        self.nobody = HfApi(endpoint=hub.url, token=False)
        self.folder = root / "folder"

    def bare(self, repo=REPO, kind="models"):
        return Repository(self.hub.folder, repo, kind)

    def snapshot(self, repo, name, **more):
        return huggingface_hub.snapshot_download(repo, endpoint=self.hub.url, token=TOKEN, local_dir=self.root / name, **more)


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


def refused(call, kind, status=None):
    try:
        call()
    except kind as problem:
        return status is None or problem.response.status_code == status
    return False


def push(session):
    api, folder = session.api, session.folder
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
    bare = session.bare()
    check(bare.history() == [first.oid, bare.history()[1]], "git sees the same two commits")
    check(bare.files() == sorted(files_below(folder) + [".gitattributes"]), "git sees the same files")
    check(bare.content("main", "config.json") == b'{"a":1}', "git sees the same bytes")
    pointer = bare.content("main", "checkpoints/model.safetensors").decode().splitlines()
    check(pointer[0].endswith("/spec/v1") and pointer[2] == "size 30000000", "git holds a pointer to the large file")


def read_back(session):
    api, folder = session.api, session.folder
    listed = api.list_repo_files(REPO)
    check(sorted(listed) == sorted(files_below(folder) + [".gitattributes"]), "all files are listed")
    large = api.get_paths_info(REPO, ["checkpoints/model.safetensors", "config.json", "nowhere"])
    check([(each.size, each.lfs is not None) for each in large] == [(30_000_000, True), (7, False)], "paths-info knows sizes and LFS")
    rules = huggingface_hub.hf_hub_download(REPO, ".gitattributes", endpoint=api.endpoint, token=api.token)
    check("checkpoints/weights.blob filter=lfs" in pathlib.Path(rules).read_text(), ".gitattributes has a rule for a large file")
    check(same_content(folder, session.snapshot(REPO, "first")), "a snapshot holds every byte")
    check(api.file_exists(REPO, "config.json") and not api.file_exists(REPO, "nowhere"), "file_exists tells the truth")
    check(api.revision_exists(REPO, "main") and not api.revision_exists(REPO, "nowhere"), "revision_exists tells the truth")
    facts = huggingface_hub.get_hf_file_metadata(
        huggingface_hub.hf_hub_url(REPO, "checkpoints/model.safetensors", endpoint=api.endpoint), token=api.token)
    check(facts.size == 30_000_000 and facts.commit_hash == api.repo_info(REPO).sha, "the facts of a large file")
    info = api.repo_info(REPO, files_metadata=True)
    sizes = {each.rfilename: each.size for each in info.siblings}
    check(info.private and sizes["config.json"] == 7 and sizes["checkpoints/weights.blob"] == 2_000_000, "repo_info knows sizes")
    entries = {each.path: each for each in api.list_repo_tree(REPO, "checkpoints", recursive=True, expand=True)}
    check(entries["checkpoints/step 1/größe.txt"].last_commit.title == "first", "an expanded tree names the last commit")
    stored = sorted((each.filename, each.size) for each in api.list_lfs_files(REPO))
    check(stored == [("checkpoints/model.safetensors", 30_000_000), ("checkpoints/weights.blob", 2_000_000)], "the large files are listed")
    commits = api.list_repo_commits(REPO, formatted=True)
    check(commits[0].formatted_title == "first", "formatted commits are listed")


def change(session):
    api = session.api
    head = api.repo_info(REPO).sha
    api.delete_file("config.json", REPO)
    check("config.json" not in api.list_repo_files(REPO), "a file is deleted")
    check(refused(lambda: api.delete_file("config.json", REPO), EntryNotFoundError), "deleting it again is refused")
    api.delete_folder("checkpoints/step 1", REPO)
    check(not any("step 1" in name for name in api.list_repo_files(REPO)), "a folder is deleted")
    api.delete_files(REPO, ["*/part-29?.txt"])
    check(len(api.list_repo_files(REPO)) == 306 + 1 - 2 - 10, "files are deleted by pattern")
    stale = lambda: api.upload_file(repo_id=REPO, path_or_fileobj=b"x", path_in_repo="x", parent_commit=head)  # noqa: E731
    check(refused(stale, HfHubHTTPError, 412), "a commit on an old parent is refused")
    check("config.json" in api.list_repo_files(REPO, revision=head), "the old commit still holds the file")
    parent = api.repo_info(REPO).sha
    done = api.upload_file(repo_id=REPO, path_or_fileobj=b"y", path_in_repo="y.txt", parent_commit=parent)
    check(session.bare().history()[:2] == [done.oid, parent], "a commit on the present parent is made")
    short = api.upload_file(repo_id=REPO, path_or_fileobj=b"z", path_in_repo="y.txt", parent_commit=done.oid[:7])
    check(session.bare().content(short.oid, "y.txt") == b"z", "seven digits of the parent are enough")


def copy_and_delete(session):
    api = session.api
    operations = [CommitOperationCopy("checkpoints/weights.blob", "copy/weights.blob"),
                  CommitOperationCopy("y.txt", "copy/y.txt"), CommitOperationDelete("y.txt"),
                  CommitOperationAdd("both.txt", b"new")]
    done = api.create_commit(REPO, operations, commit_message="copy, delete, add")
    bare = session.bare()
    check(bare.content(done.oid, "copy/weights.blob") == bare.content(done.oid, "checkpoints/weights.blob"), "a large file is copied")
    check(bare.content(done.oid, "copy/y.txt") == b"z" and "y.txt" not in bare.files(), "a small file is moved")
    replace = api.upload_folder(repo_id=REPO, folder_path=session.folder / "checkpoints" / "step 1", path_in_repo="copy",
                                delete_patterns="*", commit_message="replace")
    check([name for name in bare.files(replace.oid) if name.startswith("copy/")] == ["copy/größe.txt"],
          "a folder replaces another one with delete_patterns")


def branches_and_tags(session):
    api, bare = session.api, session.bare()
    api.create_branch(REPO, branch="feature/x")
    check(refused(lambda: api.create_branch(REPO, branch="feature/x"), HfHubHTTPError, 409), "a branch is made once")
    api.create_branch(REPO, branch="feature/x", exist_ok=True)
    check(refused(lambda: api.create_branch(REPO, branch="bad..name"), HfHubHTTPError, 400), "a bad branch name is refused")
    check(refused(lambda: api.create_branch(REPO, branch="y", revision="nowhere"), RevisionNotFoundError), "so is a bad start")
    api.create_tag(REPO, tag="v1", tag_message="one")
    check(refused(lambda: api.create_tag(REPO, tag="v1"), HfHubHTTPError, 409), "a tag is made once")
    first = api.list_repo_commits(REPO)[-1].commit_id
    api.create_tag(REPO, tag="v0", revision=first)
    refs = api.list_repo_refs(REPO)
    names = ([each.name for each in refs.branches], [each.name for each in refs.tags])
    check(names == (["feature/x", "main"], ["v0", "v1"]), "a branch and two tags are made")
    check(bare.git("rev-parse", "v0^{commit}") == first and bare.git("tag", "-l", "--format=%(contents)", "v1") == "one",
          "git sees the tags")
    api.upload_file(repo_id=REPO, path_or_fileobj=b"branch", path_in_repo="b.txt", revision="feature/x")
    check(api.file_exists(REPO, "b.txt", revision="feature/x") and not api.file_exists(REPO, "b.txt"), "branches are apart")
    check(len(api.list_repo_files(REPO, revision="v0")) == 1, "a tag is a revision")
    check(refused(lambda: api.upload_file(repo_id=REPO, path_or_fileobj=b"x", path_in_repo="x", revision="v1"),
                  RevisionNotFoundError), "a tag is not committed to")
    check(refused(lambda: api.delete_branch(REPO, branch="main"), HfHubHTTPError, 403), "the default branch stays")
    tree = bare.git("rev-parse", "feature/x^{tree}")
    api.super_squash_history(REPO, branch="feature/x", commit_message="squashed")
    commits = api.list_repo_commits(REPO, revision="feature/x")
    check([each.title for each in commits] == ["squashed"] and bare.git("rev-parse", "feature/x^{tree}") == tree,
          "a squashed branch is one commit with the same tree")
    api.delete_branch(REPO, branch="feature/x")
    for tag in ("v0", "v1"):
        api.delete_tag(REPO, tag=tag)
    check(len(api.list_repo_refs(REPO).branches) == 1 and api.list_repo_refs(REPO).tags == [], "all are deleted")
    check(refused(lambda: api.delete_tag(REPO, tag="v1"), HfHubHTTPError, 404), "a tag is deleted once")


def pull_request_by_commit(session):
    api, bare = session.api, session.bare()
    head = bare.history()[0]
    operations = [CommitOperationCopy("checkpoints/weights.blob", "moved/weights.blob"), CommitOperationDelete("copy/"),
                  CommitOperationAdd("pr.txt", b"by a pull request\n")]
    done = api.create_commit(REPO, operations, commit_message="Reorganise", commit_description="Move files", create_pr=True)
    check((done.pr_num, done.pr_revision) == (1, "refs/pr/1"), "a commit opens a pull request")
    check(bare.history()[0] == head and bare.history("refs/pr/1") == [done.oid, *bare.history()], "it stands on the branch's head")
    details = api.get_discussion_details(REPO, 1)
    check((details.title, details.status, details.is_pull_request, details.author, details.target_branch) ==
          ("Reorganise", "open", True, "alice", "refs/heads/main"), "its details say what it is")
    check([(each.type, getattr(each, "content", None) or each.oid) for each in details.events] ==
          [("comment", "Move files"), ("commit", done.oid)], "its events are the description and the commit")
    check("+by a pull request" in details.diff and not details.conflicting_files, "its diff shows what changes")
    more = api.upload_file(repo_id=REPO, path_or_fileobj=b"more\n", path_in_repo="more.txt", revision="refs/pr/1")
    check(bare.history("refs/pr/1")[:2] == [more.oid, done.oid], "another commit is added to it")
    check([each.ref for each in api.list_repo_refs(REPO, include_pull_requests=True).pull_requests] == ["refs/pr/1"],
          "refs list it when asked")
    api.merge_pull_request(REPO, 1, comment="thanks")
    merged = api.get_discussion_details(REPO, 1)
    check(merged.status == "merged" and merged.merge_commit_oid == bare.history()[0], "it is merged")
    check(bare.history()[1] == head and api.list_repo_commits(REPO)[0].title == "Reorganise (#1)", "as one commit on the branch")
    check(bare.git("rev-parse", "main^{tree}") == bare.git("rev-parse", "refs/pr/1^{tree}"), "with its changes")
    check(refused(lambda: api.merge_pull_request(REPO, 1), HfHubHTTPError, 400), "it is merged once")
    base = bare.history()[2]
    older = api.create_commit(REPO, [CommitOperationAdd("older.txt", b"o")], commit_message="older", create_pr=True,
                              parent_commit=base)
    check(bare.history("refs/pr/2") == [older.oid, *bare.history(base)], "a pull request starts at its parent commit")


def discussions(session):
    api = session.api
    empty = api.create_pull_request(REPO, title="  Draft  ", description="nothing yet")
    check((empty.num, empty.title, empty.status) == (3, "Draft", "draft"), "a pull request begins as a draft")
    check(refused(lambda: api.merge_pull_request(REPO, 3), HfHubHTTPError, 400), "an empty one is not merged")
    api.upload_file(repo_id=REPO, path_or_fileobj=b"1", path_in_repo="conflict.txt", revision="refs/pr/3")
    api.upload_file(repo_id=REPO, path_or_fileobj=b"2", path_in_repo="conflict.txt")
    check(api.get_discussion_details(REPO, 3).conflicting_files == ["conflict.txt"], "conflicting files are named")
    check(refused(lambda: api.merge_pull_request(REPO, 3), HfHubHTTPError, 400), "a conflicting one is not merged")
    talk = api.create_discussion(REPO, title="A question", description="why?")
    check((talk.num, talk.status, talk.is_pull_request) == (4, "open", False), "discussions are numbered in the same row")
    comment = api.comment_discussion(REPO, 4, comment="because")
    check(api.edit_discussion_comment(REPO, 4, comment.id, "because of that").content == "because of that", "a comment is edited")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client says that hiding is for good
        check(api.hide_discussion_comment(REPO, 4, comment.id).hidden, "a comment is hidden")
    renamed = api.rename_discussion(REPO, 4, new_title="An answer")
    check((renamed.old_title, renamed.new_title) == ("A question", "An answer"), "a discussion is renamed")
    check(api.change_discussion_status(REPO, 4, "closed", comment="done").new_status == "closed", "a discussion is closed")
    check(refused(lambda: api.create_discussion(REPO, title="no"), HfHubHTTPError, 400), "a title has three characters")
    listed = lambda **more: [each.num for each in api.get_repo_discussions(REPO, **more)]  # noqa: E731
    check(listed() == [4, 3, 2, 1], "all are listed, newest first")
    check(listed(discussion_type="pull_request", discussion_status="open") == [3, 2], "open pull requests are listed")
    check(listed(discussion_status="closed") == [4, 1] and listed(author="bob") == [], "closed ones, and by author")
    for number in range(60):
        api.create_discussion(REPO, title=f"Number {number}")
    check(len(listed()) == 64, "pages of discussions are followed")
    events = [each.type for each in api.get_discussion_details(REPO, 4).events]
    check(events == ["comment", "comment", "title-change", "comment", "status-change"], "all events are kept")


def reader(session):
    api, reader_api, bare = session.api, session.reader, session.bare()
    check(reader_api.whoami()["name"] == "reader", "a reader is known")
    reader_api.auth_check(REPO)
    write = lambda: reader_api.upload_file(repo_id=REPO, path_or_fileobj=b"x", path_in_repo="x")  # noqa: E731
    check(refused(write, HfHubHTTPError, 403), "a reader does not commit")
    check(refused(lambda: reader_api.create_branch(REPO, branch="mine"), HfHubHTTPError, 403), "a reader makes no branch")
    content = random.randbytes(1_500_000)
    done = reader_api.create_commit(REPO, [CommitOperationAdd("reader.bin", content), CommitOperationAdd("r.txt", b"r")],
                                    commit_message="From a reader", create_pr=True)
    check(api.get_discussion_details(REPO, done.pr_num).author == "reader", "a reader opens a pull request with a large file")
    again = reader_api.upload_file(repo_id=REPO, path_or_fileobj=b"s", path_in_repo="s.txt", revision=done.pr_revision)
    check(bare.history(done.pr_revision)[:2] == [again.oid, done.oid], "and adds to it")
    other = lambda: reader_api.upload_file(repo_id=REPO, path_or_fileobj=b"s", path_in_repo="s", revision="refs/pr/2")  # noqa: E731
    check(refused(other, HfHubHTTPError, 403), "but not to another one")
    check(refused(lambda: reader_api.merge_pull_request(REPO, done.pr_num), HfHubHTTPError, 403), "and does not merge it")
    reader_api.comment_discussion(REPO, done.pr_num, comment="please")
    api.merge_pull_request(REPO, done.pr_num)
    fetched = huggingface_hub.hf_hub_download(REPO, "reader.bin", endpoint=api.endpoint, token=TOKEN)
    check(pathlib.Path(fetched).read_bytes() == content, "what a reader proposed is merged")


def metadata(session):
    api = session.api
    bad = b"---\nlicense: mit\ntags: [a, b\n---\n# Card\n"
    check(refused(lambda: api.upload_file(repo_id=REPO, path_or_fileobj=bad, path_in_repo="README.md"), ValueError),
          "a README with broken metadata is refused before anything is sent")
    good = b"---\nlicense: mit\ntags:\n- a\n- b\nmodel-index:\n- name: x\n  results:\n  - task: {type: t}\n---\n# Card\n"
    api.upload_file(repo_id=REPO, path_or_fileobj=good, path_in_repo="README.md")
    check(session.bare().content("main", "README.md") == good, "a README with sound metadata is taken")


def settings(session):
    api, nobody = session.api, session.nobody
    api.create_repo(OTHER)
    api.upload_file(repo_id=OTHER, path_or_fileobj=b"other", path_in_repo="o.txt")
    check(nobody.repo_info(OTHER).sha == api.repo_info(OTHER).sha, "a public repository is seen by everybody")
    api.update_repo_settings(OTHER, private=True)
    check(refused(lambda: nobody.repo_info(OTHER), RepositoryNotFoundError), "it is made private")
    api.update_repo_settings(OTHER, private=False, gated="auto")
    check(nobody.repo_info(OTHER).gated == "auto", "it is made public and gated")

    def load(client):
        with tempfile.TemporaryDirectory() as cache:  # nothing that was loaded before
            path = huggingface_hub.hf_hub_download(OTHER, "o.txt", endpoint=client.endpoint, token=client.token, cache_dir=cache)
            return pathlib.Path(path).read_bytes()

    check(refused(lambda: load(session.reader), GatedRepoError), "files of a gated repository are not for everybody")
    check(refused(lambda: session.reader.auth_check(OTHER), GatedRepoError) and api.auth_check(OTHER) is None,
          "auth_check knows the gate")
    api.update_repo_settings(OTHER, gated=False)
    api.move_repo(OTHER, "alice/moved")
    check(api.repo_info(OTHER).id == "alice/moved", "the old name of a moved repository leads to the new one")
    check(load(api) == b"other", "also to its files")
    api.upload_file(repo_id=OTHER, path_or_fileobj=b"by the old name", path_in_repo="n.txt")
    check(session.bare("alice/moved").content("main", "n.txt") == b"by the old name", "also for a commit")
    check(refused(lambda: api.move_repo("alice/moved", REPO), HfHubHTTPError, 409), "it is not moved over another one")
    check(refused(lambda: api.repo_info("nobody-has/this"), RepositoryNotFoundError), "a missing repository is missing")


def other_kinds(session):
    api = session.api
    api.create_repo("alice/corpus", repo_type="dataset")
    api.create_repo("alice/demo", repo_type="space", space_sdk="static")
    for kind, repo in (("dataset", "alice/corpus"), ("space", "alice/demo")):
        done = api.upload_file(repo_id=repo, repo_type=kind, path_or_fileobj=b"d", path_in_repo="d.txt", create_pr=True)
        check(done.pr_url.endswith(f"/{kind}s/{repo}/discussions/1"), f"a pull request in a {kind}")
        api.merge_pull_request(repo, 1, repo_type=kind)
        check(session.bare(repo, kind + "s").content("main", "d.txt") == b"d", f"it is merged in the {kind}")
        api.delete_repo(repo, repo_type=kind)


def schedule(session):
    from huggingface_hub import CommitScheduler

    watched = session.root / "watched"
    watched.mkdir()
    scheduler = CommitScheduler(repo_id="alice/scheduled", folder_path=watched, every=60, hf_api=session.api)
    with scheduler.lock:
        (watched / "log.txt").write_text("one\n")
    scheduler.trigger().result()
    scheduler.stop()
    check(session.bare("alice/scheduled").content("main", "log.txt") == b"one\n", "a scheduled commit")


def be_refused(session):
    wrong = HfApi(endpoint=session.hub.url, token="hf_wrong")
    check(refused(wrong.whoami, (HfHubHTTPError, OSError), 401), "a wrong token is refused")  # OSError: 0.36 and requests
    check(refused(lambda: wrong.upload_file(repo_id=REPO, path_or_fileobj=b"x", path_in_repo="x"), HfHubHTTPError, 401),
          "a wrong token cannot push")
    check(refused(lambda: session.nobody.repo_info(REPO), RepositoryNotFoundError),
          "a private repository is hidden without a token")


EXERCISES = [push, read_back, change, copy_and_delete, branches_and_tags, pull_request_by_commit, discussions, reader, metadata,
             settings, other_kinds, schedule, be_refused]


def after_restart(session, before):
    api, bare = session.api, session.bare()
    check(session.snapshot(REPO, "second") and bare.files() == [name for name in files_below(session.root / "second")],
          "a server started again finds every file")
    check(facts_of(session) == before, "and every ref, discussion and pull request")
    check(api.repo_info(OTHER).id == "alice/moved", "and where a repository went")
    for each in (REPO, "alice/moved", "alice/scheduled"):
        check(session.bare(each).fsck() == "" and session.bare(each).history(), f"git fsck --strict is clean ({each})")
    api.delete_repo(REPO)
    check(not api.repo_exists(REPO) and not bare.path.exists(), "the repository is deleted")
    api.delete_repo(REPO, missing_ok=True)


def facts_of(session):
    refs = session.api.list_repo_refs(REPO, include_pull_requests=True)
    listed = [(each.num, each.title, each.status, each.author) for each in session.api.get_repo_discussions(REPO)]
    details = [session.api.get_discussion_details(REPO, number) for number in (1, 3, 4)]
    events = [(each.id, each.type, each.created_at) for one in details for each in one.events]
    return ([(each.ref, each.target_commit) for each in refs.branches + refs.tags + refs.pull_requests], listed, events)


def run(version, exercises):
    """All exercises against one server, then what a second one finds in its folder."""
    check(huggingface_hub.__version__ == version, f"huggingface_hub is {version}")
    root = pathlib.Path(HOME.name)
    make_folder(root / "folder")
    with Hub(root / "state", TOKEN, reader_token=READER_TOKEN, port=PORT) as hub:
        session = Session(hub, root)
        check(session.api.whoami()["name"] == "alice", "the token is known")
        for exercise in exercises:
            exercise(session)
        before = facts_of(session)
    with Hub(root / "state", TOKEN, reader_token=READER_TOKEN, port=PORT) as hub:
        after_restart(Session(hub, root), before)


def compare(endpoint, token, repo_id, folder):
    """Says that a snapshot of the repository holds exactly the files of the folder."""
    with tempfile.TemporaryDirectory() as target:
        taken = huggingface_hub.snapshot_download(repo_id, endpoint=endpoint, token=token, local_dir=target)
        check(same_content(folder, taken), f"{repo_id} holds what {folder} holds")
