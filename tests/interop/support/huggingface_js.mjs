// What @huggingface/hub does against the embedded Hub. Arguments: the folder whose node_modules holds the package, the address
// of the hub, a token that may write, a token that may read, and a folder with `folder/` in it.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [clients, hubUrl, accessToken, readerToken, root] = process.argv.slice(2);
const hub = createRequire(path.resolve(clients, "x"))("@huggingface/hub");

const repo = "alice/from-node";
const folder = path.join(root, "folder");
const as = { hubUrl, accessToken };

function check(condition, what) {
    if (!condition) throw new Error(`FAILED: ${what}`);
    console.log(`ok: ${what}`);
}

async function refused(status, call) {
    try {
        await call();
    } catch (problem) {
        return problem.statusCode === status;
    }
    return false;
}

async function all(generator) {
    const items = [];
    for await (const item of generator) items.push(item);
    return items;
}

const text = (content) => new Blob([content]);
const names = async (more = {}) => (await all(hub.listFiles({ ...as, repo, recursive: true, ...more })))
    .filter((each) => each.type === "file").map((each) => each.path);

async function createAndPush() {
    check((await hub.whoAmI(as)).name === "alice", "the token is known");
    const files = [{ path: "first.txt", content: text("first") }];
    const made = await hub.createRepo({ ...as, repo, private: true, files });
    check(made.repoUrl === `${hubUrl}/${repo}`, "a repository is created with a file");
    check(await refused(409, () => hub.createRepo({ ...as, repo })), "a repository is created once");
    check(await hub.repoExists({ ...as, repo }) && !(await hub.repoExists({ ...as, repo: "alice/none" })), "repoExists");
    await hub.checkRepoAccess({ ...as, repo });
    check(await refused(401, () => hub.checkRepoAccess({ hubUrl, repo })), "a private repository is hidden without a token");
    const pushed = await hub.uploadFiles({ ...as, repo, files: [pathToFileURL(folder + "/")], commitTitle: "a folder", useXet: false });
    check(pushed.commit.url === `${hubUrl}/${repo}/commit/${pushed.commit.oid}`, "a folder is pushed");
    check((await names()).length === 124 + 2, "all files are listed");
    const large = { path: "large.bin", content: new Blob([new Uint8Array(2_500_000)]) };
    await hub.uploadFile({ ...as, repo, file: large, commitTitle: "offered xet" });
    check((await hub.fileDownloadInfo({ ...as, repo, path: "large.bin" })).size === 2_500_000,
        "a server that does not choose Xet gets a large file all the same");
    await hub.createBranch({ ...as, repo, branch: "kept", revision: pushed.commit.oid });
}

async function readBack() {
    const [info] = await hub.pathsInfo({ ...as, repo, paths: ["model.bin"], expand: true });
    check(info.lfs.size === 3_000_000 && info.lastCommit.title === "a folder", "pathsInfo knows size, LFS and last commit");
    const expanded = await all(hub.listFiles({ ...as, repo, path: "deep/er", expand: true }));
    check(expanded.length === 1 && expanded[0].lastCommit.title === "a folder", "listFiles expands");
    check(await hub.fileExists({ ...as, repo, path: "config.json" }), "fileExists finds a small file");
    check(await hub.fileExists({ ...as, repo, path: "model.bin" }), "fileExists finds a large file");
    check(!(await hub.fileExists({ ...as, repo, path: "none" })), "fileExists misses a missing one");
    const config = await hub.downloadFile({ ...as, repo, path: "config.json" });
    check((await config.text()) === '{"a":1}', "a small file is downloaded");
    const model = await hub.downloadFile({ ...as, repo, path: "model.bin" });
    const bytes = Buffer.from(await model.arrayBuffer());
    check(bytes.equals(await readFile(path.join(folder, "model.bin"))), "a large file is downloaded");
    const part = Buffer.from(await model.slice(1000, 2000).arrayBuffer());
    check(part.equals(bytes.subarray(1000, 2000)), "a part of a large file is downloaded");
    check((await hub.downloadFile({ ...as, repo, path: "none" })) === null, "a missing file is null");
    console.debug = () => {};  // the client would name each of its 126 files
    const snapshot = await hub.snapshotDownload({ ...as, repo, cacheDir: path.join(root, "cache") });
    check((await readFile(path.join(snapshot, "deep/er/größe und mehr.txt"), "utf8")) === "text\n", "a snapshot is downloaded");
    const model_info = await hub.modelInfo({ ...as, name: repo, additionalFields: ["sha"] });
    check(model_info.name === repo && !Number.isNaN(model_info.updatedAt.getTime()), "modelInfo");
}

async function change() {
    const [{ oid: head }] = await all(hub.listCommits({ ...as, repo }));
    const operations = [
        { operation: "delete", path: "empty.txt" },
        { operation: "addOrUpdate", path: "added.txt", content: text("added") },
    ];
    const done = await hub.commit({ ...as, repo, operations, title: "delete and add", description: "both", parentCommit: head });
    check((await names()).includes("added.txt") && !(await names()).includes("empty.txt"), "one commit deletes and adds");
    check(await refused(412, () => hub.commit({ ...as, repo, operations: operations.slice(1), title: "late", parentCommit: head })),
        "a commit on an old parent is refused");
    const original = await hub.downloadFile({ ...as, repo, path: "added.txt" });
    const edits = [{ content: text("!"), start: original.size, end: original.size }];
    const edit = { operation: "edit", path: "added.txt", originalContent: original, edits };
    await hub.commit({ ...as, repo, operations: [edit], title: "edit" });
    check((await (await hub.downloadFile({ ...as, repo, path: "added.txt" })).text()) === "added!", "a file is edited");
    await hub.deleteFile({ ...as, repo, path: "added.txt", commitTitle: "delete one" });
    await hub.deleteFiles({ ...as, repo, paths: ["deep/part-1.txt", "deep/part-2.txt"], commitTitle: "delete two" });
    check((await names()).length === 126 - 1 - 2 + 1, "files are deleted");
    const events = await all(hub.uploadFilesWithProgress({ ...as, repo, files: [{ path: "p.txt", content: text("p") }], useXet: false }));
    check(events.some((each) => each.event === "phase" && each.phase === "committing"), "a push with progress");
    const commits = await all(hub.listCommits({ ...as, repo, batchSize: 2 }));
    check(commits.length === await hub.countCommits({ ...as, repo }) && commits.some((each) => each.oid === done.commit.oid),
        "pages of commits are followed, and counted");
    check(commits.find((each) => each.title === "delete and add").message === "both", "commits say what was said");
}

async function branchesAndPullRequests() {
    await hub.createBranch({ ...as, repo, branch: "feature/x" });
    check(await refused(409, () => hub.createBranch({ ...as, repo, branch: "feature/x" })), "a branch is made once");
    await hub.createBranch({ ...as, repo, branch: "feature/x", overwrite: true });
    await hub.createBranch({ ...as, repo, branch: "bare-branch", empty: true });
    check((await names({ revision: "bare-branch" })).length === 0, "an empty branch is made");
    await hub.uploadFile({ ...as, repo, branch: "kept", file: { path: "b.txt", content: text("b") } });
    check(await hub.fileExists({ ...as, repo, path: "b.txt", revision: "kept" }), "a file on a branch");
    check(!(await hub.fileExists({ ...as, repo, path: "b.txt" })), "is on no other");
    await hub.deleteBranch({ ...as, repo, branch: "feature/x" });
    const file = { path: "pr.txt", content: text("pr") };
    const asked = await hub.uploadFile({ ...as, repo, file, isPullRequest: true, commitTitle: "Please" });
    check(asked.pullRequestUrl === `${hubUrl}/${repo}/discussions/1`, "a pull request is opened");
    check(await hub.fileExists({ ...as, repo, path: "pr.txt", revision: "refs/pr/1" }), "it has its own revision");
    const reader = { hubUrl, accessToken: readerToken };
    check(await refused(403, () => hub.uploadFile({ ...reader, repo, file })), "a reader does not commit");
    const proposed = await hub.uploadFile({ ...reader, repo, file, isPullRequest: true });
    check(proposed.pullRequestUrl.endsWith("/discussions/2"), "a reader opens a pull request");
    check(await refused(401, () => hub.whoAmI({ hubUrl, accessToken: "hf_wrong" })), "a wrong token is refused");
    const other = "datasets/alice/short-lived";
    await hub.createRepo({ ...as, repo: other });
    await hub.deleteRepo({ ...as, repo: other });
    check(!(await hub.repoExists({ ...as, repo: other })), "a repository is deleted");
}

await createAndPush();
await readBack();
await change();
await branchesAndPullRequests();
