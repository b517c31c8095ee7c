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

/// A block costs two trips to the pool, which at 256 KiB are a third of what hashing it costs.
inline constexpr std::size_t hash_block = 1024 * 1024;

/// Feeds a file to `hash` and gives the result in hexadecimal; `on_block` gets the size of each block that is done.
template <class Hash, class OnBlock>
task<std::string> hash_whole(client_state& client, file what, Hash hash, OnBlock on_block) {
    const lease buffer = co_await client.budget().acquire(hash_block);
    for (std::uint64_t offset = 0; offset < what.size();) {
        const std::size_t got = co_await what.source()->read_at(offset, buffer.bytes());
        if (got == 0) throw_error(errc::file_changed, "'" + what.path() + "' became shorter while it was being pushed");
        const std::span<const std::byte> block = buffer.bytes().first(got);
        auto update = [&hash, block] {
            hash.update(block);
            return true;
        };
        co_await offload(*client.pool(), update);
        offset += got;
        on_block(got);
        co_await throw_if_cancelled();
    }
    co_return to_hex(hash.finish());
}

}  // namespace hubpush::inline v0::detail
