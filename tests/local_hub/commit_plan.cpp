#include <hubpush/local_hub/commit_plan.hpp>

#include "catch.hpp"

#include <hubpush/core/byte_source.hpp>
#include <hubpush/local_hub/reply.hpp>

#include <string>

namespace {

using namespace hubpush;
using namespace hubpush::detail;
using kind = requested_change::kind;

const std::string stored_oid(64, 'a');

/// A tree with `config.json`, `dir/a` and `dir/b`.
repository_tree small_tree() {
    repository_tree tree;
    tree.add("config.json", tree_node("1", 7, false));
    tree.add("dir", tree_node("2", 0, true));
    tree.add("dir/a", tree_node("3", 1, false));
    tree.add("dir/b", tree_node("4", 1, false));
    return tree;
}

requested_change operation(kind what, const std::string& path) {
    requested_change result;
    result.what = what;
    result.path = path;
    result.oid = stored_oid;
    result.content = memory_source(std::string("x"));
    return result;
}

commit_plan make_plan() {
    return commit_plan(small_tree(), [](const std::string& oid) {
        return oid == stored_oid ? std::optional<std::uint64_t>(5) : std::nullopt;
    });
}

/// Status of the refusal of the last of these operations; 0 when all are possible.
template <class... Operations>
int outcome(const Operations&... operations) {
    commit_plan plan = make_plan();
    try {
        (plan.apply(operations), ...);
        return 0;
    } catch (const refusal& refused) {
        return refused.reply().status();
    }
}

}  // namespace

TEST_CASE("files are added, replaced and removed in order", "[commit_plan]") {
    CHECK(outcome(operation(kind::file, "new/file"), operation(kind::remove_file, "new/file")) == 0);
    CHECK(outcome(operation(kind::remove_file, "config.json"), operation(kind::file, "config.json")) == 0);
    CHECK(outcome(operation(kind::remove_file, "dir"), operation(kind::file, "dir")) == 0);
    CHECK(outcome(operation(kind::remove_folder, "dir"), operation(kind::file, "dir/a")) == 0);
    CHECK(outcome(operation(kind::file, "config.json/below")) == 0);
}

TEST_CASE("what is not there cannot be removed", "[commit_plan]") {
    CHECK(outcome(operation(kind::remove_file, "missing")) == 404);
    CHECK(outcome(operation(kind::remove_file, "di")) == 404);
    CHECK(outcome(operation(kind::remove_folder, "config.json")) == 404);
    CHECK(outcome(operation(kind::remove_file, "config.json"), operation(kind::remove_file, "config.json")) == 404);
    CHECK(outcome(operation(kind::file, "config.json/below"), operation(kind::remove_file, "config.json/below"),
                  operation(kind::remove_file, "config.json")) == 404);
}

TEST_CASE("a file does not replace a folder", "[commit_plan]") { CHECK(outcome(operation(kind::file, "dir")) == 400); }

TEST_CASE("a large file must be stored, and with this size", "[commit_plan]") {
    requested_change large = operation(kind::large_file, "model.bin");
    CHECK(outcome(large) == 0);
    large.size = 5;
    CHECK(outcome(large) == 0);
    large.size = 6;
    CHECK(outcome(large) == 400);
    large.oid = std::string(64, 'b');
    large.size = 5;
    CHECK(outcome(large) == 400);
}

TEST_CASE("rules are added for large files that .gitattributes does not cover", "[commit_plan]") {
    commit_plan plan = make_plan();
    CHECK_FALSE(plan.needs_attributes());
    plan.apply(operation(kind::large_file, "covered.bin"));
    plan.apply(operation(kind::large_file, "my weights"));
    plan.apply(operation(kind::large_file, "my weights"));
    CHECK(plan.needs_attributes());
    plan.complete_attributes("*.bin filter=lfs");
    const std::vector<git_change> changes = plan.take_changes();
    REQUIRE(changes.size() == 4);
    CHECK(changes.back().path() == ".gitattributes");
    const std::string expected = "*.bin filter=lfs\nmy[[:space:]]weights filter=lfs diff=lfs merge=lfs -text\n";
    CHECK(changes.back().content()->size() == expected.size());
}

TEST_CASE("a commit that names .gitattributes keeps its own", "[commit_plan]") {
    commit_plan plan = make_plan();
    plan.apply(operation(kind::large_file, "my weights"));
    plan.apply(operation(kind::file, ".gitattributes"));
    CHECK_FALSE(plan.needs_attributes());
}

TEST_CASE("nothing is added when every large file is covered", "[commit_plan]") {
    commit_plan plan = make_plan();
    plan.apply(operation(kind::large_file, "covered.bin"));
    plan.complete_attributes("*.bin filter=lfs");
    CHECK(plan.take_changes().size() == 1);
}
