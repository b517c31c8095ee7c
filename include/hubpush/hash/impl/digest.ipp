#pragma once

#include <hubpush/hash/digest.hpp>

#include <hubpush/core/error.hpp>

#include <openssl/evp.h>

#include <new>

namespace hubpush::inline v0 {

namespace detail {

inline void require_digest(int succeeded) {
    if (succeeded != 1) throw_error(errc::internal, "OpenSSL cannot compute a digest");
}

HUBPUSH_DECL void digest_context::deleter::operator()(void* context) const noexcept {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

HUBPUSH_DECL digest_context::digest_context(algorithm which) : context_(EVP_MD_CTX_new()) {
    if (!context_) throw std::bad_alloc();
    const EVP_MD* const type = which == algorithm::sha1 ? EVP_sha1() : EVP_sha256();
    require_digest(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_.get()), type, nullptr));
}

HUBPUSH_DECL void digest_context::update(std::span<const std::byte> bytes) {
    require_digest(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size()));
}

HUBPUSH_DECL void digest_context::finish(std::span<std::byte> digest) {
    auto* const out = reinterpret_cast<unsigned char*>(digest.data());
    require_digest(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), out, nullptr));
}

}  // namespace detail

HUBPUSH_DECL sha256::sha256() : context_(detail::digest_context::algorithm::sha256) {}

HUBPUSH_DECL void sha256::update(std::span<const std::byte> bytes) { context_.update(bytes); }

HUBPUSH_DECL sha256_digest sha256::finish() {
    sha256_digest digest{};
    context_.finish(digest);
    return digest;
}

HUBPUSH_DECL sha256_digest sha256::of(std::span<const std::byte> bytes) {
    sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

HUBPUSH_DECL git_blob_hash::git_blob_hash(std::uint64_t size) : context_(detail::digest_context::algorithm::sha1) {
    std::string header = "blob " + std::to_string(size);
    header.push_back('\0');
    context_.update(as_bytes(header));
}

HUBPUSH_DECL void git_blob_hash::update(std::span<const std::byte> bytes) { context_.update(bytes); }

HUBPUSH_DECL sha1_digest git_blob_hash::finish() {
    sha1_digest digest{};
    context_.finish(digest);
    return digest;
}

HUBPUSH_DECL sha1_digest git_blob_hash::of(std::span<const std::byte> bytes) {
    git_blob_hash hash(bytes.size());
    hash.update(bytes);
    return hash.finish();
}

}  // namespace hubpush::inline v0
