#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "simulation.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

namespace {

void write_checkpoint(simulation& world) {
    world.files->write("/run/config.json", "{\"a\":1}");
    world.files->write("/run/model.safetensors", std::string(100'000, 'w'));
    world.files->write("/run/notes/today.txt", "hello\n");
}

}  // namespace

TEST_CASE("a folder becomes one commit: small files inside it, large ones in the store") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run", message("step 100")));

    CHECK_FALSE(info.nothing_to_do);
    CHECK(info.oid == world.hub->commits.back().oid);
    CHECK(info.url == std::string(model_hub::endpoint) + "/acme/x/commit/" + info.oid);
    CHECK(info.files_committed == 3);
    CHECK(info.bytes_sent == 100'000);
    CHECK(world.hub->summaries() == std::vector<std::string>{"step 100"});
    CHECK(world.hub->commits.back().lines ==
          std::vector<std::string>{"+config.json", "+model.safetensors", "+notes/today.txt"});
    CHECK(world.hub->files.at("config.json") == "daa5053ecf5f9a37b2de733d0751cc1ab53ac010");  // hub-http-api.md §14.5
    CHECK(world.hub->files.at("notes/today.txt") == "ce013625030ba8dba906f756967f9e9ca394464a");
    CHECK(world.hub->objects.begin()->second == std::string(100'000, 'w'));
    CHECK(world.hub->requests.size() == 5);  // preupload, batch, PUT, verify, commit
}

TEST_CASE("an unchanged folder is a success of its own kind, without a commit") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    const commit_info first = world.run(hub.upload_folder("acme/x", "/run"));
    const commit_info second = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(second.nothing_to_do);
    CHECK(second.oid == first.oid);
    CHECK(second.url == first.url);
    CHECK(second.files_unchanged == 3);
    CHECK(second.bytes_sent == 0);
    CHECK(world.hub->commits.size() == 2);
}

TEST_CASE("only what changed is pushed") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    world.files->write("/run/config.json", "{\"a\":2}");
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.files_committed == 1);
    CHECK(info.files_unchanged == 2);
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"+config.json"});
    CHECK(world.hub->count("PUT", "/o/") == 1);
}

TEST_CASE("allow, ignore and path_in_repo choose files and places") {
    simulation world;
    write_checkpoint(world);
    world.files->write("/run/.git/config", "x");
    world.files->write("/run/junk.tmp", "x");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run", ignore("*.tmp", "notes/*"), path_in_repo("weights/")));
    CHECK(world.hub->commits.back().lines ==
          std::vector<std::string>{"+weights/config.json", "+weights/model.safetensors"});
    world.run(hub.upload_folder("acme/x", "/run", allow("*.txt")));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"+notes/today.txt"});
    CHECK(world.run(hub.upload_folder("acme/x", "/run", allow())).nothing_to_do);
}

TEST_CASE("delete patterns remove what is in the repository and not in the folder any more") {
    simulation world;
    write_checkpoint(world);
    for (const char* path : {".gitattributes", "config.json", "old.bin", "deep/old.bin", "keep.txt", "older.bin"})
        world.hub->files[path] = std::string(40, 'a');
    world.hub->tree_page = 2;
    const client hub = world.client();
    const commit_info info =
        world.run(hub.upload_folder("acme/x", "/run", delete_patterns("*.bin", "*.json", ".git*")));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"-deep/old.bin", "-old.bin", "-older.bin",
                                                                      "+config.json", "+model.safetensors",
                                                                      "+notes/today.txt"});
    CHECK(world.hub->count("GET", "/tree/main") == 3);
    CHECK(info.files_committed == 3);
    CHECK(world.hub->files.contains(".gitattributes"));
}

TEST_CASE("delete patterns look only below path_in_repo, and a folder that is not there yet is no error") {
    simulation world;
    write_checkpoint(world);
    for (const char* path : {"a/b/old.bin", "a/old.bin", "b/old.bin", "a/b2/old.bin", "old.bin"})
        world.hub->files[path] = std::string(40, 'a');
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run", path_in_repo("new"), delete_patterns("*")));
    CHECK(world.hub->commits.back().lines.size() == 3);
    world.run(hub.upload_folder("acme/x", "/run", allow(), path_in_repo("/a/b/"), delete_patterns("old.bin")));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"-a/b/old.bin"});
    CHECK(world.run(hub.upload_folder("acme/x", "/run", allow(), delete_patterns("nothing*", "new"))).nothing_to_do);
}

TEST_CASE("a file that is pushed unchanged is neither deleted nor committed again") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.run(hub.upload_folder("acme/x", "/run", delete_patterns("*"))).nothing_to_do);
    world.files->erase("/run/config.json");
    world.files->write("/run/left.ignored", "x");
    world.hub->files["left.ignored"] = std::string(40, 'a');  // ignored, but in the folder: as the reference, it stays
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run", delete_patterns("*")));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"-config.json"});
    CHECK(info.files_committed == 0);
    CHECK(info.files_unchanged == 2);
    CHECK_FALSE(info.nothing_to_do);
}

TEST_CASE("a step of one's own may rename files: deletions yield to the new names") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    world.hub->files["config.json"] = world.hub->files["renamed.json"] = "daa5053ecf5f9a37b2de733d0751cc1ab53ac010";
    const auto rename = [](file item) { return item.path() == "config.json" ? item.rename("renamed.json") : item; };
    const auto push = scan("/run", delete_patterns("*.json")) | hubpush::map(rename) | classify() | transfer() |
                      hubpush::commit("renamed");
    world.run(push(hub, "acme/x"));
    CHECK(world.hub->commits.back().lines ==
          std::vector<std::string>{"-config.json", "+model.safetensors", "+notes/today.txt"});
}

TEST_CASE("a file in the repository that no commit can name is reported, not deleted") {
    simulation world;
    world.files->write("/run/a", "x");
    world.hub->files[".cache/x"] = world.hub->files["back\\slash"] = world.hub->files["old"] = std::string(40, 'a');
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run", delete_patterns("*")));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"-old", "+a"});
    CHECK(world.seams.log->warnings() == 2);

    world.hub->files["back\\" + std::string(canary)] = std::string(40, 'a');
    world.run(hub.upload_folder("acme/x", "/run", delete_patterns("*")));
    CHECK(world.seams.log->warnings() == 5);
    for (const std::string& line : world.seams.log->lines()) CHECK(line.find(canary) == std::string::npos);
}

TEST_CASE("a listing that fails ends the push before anything is committed") {
    simulation world;
    write_checkpoint(world);
    world.hub->fault = [](const std::string&, const std::string& target) {
        return target.find("/tree/") != std::string::npos ? model_fault::forbid : model_fault::none;
    };
    const client hub = world.client();
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run", delete_patterns("*"))) == errc::forbidden);
    CHECK(world.hub->commits.size() == 1);
}

TEST_CASE("the .gitignore that is pushed decides, and goes with every question") {
    simulation world;
    for (int i = 0; i < 300; ++i) world.files->write("/run/" + std::to_string(i) + ".json", std::to_string(i));
    world.files->write("/run/.gitignore", "*.tmp\n7.json\n");
    world.files->write("/run/z.tmp", "x");
    world.files->write("/run/z.ignored", "the repository's own .gitignore does not count any more");
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.files_ignored == 2);
    CHECK(info.files_committed == 301);
    CHECK_FALSE(world.hub->files.contains("z.tmp"));
    CHECK(world.hub->count("POST", "/preupload/") == 2);
    for (const model_request& request : world.hub->requests) {
        if (request.target.find("/preupload/") == std::string::npos) continue;
        CHECK(nlohmann::json::parse(request.body).at("gitIgnore") == "*.tmp\n7.json\n");
    }
}

TEST_CASE("only a root .gitignore decides, and what the caller says counts more") {
    simulation world;
    world.files->write("/run/.gitignore", "*.tmp\n");
    world.files->write("/run/a.tmp", "x");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run", path_in_repo("sub")));
    CHECK(world.hub->requests.front().body.find("gitIgnore") == std::string::npos);
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"+sub/.gitignore", "+sub/a.tmp"});
    CHECK(world.run(hub.upload_folder("acme/x", "/run", gitignore("*.tmp\n.gitignore"))).nothing_to_do);
    CHECK(world.run(hub.upload_folder("acme/x", "/run", gitignore(""))).files_committed == 2);
    world.run(hub.create_commit("acme/x", add("b.tmp", content("x")), add("c", content("c")), message("m"),
                                add(".gitignore", content("*.tmp\n#\n"))));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"+c", "+.gitignore"});
    world.run(hub.upload_file("acme/x", content("x"), "d.tmp", gitignore("")));
    CHECK(world.hub->files.contains("d.tmp"));
}

TEST_CASE("a .gitattributes that is pushed goes with the questions") {
    simulation world;
    world.files->write("/run/.gitattributes", "*.x filter=lfs\n");
    world.files->write("/run/a.x", "x");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(nlohmann::json::parse(world.hub->requests.front().body).at("gitAttributes") == "*.x filter=lfs\n");
    world.files->write("/run/.gitattributes", "\xff");
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.hub->requests.back().body.find("gitAttributes") == std::string::npos);
    CHECK(world.seams.log->warnings() == 1);
}

TEST_CASE("a .gitignore that cannot be sent is an error before the first request") {
    simulation world;
    const client hub = world.client();
    world.files->write("/run/.gitignore", std::string(preupload_rules::longest + 1, '#'));
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::limit_exceeded);
    world.files->write("/run/.gitignore", "caf\xe9");
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::invalid_argument);
    CHECK(world.hub->requests.empty());
    world.files->write("/run/.gitignore", std::string(preupload_rules::longest, '#'));
    CHECK(world.run(hub.upload_folder("acme/x", "/run")).files_committed == 1);
}

TEST_CASE("every call takes the type of its repository") {
    for (const repo_type type : {repo_type::model, repo_type::dataset, repo_type::space, repo_type::kernel}) {
        simulation world;
        write_checkpoint(world);
        const client hub = world.client();
        const created_repository made = type == repo_type::space
                                            ? world.run(hub.create_repo("acme/x", type, space_sdk("docker")))
                                            : world.run(hub.create_repo("acme/x", type));
        CHECK(made.where() == repository("acme/x", type));
        world.run(hub.upload_folder("acme/x", "/run", type, delete_patterns("*.old")));
        world.run(hub.upload_file("acme/x", content("1"), "a.bin", type));
        world.run(hub.create_commit("acme/x", add("b", content("2")), type, message("m")));
        world.run(hub.create_commit("acme/x", add("b", content("2")), type, message("again")));
        const std::string kind(plural(type));
        for (std::size_t i = 1; i < world.hub->requests.size(); ++i) {
            const model_request& request = world.hub->requests[i];
            const bool git = request.target.ends_with(".git/info/lfs/objects/batch");
            const std::string begin = git ? repository("acme/x", type).git_path() : "/api/" + kind + "/acme/x/";
            const bool elsewhere = request.origin == "store" || request.target == "/api/verify";
            CAPTURE(request.target);
            CHECK((elsewhere || request.target.starts_with(begin)));
        }
        CHECK(world.hub->count("POST", "/commit/main") == 3);
    }
}

TEST_CASE("a push right after the creation waits until the repository is known everywhere") {
    for (int missing = 1; missing <= 4; ++missing) {
        simulation world;
        write_checkpoint(world);
        const client hub = world.client();
        world.run(hub.create_repo("x"));
        world.hub->missing_after_creation = missing;
        world.run(hub.upload_folder("acme/x", "/run", message("once")));
        CHECK(world.hub->summaries() == std::vector<std::string>{"once"});
    }
    simulation late;
    write_checkpoint(late);
    const client hub = late.client();
    late.hub->missing_after_creation = 1;
    CHECK(late.error_of(hub.upload_folder("acme/x", "/run")) == errc::repository_not_found);
}

TEST_CASE("a repository that has moved is followed, with method and body") {
    simulation world;
    write_checkpoint(world);
    world.hub->moved["old/x"] = "acme/x";
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("old/x", "/run", message("once"), delete_patterns("*.old")));
    CHECK(info.files_committed == 3);
    CHECK(world.hub->summaries() == std::vector<std::string>{"once"});
    CHECK(world.hub->count("POST", "/api/models/acme/x/commit/main") == 1);
}

TEST_CASE("the metadata of a README.md is checked before anything is uploaded") {
    simulation world;
    write_checkpoint(world);
    world.files->write("/run/README.md", "---\nlicense: mitt\n---\n# Card");
    nlohmann::json asked;
    world.hub->judge_readme = [&](const nlohmann::json& question) {
        asked = question;
        return std::pair(400,
                         std::string(R"({"errors":[{"message":"\"license\" must be one of [mit]"}],"warnings":[]})"));
    };
    const client hub = world.client();
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run", repo_type::dataset)) == errc::bad_request);
    CHECK(world.last_error.find("\"license\" must be one of [mit]") != std::string::npos);
    CHECK(asked == nlohmann::json{{"content", "---\nlicense: mitt\n---\n# Card"}, {"repoType", "dataset"}});
    CHECK(world.error_of(hub.upload_file("acme/x", "/run/README.md", "README.md")) == errc::bad_request);
    CHECK(world.error_of(hub.create_commit("acme/x", add("README.md", content("x")), message("m"))) ==
          errc::bad_request);
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run", path_in_repo("sub"))) == errc::bad_request);  // §4.8
    CHECK(world.hub->requests.size() == 4);
    world.run(hub.upload_file("acme/x", "/run/README.md", "sub/README.md"));
    world.run(hub.upload_file("acme/x", "/run/README.md", "readme.md"));
    world.run(hub.upload_folder("acme/x", "/run", ignore("README.md")));
    CHECK(world.hub->count("POST", "/validate-yaml") == 4);
}

TEST_CASE("a server that gives no judgement about a README.md does not stop the push") {
    simulation world;
    world.files->write("/run/README.md", "# Card");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run", message("404")));
    world.hub->judge_readme = [&](const nlohmann::json&) { return std::pair(200, std::string("<html>Log in</html>")); };
    world.run(hub.create_commit("acme/x", add("README.md", content("# 2")), message("html")));
    CHECK(world.hub->summaries() == std::vector<std::string>{"404", "html"});
    CHECK(world.seams.log->warnings() == 2);
}

TEST_CASE("data files outside of datasets, and additions that are removed again, are warned about once") {
    simulation world;
    world.files->write("/run/a.parquet", "x");
    world.files->write("/run/b.arrow", "x");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run", repo_type::dataset));
    CHECK(world.seams.log->warnings() == 0);
    world.run(hub.upload_folder("acme/y", "/run"));
    REQUIRE(world.seams.log->warnings() == 1);
    CHECK(world.seams.log->lines().back().find("2 .arrow or .parquet files") != std::string::npos);
    world.run(hub.create_commit("acme/x", hubpush::remove("f/"), add("f/a", content("1")), message("m")));
    CHECK(world.seams.log->warnings() == 1);
    world.run(hub.create_commit("acme/x", add("f/a", content("2")), hubpush::remove("f/"), message("m")));
    REQUIRE(world.seams.log->warnings() == 2);
    CHECK(world.seams.log->lines().back().find("'f/a' is added and then removed") != std::string::npos);
}

TEST_CASE("what is too large for a commit goes to the store, whatever the Hub says") {
    simulation world;
    world.files->write("/run/large.txt", std::string(largest_regular_file + 1, 'x'));
    world.files->write("/run/small.txt", std::string(1000, 'x'));
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.bytes_sent == largest_regular_file + 1);
    CHECK(world.hub->objects.size() == 1);
}

TEST_CASE("what the repository's .gitignore excludes is left out") {
    simulation world;
    world.files->write("/run/a.ignored", "x");
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.nothing_to_do);
    CHECK(info.files_ignored == 1);
}

TEST_CASE("links are followed, also out of the folder; what is no file is skipped and reported") {
    simulation world;
    world.files->write("/elsewhere/blob", "{\"a\":1}");
    world.files->make_link("/run/config.json", "/elsewhere/blob");
    world.files->make_other("/run/socket");
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.hub->files.at("config.json") == "daa5053ecf5f9a37b2de733d0751cc1ab53ac010");
    CHECK(info.files_skipped == 1);
    const std::vector<std::string> log = world.seams.log->lines();
    REQUIRE(log.size() == 2);
    CHECK(log[0].find("/run/socket") != std::string::npos);
    CHECK(log[1] == "'/run/config.json' leads out of the folder and is followed");
    CHECK(world.seams.log->warnings() == 2);  // which are seen by default
}

TEST_CASE("of many links out of the folder ten are named") {
    simulation world;
    world.files->write("/elsewhere/blob", "x");
    for (int i = 0; i < 12; ++i) world.files->make_link("/run/" + std::to_string(i), "/elsewhere/blob");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    const std::vector<std::string> log = world.seams.log->lines();
    REQUIRE(log.size() == 11);
    CHECK(log.back() == "2 more links lead out of the folder and are followed");
}

TEST_CASE("with links_inside_only nothing outside of the folder is read or sent") {
    simulation world;
    world.files->write("/elsewhere/blob", "outside_canary");
    world.files->make_link("/run/config.json", "/elsewhere/blob");
    world.files->write("/run/a", "x");
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run", links_inside_only()));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"+a"});
    CHECK(info.files_skipped == 1);
    CHECK(world.seams.log->warnings() == 1);
    const std::string outside(to_base64(as_bytes("outside_canary")));
    CHECK(world.hub->bytes_seen.find(outside) == std::string::npos);
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.hub->bytes_seen.find(outside) != std::string::npos);
}

TEST_CASE("files that look like secrets are named before anything is sent") {
    simulation world;
    for (int i = 0; i < 12; ++i) world.files->write("/run/" + std::to_string(i) + "/.env", "SECRET=1");
    for (const char* name : {"/run/tokenizer.json", "/run/key", "/run/.env.example", "/run/monkey"})
        world.files->write(name, "x");
    const client hub = world.client();
    std::size_t warned = 0;
    world.hub->fault = [&](const std::string&, const std::string&) {
        if (warned == 0) warned = world.seams.log->warnings();
        return model_fault::none;
    };
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(warned == 11);
    CHECK(world.seams.log->lines().front().find("'0/.env' looks like a secret") == 0);
    CHECK(world.seams.log->lines().back() == "2 more files look like secrets and are pushed");
    world.run(hub.upload_file("acme/x", content("x"), "server.pem"));
    CHECK(world.seams.log->warnings() == 12);
}

TEST_CASE("content in memory and single files are pushed in one commit") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    world.run(hub.upload_file("acme/x", content(std::string("{\"a\":1}")), "config.json"));
    CHECK(world.hub->commits.back().summary == "Upload config.json with hubpush");
    world.run(hub.upload_file("acme/x", "/run/model.safetensors", "model.safetensors", message("weights")));
    CHECK(world.hub->summaries() == std::vector<std::string>{"Upload config.json with hubpush", "weights"});
}

TEST_CASE("a commit keeps the order of its operations and re-adds what it deletes") {
    simulation world;
    const client hub = world.client();
    world.run(hub.create_commit("acme/x", add("a.txt", content(std::string("1"))),
                                add("b.txt", content(std::string("2"))), message("first")));
    const commit_info info = world.run(
        hub.create_commit("acme/x", hubpush::remove("b.txt"), add("b.txt", content(std::string("2"))),
                          add("c.txt", content(std::string("3"))), hubpush::remove("old/"), message("second")));
    CHECK(info.files_committed == 2);
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"-b.txt", "+b.txt", "+c.txt", "-old/"});
    CHECK(world.run(hub.create_commit("acme/x", add("a.txt", content(std::string("1"))), message("third")))
              .nothing_to_do);
}

TEST_CASE("the same content twice is sent once") {
    simulation world;
    world.files->write("/run/a.bin", std::string(70'000, 'x'));
    world.files->write("/run/b.bin", std::string(70'000, 'x'));
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.files_committed == 2);
    CHECK(world.hub->count("PUT", "/o/") == 1);
}

TEST_CASE("an empty file travels inside the commit whatever the Hub says") {
    simulation world;
    world.files->write("/run/empty.bin", "");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.hub->files.at("empty.bin") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    CHECK(world.hub->count("POST", "batch") == 0);
}

TEST_CASE("a thousand files: questions of at most 256, one commit") {
    simulation world;
    for (int i = 0; i < 1000; ++i) world.files->write("/run/" + std::to_string(i) + ".json", std::to_string(i));
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.files_committed == 1000);
    CHECK(world.hub->count("POST", "/preupload/") == 4);
    CHECK(world.hub->requests.size() == 5);
    CHECK(world.hub->commits.size() == 2);
}

TEST_CASE("bad input is refused before the first request") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    const content some(std::string("x"));
    const auto refused = [&](auto make) {
        try {
            world.run(make());
        } catch (const invalid_argument&) {
            return world.hub->requests.empty();
        }
        return false;
    };
    CHECK(refused([&] { return hub.upload_file("a/b/c", some, "x"); }));
    CHECK(refused([&] { return hub.upload_file("acme/x", some, "../x"); }));
    CHECK(refused([&] { return hub.upload_file("acme/x", some, "a\\b"); }));
    CHECK(refused([&] { return hub.upload_file("acme/x", some, "x", revision("a b")); }));
    CHECK(refused([&] { return hub.upload_file("acme/x", some, "x", message("")); }));
    CHECK(refused([&] { return hub.create_commit("acme/x", add("x", some)); }));  // no message
    CHECK(refused([&] { return hub.create_commit("acme/x", add("x", some), add("x", some), message("m")); }));
    CHECK(refused([&] {
        return hub.create_commit("acme/x", add("README.md", some), add("x", some), add("./x", some), message("m"));
    }));
    CHECK(refused([&] { return hub.create_commit("acme/x", hubpush::remove("a/../b"), message("m")); }));
    CHECK(world.error_of(hub.upload_folder("acme/x", "/nowhere")) == errc::file_not_found);
    CHECK(world.error_of(hub.upload_file("acme/x", "/run", "x")) == errc::file_unreadable);
    CHECK(refused([&] { return hub.upload_folder("acme/x", "/run/config.json", delete_patterns("*")); }));
    CHECK(refused([&] { return hub.upload_folder("acme/x", "/run", path_in_repo("a/../b"), delete_patterns("*")); }));
    CHECK(refused([&] { return hub.upload_folder("acme/x", "/run", gitignore("\xff")); }));
    CHECK(refused([&] { return hub.create_repo("acme/x", repo_type::space); }));
    world.files->write("/run/bad\nname", "x");
    CHECK(refused([&] { return hub.upload_folder("acme/x", "/run", delete_patterns("*")); }));
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::invalid_argument);
    CHECK(world.last_error.find("bad\\x0aname") != std::string::npos);
    CHECK(world.last_error.find("rename the file, or ignore it") != std::string::npos);
    CHECK(world.hub->requests.empty());
}

TEST_CASE("a token over plain http to another machine needs to be allowed by name") {
    simulation world;
    asio::io_context context;
    const auto make = [&](auto... more) {
        return client(context.get_executor(), endpoint("http://hub.example"), token(std::string(canary)),
                      use_connector(world.hub), more...);
    };
    CHECK_THROWS_AS(make(), error);
    CHECK_NOTHROW(make(allow_plain_http()));
}

TEST_CASE("a cancellation while one call commits keeps the next one from beginning") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    asio::cancellation_signal signal;
    world.hub->fault = [&](const std::string&, const std::string& target) {
        if (target.find("/commit/") != std::string::npos) {
            asio::post(world.context, [&] { signal.emit(asio::cancellation_type::total); });
        }
        return model_fault::none;
    };
    commit_info first;
    std::exception_ptr outcome;
    const auto both = [&]() -> task<void> {
        task<commit_info> file = hub.upload_file("acme/x", "/run/config.json", "config.json");
        first = co_await std::move(file);
        task<commit_info> folder = hub.upload_folder("acme/x", "/run");
        co_await std::move(folder);
    };
    initiate(world.context.get_executor(), both(),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end) { outcome = end; }));
    run_virtual(world.context, *world.seams.clock);
    CHECK(first.oid == world.hub->commits.back().oid);
    CHECK(world.hub->commits.size() == 2);
    CHECK(world.hub->count("POST", "/preupload/") == 1);
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
}

TEST_CASE("progress is monotonic, at most ten times a second, and ends with everything done") {
    simulation world;
    write_checkpoint(world);
    std::vector<std::string> phases;
    std::vector<steady_time> times;
    progress_view last;
    progress bar([&](const progress_view& now) {
        if (phases.empty() || phases.back() != now.phase) {
            phases.emplace_back(now.phase);
        } else {
            CHECK(now.bytes_done >= last.bytes_done);
        }
        CHECK(now.bytes_done <= now.bytes_total);
        times.push_back(world.seams.clock->now());
        last = now;
    });
    const client hub = world.client();
    const steady_time begin = world.seams.clock->now();
    world.run(hub.upload_folder("acme/x", "/run", bar));
    CHECK(last.phase == "committing");
    CHECK(last.phase_began.front() == begin);
    CHECK(last.phase_began.back() > steady_time());
    CHECK(std::is_sorted(last.phase_began.begin(), last.phase_began.end()));
    CHECK(last.percent() == 100.0);
    CHECK(last.files_total == 3);
    for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] >= std::chrono::milliseconds(100));
}

TEST_CASE("an exception of a progress callback ends the push and is what the caller sees") {
    simulation world;
    write_checkpoint(world);
    progress bar([](const progress_view&) { throw std::runtime_error("mine"); });
    const client hub = world.client();
    CHECK_THROWS_WITH(world.run(hub.upload_folder("acme/x", "/run", bar)), "mine");
    CHECK(world.hub->commits.size() == 1);
}

TEST_CASE("with a progress callback too, a step behind the commit can be cancelled") {
    class rest : public step_base {
    public:
        task<commit_info> operator()(context& place, commit_info made) const {
            co_await sleep_for(place.seams().clock(), std::chrono::hours(1));
            co_return made;
        }
    };
    simulation world;
    write_checkpoint(world);
    client hub = world.client();
    asio::cancellation_signal signal;
    std::exception_ptr outcome;
    const auto look = [](const progress_view&) {};
    const auto push = scan("/run") | classify() | transfer() | hubpush::commit("once") | rest();
    const auto stop = world.seams.clock->make_timer(world.context.get_executor());
    stop->start(world.seams.clock->now() + std::chrono::minutes(1),
                [&] { signal.emit(asio::cancellation_type::total); });
    initiate(world.context.get_executor(), push(hub, "acme/x", progress(look)),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end, commit_info) { outcome = end; }));
    run_virtual(world.context, *world.seams.clock);
    CHECK(world.hub->commits.size() == 2);
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    CHECK(world.seams.clock->elapsed() == std::chrono::minutes(1));
}

TEST_CASE("a step that takes no more files ends the steps before it: nothing is asked about the rest") {
    struct first_file : step_base {
        task<void> operator()(context&, stream<planned_file>& in, stream<planned_file>& out) const {
            std::optional<planned_file> first = co_await in.pop();
            if (first) co_await out.push(std::move(*first));
        }
    };
    simulation world;
    for (int i = 0; i < 3000; ++i) world.files->write("/run/" + std::to_string(i) + ".txt", "text");
    client hub = world.client();
    world.run(hub.create_commit("acme/x", add("old.txt", content("old")), message("old")));
    const std::ptrdiff_t before = std::ssize(world.hub->requests);
    const auto push =
        scan("/run", delete_patterns("*")) | classify() | first_file() | transfer() | hubpush::commit("one");
    world.run(push(hub, "acme/x"));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"+0.txt"});  // and nothing deleted
    const auto asked = [](const auto& request) { return request.target.find("/preupload/") != std::string::npos; };
    CHECK(std::count_if(world.hub->requests.begin() + before, world.hub->requests.end(), asked) == 1);  // of twelve
}
