// CPU seconds per GiB of finding the chunks of a file, by every path of this machine, and of the whole pass over it:
// read, chunk, hash. Each line is a name and a figure, the least of some rounds, as the least disturbed.
// benchmarks/xet/chunking.py runs this and hf_xet in turns.
//
//   benchmark_chunking FILE

#include <hubpush/xet/file_pass.hpp>

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

class alignas(4096) page {
public:
    std::array<std::byte, 4096> bytes;
};

constexpr std::size_t read_pages = 128;

double cpu_seconds() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

/// Calls `take` with block after block of the file, and gives the file's size.
template <class Take>
std::size_t read_file(const char* path, Take&& take) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "rb"), &std::fclose);
    if (!file) throw std::runtime_error(std::string("cannot read ") + path);
    std::setbuf(file.get(), nullptr);
    std::vector<page> blocks(read_pages);
    const std::span<std::byte> buffer = std::as_writable_bytes(std::span(blocks));
    std::size_t size = 0;
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
        take(buffer.first(got));
        size += got;
    }
    return size;
}

/// Some ways of working through the same bytes, in turns.
class contest {
public:
    explicit contest(std::size_t bytes) : gib_(static_cast<double>(bytes) / (1 << 30)) {}

    void add(std::string name, std::function<void()> work) {
        entries_.push_back({std::move(name), std::move(work), std::numeric_limits<double>::max()});
    }

    void run(int rounds) {
        for (int round = 0; round < rounds; ++round) {
            for (entry& one : entries_) {
                const double before = cpu_seconds();
                one.work();
                one.least = std::min(one.least, (cpu_seconds() - before) / gib_);
            }
        }
        for (const entry& one : entries_) std::printf("%-24s %.3f\n", one.name.c_str(), one.least);
    }

private:
    struct entry {
        std::string name;
        std::function<void()> work;
        double least;
    };
    double gib_;
    std::vector<entry> entries_;
};

std::size_t count_chunks(std::span<const std::byte> bytes, hubpush::chunker_path path) {
    hubpush::chunker chunks(path);
    std::size_t count = 0;
    for (; const auto end = chunks.find_end(bytes); ++count) bytes = bytes.subspan(*end);
    return count;
}

/// In memory, so that nothing but the scan is measured.
void measure_scans(const char* path) {
    constexpr std::size_t sample_size = std::size_t{4} << 20U;
    std::vector<std::byte> sample;
    read_file(path, [&](std::span<const std::byte> block) {
        const std::size_t wanted = std::min(block.size(), sample_size - sample.size());
        sample.insert(sample.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(wanted));
    });
    std::vector<std::byte> copy(sample.size());
    contest scans(sample.size());
    scans.add("memcpy", [&] { std::memcpy(copy.data(), sample.data(), sample.size()); });
    const std::array<const char*, 3> names = {"plain gear loop", "gear scan, two bytes", "gear scan, AVX2"};
    for (const hubpush::chunker_path scan : hubpush::chunker_paths()) {
        scans.add(names[static_cast<std::size_t>(scan)], [&sample, scan] {
            if (count_chunks(sample, scan) < sample.size() / hubpush::largest_chunk) throw std::logic_error("lost");
        });
    }
    scans.run(200);
}

void measure_passes(const char* path) {
    const auto read = [path] { return read_file(path, [](std::span<const std::byte>) {}); };
    const auto pass_over = [path](bool with_sha256) {
        hubpush::file_pass pass(with_sha256);
        read_file(path, [&](std::span<const std::byte> block) { pass.update(block); });
        pass.finish();
    };
    contest passes(read());
    passes.add("read", read);
    passes.add("one pass", [&] { pass_over(false); });
    passes.add("one pass with SHA-256", [&] { pass_over(true); });
    passes.run(5);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2) throw std::runtime_error("usage: benchmark_chunking FILE");
        measure_scans(argv[1]);
        measure_passes(argv[1]);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
