// What one big file costs the process that pushes it by LFS, and the floor: the same bytes hashed once and sent once,
// with nothing else. benchmarks/upload/run.sh puts the parts together.
//
//   prepare FILE BYTES   writes pseudo-random content that no earlier run had
//   push FILE USER/NAME  pushes it to HF_ENDPOINT with HF_TOKEN
//   sink                 prints a port of this machine, takes one connection there and discards what comes
//   floor FILE PORT      reads and hashes the file, then reads it again and sends it to a sink
//
// push and floor print their CPU seconds, their peak resident memory in MiB and how long they took.

#include "../support/measure.hpp"

#include <hubpush/hubpush.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using benchmark::checked;
using benchmark::stopwatch;

namespace {

constexpr std::size_t block_size = 256 * 1024;

/// One page-aligned block: reads and writes of unaligned memory cost up to five times as much.
struct aligned_block {
    aligned_block() : data(std::aligned_alloc(4096, block_size)) {
        if (data == nullptr) throw std::bad_alloc();
    }
    aligned_block(const aligned_block&) = delete;
    aligned_block& operator=(const aligned_block&) = delete;
    ~aligned_block() { std::free(data); }
    void* data;
};

void prepare(const char* file, std::uint64_t size) {
    std::ofstream out(file, std::ios::binary);
    std::mt19937_64 random(std::random_device{}());
    std::vector<std::uint64_t> block(block_size / sizeof(std::uint64_t));
    for (std::uint64_t written = 0; written < size; written += block_size) {
        for (std::uint64_t& number : block) number = random();
        const std::uint64_t length = std::min<std::uint64_t>(block_size, size - written);
        out.write(reinterpret_cast<const char*>(block.data()), static_cast<std::streamsize>(length));
    }
    if (!out.flush()) throw std::runtime_error(std::string("cannot write ") + file);
}

void measure_push(const char* file, const char* repo_id) {
    const stopwatch watch;
    {
        hubpush::background hub;
        hub.create_repo(repo_id, hubpush::exist_ok()).get();
        hub.upload_file(repo_id, std::filesystem::path(file), "model.safetensors").get();
    }
    watch.print("push");
}

template <class Use>
void for_each_block(const char* file, Use use) {
    const aligned_block block;
    const int descriptor = checked(::open(file, O_RDONLY | O_CLOEXEC), file);
    while (const ssize_t length = checked(::read(descriptor, block.data, block_size), "read")) {
        use(static_cast<const char*>(block.data), static_cast<std::size_t>(length));
    }
    ::close(descriptor);
}

sockaddr_in loopback(unsigned short port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

void hash_once(const char* file) {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    for_each_block(file, [&](const char* data, std::size_t length) { EVP_DigestUpdate(context.get(), data, length); });
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(context.get(), digest, nullptr);
}

void send_once(const char* file, unsigned short port) {
    const int connection = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    const sockaddr_in address = loopback(port);
    checked(::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
    for_each_block(file, [&](const char* data, std::size_t length) {
        for (std::size_t sent = 0; sent < length;) {
            sent += static_cast<std::size_t>(checked(::write(connection, data + sent, length - sent), "write"));
        }
    });
    ::close(connection);
}

void measure_floor(const char* file, unsigned short port) {
    const stopwatch watch;
    const stopwatch hashing;
    hash_once(file);
    hashing.print("floor_hash");
    const stopwatch sending;
    send_once(file, port);
    sending.print("floor_send");
    watch.print("floor");
}

void sink() {
    const aligned_block block;
    const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    checked(::bind(listener, reinterpret_cast<const sockaddr*>(&address), length), "bind");
    checked(::listen(listener, 1), "listen");
    checked(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    const int connection = checked(::accept(listener, nullptr, nullptr), "accept");
    while (checked(::read(connection, block.data, block_size), "read") > 0) {
    }
    ::close(connection);
    ::close(listener);
}

}  // namespace

int main(int count, char** words) {
    const std::string part = count > 1 ? words[1] : "";
    try {
        if (part == "prepare" && count == 4) {
            prepare(words[2], std::stoull(words[3]));
        } else if (part == "push" && count == 4) {
            measure_push(words[2], words[3]);
        } else if (part == "floor" && count == 4) {
            measure_floor(words[2], static_cast<unsigned short>(std::stoi(words[3])));
        } else if (part == "sink" && count == 2) {
            sink();
        } else {
            std::fprintf(stderr, "usage: prepare FILE BYTES | push FILE USER/NAME | sink | floor FILE PORT\n");
            return 2;
        }
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s: %s\n", part.c_str(), failure.what());
        return 1;
    }
}
