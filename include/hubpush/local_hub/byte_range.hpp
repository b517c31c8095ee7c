#pragma once

/// \file
/// The `Range` field of a request: one range of bytes (RFC 9110 §14).

#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/request_head.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace hubpush::inline v0::detail {

/// What part of a content of known size is asked for.
class byte_range {
public:
    byte_range() = default;
    /// Everything, where there is no `Range` or one that is not understood, which a server may ignore.
    HUBPUSH_DECL byte_range(const request_head& request, std::uint64_t size);

    /// 200, 206, or 416 when nothing of the content is in the range.
    int status() const noexcept { return status_; }
    std::uint64_t offset() const noexcept { return offset_; }
    std::uint64_t length() const noexcept { return length_; }
    /// `Accept-Ranges`, `Content-Length` and, where it belongs, `Content-Range`.
    HUBPUSH_DECL std::vector<served_field> fields() const;

private:
    HUBPUSH_DECL void take(std::uint64_t first, std::uint64_t last);

    int status_ = 200;
    std::uint64_t size_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t length_ = 0;
    bool empty_asked_ = false;  // the beginning of an empty content: there is no such range, and nothing is missing
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/byte_range.ipp>
#endif
