#pragma once

/// \file
/// SHA-256 and git blob ids, by OpenSSL's EVP. The only header of `hash/` that knows OpenSSL.

#include <hubpush/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hubpush::inline v0 {

/// 32 bytes of SHA-256.
using sha256_digest = std::array<std::byte, 32>;
/// 20 bytes of SHA-1: a git object id.
using sha1_digest = std::array<std::byte, 20>;

namespace detail {

/// One running EVP digest. A context is about 100 bytes on the heap; every failure of OpenSSL here is a broken
/// installation (no such algorithm) and thrown as `errc::internal`.
class digest_context {
public:
    enum class algorithm { sha1, sha256 };

    HUBPUSH_DECL explicit digest_context(algorithm which);
    HUBPUSH_DECL void update(std::span<const std::byte> bytes);
    HUBPUSH_DECL void finish(std::span<std::byte> digest);

private:
    struct deleter {
        HUBPUSH_DECL void operator()(void* context) const noexcept;
    };
    std::unique_ptr<void, deleter> context_;
};

}  // namespace detail

/// SHA-256 of a stream of bytes. Not thread-safe; movable.
class sha256 {
public:
    HUBPUSH_DECL sha256();
    HUBPUSH_DECL void update(std::span<const std::byte> bytes);
    /// Ends the stream; the object may only be destroyed or assigned afterwards.
    HUBPUSH_DECL sha256_digest finish();

    HUBPUSH_DECL static sha256_digest of(std::span<const std::byte> bytes);

private:
    detail::digest_context context_;
};

/// The id git gives to a file: SHA-1 of `blob <size>\0` and the content (spec/hub-http-api.md §4.6 and §14.5). The size
/// is needed first. Not thread-safe; movable.
class git_blob_hash {
public:
    HUBPUSH_DECL explicit git_blob_hash(std::uint64_t size);
    HUBPUSH_DECL void update(std::span<const std::byte> bytes);
    /// Ends the stream; the object may only be destroyed or assigned afterwards.
    HUBPUSH_DECL sha1_digest finish();

    HUBPUSH_DECL static sha1_digest of(std::span<const std::byte> bytes);

private:
    detail::digest_context context_;
};

/// Views of text as bytes, for hashing and sending.
inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hash/impl/digest.ipp>
#endif
