#include "targets.hpp"

#include "catch.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

// Runs a target over its corpus.
void replay(const char* name, void (*target)(std::span<const std::byte>)) {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(HUBPUSH_TEST_DATA "/fuzz/corpus/") + name)) {
        INFO(entry.path());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        target(std::as_bytes(std::span(bytes.data(), bytes.size())));
        ++count;
    }
    CHECK(count > 10);
}

}  // namespace

TEST_CASE("the readers withstand everything that was found to be interesting") {
    replay("xorb_reader", fuzz::xorb_reader);
    replay("shard_reader", fuzz::shard_reader);
}
