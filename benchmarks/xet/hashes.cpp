// The hashes of a Xet push, beside memcpy and OpenSSL's SHA-256, in CPU seconds per GiB on one core: the least of some
// runs over the same 256 MiB. BLAKE3 is keyed and of 64 KiB chunks, as in spec/xet-protocol.md §2.4.
//
// hashes.py measures the reference implementation right after it, with the same work.

#include <hubpush/hash/blake3.hpp>
#include <hubpush/hash/crc64.hpp>
#include <hubpush/hash/digest.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

constexpr std::size_t buffer_size = 256 << 20;
constexpr std::size_t chunk_size = 64 << 10;
constexpr int runs = 5;

using bytes = std::vector<std::byte>;

bytes pseudo_random_buffer() {
    bytes buffer(buffer_size);
    std::mt19937_64 random(20261122);
    for (std::size_t at = 0; at < buffer.size(); at += 8) {
        const std::uint64_t word = random();
        std::memcpy(&buffer[at], &word, 8);
    }
    return buffer;
}

std::vector<std::span<const std::byte>> chunks_of(const bytes& buffer) {
    std::vector<std::span<const std::byte>> chunks;
    for (std::size_t at = 0; at < buffer.size(); at += chunk_size) {
        chunks.push_back(std::span(buffer).subspan(at, chunk_size));
    }
    return chunks;
}

/// Prints what `work` costs; `work` returns a value that depends on all of it, so that none of it is left out.
void measure(const std::string& name, const std::function<std::uint64_t()>& work) {
    double least = 1e9;
    std::uint64_t witness = 0;
    for (int run = 0; run < runs; ++run) {
        const std::clock_t start = std::clock();
        witness = work();
        least = std::min(least, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
    const double per_gib = least * ((1 << 30) / buffer_size);
    std::printf("%-22s %8.3f  (%016llx)\n", name.c_str(), per_gib, static_cast<unsigned long long>(witness));
}

std::uint64_t first_word(std::span<const std::byte> digest) {
    std::uint64_t word = 0;
    std::memcpy(&word, digest.data(), 8);
    return word;
}

const char* name_of(hubpush::blake3_path path) {
    switch (path) {
        case hubpush::blake3_path::sse41:
            return "sse41";
        case hubpush::blake3_path::avx2:
            return "avx2";
        case hubpush::blake3_path::avx512:
            return "avx512";
        default:
            return "portable";
    }
}

void measure_blake3(const std::vector<std::span<const std::byte>>& chunks) {
    hubpush::blake3_key key;
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(i);
    for (const hubpush::blake3_path path : hubpush::blake3_paths()) {
        measure(std::string("blake3 ") + name_of(path), [&] {
            std::uint64_t witness = 0;
            for (const auto chunk : chunks) witness ^= first_word(hubpush::blake3::of(key, chunk, path));
            return witness;
        });
    }
    measure("blake3, 4 at once", [&] {
        std::uint64_t witness = 0;
        std::array<hubpush::blake3_digest, 4> digests;
        for (std::size_t i = 0; i < chunks.size(); i += digests.size()) {
            hubpush::blake3_many(key, std::span(chunks).subspan(i, digests.size()), digests);
            for (const auto& digest : digests) witness ^= first_word(digest);
        }
        return witness;
    });
}

}  // namespace

int main() {
    const bytes buffer = pseudo_random_buffer();
    const auto chunks = chunks_of(buffer);
    std::printf("%-22s CPU s/GiB\n", "");
    bytes copy(buffer.size());
    measure("memcpy", [&] {
        std::memcpy(copy.data(), buffer.data(), buffer.size());
        return first_word(std::span(copy).last(8));
    });
    measure_blake3(chunks);
    measure("sha256 (OpenSSL)", [&] { return first_word(hubpush::sha256::of(buffer)); });
    for (const hubpush::crc64_path path : hubpush::crc64_paths()) {
        const char* const name = path == hubpush::crc64_path::pclmul ? "crc64 pclmul" : "crc64 portable";
        measure(name, [&] { return hubpush::crc64_nvme::of(buffer, path); });
    }
}
