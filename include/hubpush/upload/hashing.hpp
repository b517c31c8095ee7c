#pragma once

/// \file
/// The hash of a whole file, computed block by block on the pool.

#include <hubpush/async/offload.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hubpush::inline v0::detail {

/// A file costs one trip to the pool for each block, other sources two, which at 256 KiB are a third of what hashing it
/// costs.
inline constexpr std::size_t hash_block = 1024 * 1024;

/// Reads the next block of `source` and feeds it to `hash`; gives its size.
template <class Hash>
task<std::size_t> hash_block_at(client_state& client, byte_source& source, std::uint64_t offset,
                                std::span<std::byte> buffer, Hash& hash) {
    if (worker_pool* const pool = source.pool()) {
        auto read_and_hash = [&] {
            const std::size_t got = source.read_now(offset, buffer);
            hash.update(buffer.first(got));
            return got;
        };
        co_return co_await offload(*pool, read_and_hash);
    }
    const std::size_t got = co_await source.read_at(offset, buffer);
    auto update = [&] {
        hash.update(buffer.first(got));
        return got;
    };
    co_return co_await offload(*client.pool(), update);
}

/// Feeds a file to `hash` and gives the result in hexadecimal; `on_block` gets the size of each block that is done.
template <class Hash, class OnBlock>
task<std::string> hash_whole(client_state& client, file what, Hash hash, OnBlock on_block) {
    const lease buffer = co_await client.budget().acquire(hash_block);
    for (std::uint64_t offset = 0; offset < what.size();) {
        const std::size_t got = co_await hash_block_at(client, *what.source(), offset, buffer.bytes(), hash);
        if (got == 0) throw_error(errc::file_changed, "'" + what.path() + "' became shorter while it was being pushed");
        offset += got;
        on_block(got);
        co_await throw_if_cancelled();
    }
    co_return to_hex(hash.finish());
}

}  // namespace hubpush::inline v0::detail
