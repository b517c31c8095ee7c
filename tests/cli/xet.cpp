#include <hubpush/cli/xet.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hub/json.hpp>
#include <hubpush/xet/merkle.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <sys/stat.h>

#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using hubpush::json_value;

namespace {

std::string random_text(unsigned seed, std::size_t size) {
    std::mt19937 random(seed);
    std::string text(size, '\0');
    for (char& letter : text) letter = static_cast<char>(random());
    return text;
}

std::vector<json_value> inspect(hubpush::xet_inspect_options options) {
    options.json = true;
    std::stringstream out;
    hubpush::inspect_xet(options, out);
    std::vector<json_value> objects;
    for (std::string line; std::getline(out, line);) objects.push_back(json_value::parse(line).value());
    return objects;
}

json_value compare(const std::filesystem::path& old_file, const std::filesystem::path& new_file) {
    hubpush::xet_compare_options options;
    options.old_file = old_file;
    options.new_file = new_file;
    options.json = true;
    std::stringstream out;
    hubpush::compare_xet(options, out);
    return json_value::parse(out.str()).value();
}

constexpr std::uint64_t most = 1U << 30U;

}  // namespace

TEST_CASE("inspect prints one object a file") {
    const hubpush_test::temporary_folder folder;
    folder.write("hello", "Hello World!");
    folder.write("empty", "");
    hubpush::xet_inspect_options options;
    options.files = {folder.path() / "hello", folder.path() / "empty"};
    const std::vector<json_value> found = inspect(options);
    REQUIRE(found.size() == 2);
    CHECK(found[0].string("path") == options.files[0].string());
    CHECK(found[0].integer("size", most) == 12);
    CHECK(found[0].string("file_hash") == "a9dae0ad88b060bdd7e7c87abdcf95b132c95a0414b06d4f6beb68d287b87165");
    CHECK(found[0].integer("chunk_count", most) == 1);
    CHECK(found[0].integer("xorb_count", most) == 1);
    CHECK(found[0].find("chunks") == nullptr);
    CHECK(found[0].find("sha256") == nullptr);
    CHECK(found[1].integer("size", most) == 0);
    CHECK(found[1].string("file_hash") == std::string(64, '0'));
    CHECK(found[1].integer("chunk_count", most) == 0);
    CHECK(found[1].integer("xorb_count", most) == 0);
}

TEST_CASE("the listed chunks lie end to end and are those of the file hash") {
    const unsigned seed = 20261122;
    CAPTURE(seed);
    const hubpush_test::temporary_folder folder;
    folder.write("file", random_text(seed, 3'000'000));
    hubpush::xet_inspect_options options;
    options.files = {folder.path() / "file"};
    options.chunks = true;
    options.sha256 = true;
    const json_value found = inspect(options).at(0);
    hubpush::merkle_tree tree;
    std::uint64_t offset = 0;
    for (const json_value& chunk : found.array("chunks")) {
        CHECK(chunk.integer("offset", most) == offset);
        const std::uint64_t length = chunk.integer("length", most);
        tree.add(hubpush::xet_hash::parse(chunk.string("hash")).value(), length);
        offset += length;
    }
    CHECK(offset == 3'000'000);
    CHECK(tree.file_hash().text() == found.string("file_hash"));
    CHECK(found.array("chunks").size() == found.integer("chunk_count", most));
    CHECK(found.string("sha256").size() == 64);
}

TEST_CASE("duplication inside a file is counted, and is not packed into xorbs") {
    const hubpush_test::temporary_folder folder;
    folder.write("zeros", std::string(1'310'720, '\0'));
    hubpush::xet_inspect_options options;
    options.files = {folder.path() / "zeros"};
    const json_value found = inspect(options).at(0);
    CHECK(found.integer("chunk_count", most) == 10);
    CHECK(found.integer("duplicate_bytes", most) == 9 * 131'072);
    CHECK(found.integer("xorb_count", most) == 1);
    CHECK(found.array("chunks_by_8_kib").size() == 16);
}

TEST_CASE("xorbs are cut before they grow beyond 64 MiB with their record headers") {
    const hubpush_test::temporary_folder folder;
    // The vector `xorb_packing`, with other content: 64 MiB that no two chunks of are equal.
    folder.write("64 MiB", random_text(1, 64 << 20));
    folder.write("60 MiB", random_text(1, 60 << 20));
    hubpush::xet_inspect_options options;
    options.files = {folder.path() / "64 MiB", folder.path() / "60 MiB"};
    const std::vector<json_value> found = inspect(options);
    CHECK(found.at(0).integer("xorb_count", most) == 2);
    CHECK(found.at(1).integer("xorb_count", most) == 1);
}

TEST_CASE("a pipe is read as a file is") {
    const hubpush_test::temporary_folder folder;
    const std::string content = random_text(2, 2'000'000);
    folder.write("file", content);
    REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
    std::thread writer([&] { folder.write("pipe", content); });
    hubpush::xet_inspect_options options;
    options.files = {folder.path() / "pipe", folder.path() / "file"};
    const std::vector<json_value> found = inspect(options);
    writer.join();
    CHECK(found.at(0).string("file_hash") == found.at(1).string("file_hash"));
}

TEST_CASE("a path that is not UTF-8 is still JSON") {
    const hubpush_test::temporary_folder folder;
    const std::filesystem::path path = folder.path() / "a\xff\"\n";
    folder.write(path, "Hello World!");
    hubpush::xet_inspect_options options;
    options.files = {path};
    const json_value found = inspect(options).at(0);
    CHECK(found.integer("size", most) == 12);
    CHECK(found.string("path") == (folder.path() / "a\xEF\xBF\xBD\"\n").string());
}

TEST_CASE("the text for people says the same") {
    const hubpush_test::temporary_folder folder;
    folder.write("hello", "Hello World!");
    hubpush::xet_inspect_options options;
    options.files = {folder.path() / "hello"};
    options.chunks = true;
    options.sha256 = true;
    std::stringstream out;
    hubpush::inspect_xet(options, out);
    for (const char* const part :
         {"a9dae0ad88b060bdd7e7c87abdcf95b132c95a0414b06d4f6beb68d287b87165",
          "0 12 d8d408e608fb9ca213b9909a65d86d725f2de4d8d540324be8a363e7a6e228cb",
          "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069", "size        12 bytes", "(0.0 %)"}) {
        CHECK(out.str().find(part) != std::string::npos);
    }
}

TEST_CASE("compare tells what the chunks of an older file hold") {
    const unsigned seed = 20261123;
    CAPTURE(seed);
    const hubpush_test::temporary_folder folder;
    const std::string content = random_text(seed, 4'000'000);
    folder.write("old", content);
    folder.write("edited", content.substr(0, 2'000'000) + "inserted" + content.substr(2'000'000));
    folder.write("other", random_text(seed + 1, 4'000'000));

    const json_value same = compare(folder.path() / "old", folder.path() / "old");
    CHECK(same.integer("size", most) == 4'000'000);
    CHECK(same.integer("known_bytes", most) == 4'000'000);
    CHECK(same.integer("new_bytes", most) == 0);
    const json_value edited = compare(folder.path() / "old", folder.path() / "edited");
    CHECK(edited.integer("size", most) == 4'000'008);
    CHECK(edited.integer("known_bytes", most) + edited.integer("new_bytes", most) == 4'000'008);
    CHECK(edited.integer("new_bytes", most) > 0);
    CHECK(edited.integer("new_bytes", most) < 500'000);
    CHECK(compare(folder.path() / "old", folder.path() / "other").integer("known_bytes", most) == 0);
}

TEST_CASE("what cannot be read is an error that names it") {
    const hubpush_test::temporary_folder folder;
    hubpush::xet_inspect_options options;
    const auto kind_of = [&](const std::filesystem::path& path) {
        options.files = {path};
        std::stringstream out;
        try {
            hubpush::inspect_xet(options, out);
        } catch (const hubpush::error& failure) {
            CHECK(failure.file() == path.string());
            return failure.kind();
        }
        return hubpush::errc::internal;
    };
    CHECK(kind_of(folder.path() / "missing") == hubpush::errc::file_not_found);
    CHECK(kind_of(folder.path()) == hubpush::errc::file_unreadable);
}
