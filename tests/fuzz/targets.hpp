#pragma once

// The fuzz targets: each takes any bytes and stops the program if a reader breaks its promise. With HUBPUSH_LIBFUZZER
// the source of one target is a libFuzzer program; without, all of them are replayed over their corpora as a test.

#include <cstddef>
#include <cstdlib>
#include <span>

namespace fuzz {

void xorb_reader(std::span<const std::byte> bytes);
void shard_reader(std::span<const std::byte> bytes);

// Like assert, in every build.
inline void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace fuzz

#if defined(HUBPUSH_LIBFUZZER)
#include <cstdint>
#define HUBPUSH_FUZZ_TARGET(target)                                                     \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
        fuzz::target(std::as_bytes(std::span(data, size)));                             \
        return 0;                                                                       \
    }
#else
#define HUBPUSH_FUZZ_TARGET(target)
#endif
