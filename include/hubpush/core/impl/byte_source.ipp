#pragma once

#include <hubpush/core/byte_source.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

/// Content of a container of bytes.
template <class Container>
class owned_bytes final : public byte_source {
public:
    explicit owned_bytes(Container bytes) : bytes_(std::move(bytes)) {}

    std::uint64_t size() const noexcept override { return bytes_.size(); }

    task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        if (offset >= bytes_.size() || out.empty()) co_return 0;
        const std::size_t count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
        std::memcpy(out.data(), bytes_.data() + offset, count);
        co_return count;
    }

private:
    const Container bytes_;
};

}  // namespace detail

HUBPUSH_DECL std::size_t byte_source::read_now(std::uint64_t, std::span<std::byte>) {
    throw_error(errc::internal, "a source that can only be awaited was read on a pool");
}

HUBPUSH_DECL std::shared_ptr<byte_source> memory_source(std::string text) {
    return std::make_shared<detail::owned_bytes<std::string>>(std::move(text));
}

HUBPUSH_DECL std::shared_ptr<byte_source> memory_source(std::vector<std::byte> bytes) {
    return std::make_shared<detail::owned_bytes<std::vector<std::byte>>>(std::move(bytes));
}

}  // namespace hubpush::inline v0
