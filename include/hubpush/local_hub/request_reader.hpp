#pragma once

/// \file
/// Reads requests from bytes, on llhttp, without any I/O. It shares nothing with the client's reader, so that both
/// cannot misread HTTP in the same way.

#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/request_head.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hubpush::inline v0::detail {

/// Bytes in, events out. llhttp is strict by default about framing; what it lets through and a server must not
/// (spec/reliability.md §2.1: folded lines, unusual transfer codings, unbounded heads) is refused here.
class request_reader {
public:
    static constexpr std::size_t head_limit = 64 * 1024;
    static constexpr std::size_t field_limit = 256;
    static constexpr std::size_t target_limit = 8 * 1024;

    enum class event {
        need_more,  ///< all input is consumed
        head,       ///< `head()` is complete
        body,       ///< `body()` is the next piece of the body; it points into the input
        end,        ///< the request is complete; the next byte belongs to the next one
        failed      ///< not a request; `failure_status()` and `failure()` say why, and nothing can be read any more
    };

    HUBPUSH_DECL request_reader();
    HUBPUSH_DECL ~request_reader();
    request_reader(const request_reader&) = delete;
    request_reader& operator=(const request_reader&) = delete;

    /// Reads up to the next event and removes what it used from the front of `input`.
    HUBPUSH_DECL event next(std::span<const std::byte>& input);

    /// True while not a single byte of the next request has come.
    bool idle() const noexcept { return collected_.empty() && in_head_; }
    request_head& head() noexcept { return head_; }
    std::span<const std::byte> body() const noexcept { return body_; }
    int failure_status() const noexcept { return failure_status_; }
    std::string_view failure() const noexcept { return failure_; }

private:
    struct parser;

    HUBPUSH_DECL event collect_head(std::span<const std::byte>& input);
    HUBPUSH_DECL event parse_head();
    HUBPUSH_DECL event read_body(std::span<const std::byte>& input);
    HUBPUSH_DECL bool check_head();
    HUBPUSH_DECL event fail(int status, std::string_view reason);

    std::unique_ptr<parser> parser_;
    std::string collected_;
    request_head head_;
    std::span<const std::byte> body_;
    bool in_head_ = true;
    int failure_status_ = 0;
    std::string failure_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/request_reader.ipp>
#endif
