#pragma once

#include <hubpush/net/http_reader.hpp>

#include <algorithm>
#include <limits>
#include <string>

// Debian installs the header in a folder of its own, upstream does not.
#if __has_include(<llhttp/llhttp.h>)
#include <llhttp/llhttp.h>
#else
#include <llhttp.h>
#endif

namespace hubpush::inline v0 {

/// llhttp with a watchman. Everything but body content is fed to it byte by byte, so that sizes are counted exactly,
/// folded lines are seen, and the verdict does not depend on how the network split the bytes.
struct http_reader::parser {
    parser(bool head_request, std::uint64_t most) : to_head(head_request), body_limit(most) { begin_message(); }

    void begin_message();
    std::size_t feed(std::span<const std::byte> bytes);
    int check_framing(char byte);
    void message_ended(llhttp_errno_t result);
    int fail(errc code, const char* why) noexcept;

    int on_field(const char* at, std::size_t size);
    int on_value(const char* at, std::size_t size);
    int on_value_complete();
    int on_headers_complete();
    int on_body(const char* at, std::size_t size);
    int on_chunk_header();
    int on_chunk_complete();
    int on_message_complete();
    bool accepts_coding();

    static const llhttp_settings_t& callbacks();
    template <auto Member, class... Arguments>
    static int call(llhttp_t* machine, Arguments... arguments) noexcept;

    static constexpr std::uint64_t to_the_end = std::numeric_limits<std::uint64_t>::max();

    const bool to_head;
    const std::uint64_t body_limit;
    llhttp_t machine;
    header_list headers;
    std::string name;
    std::string value;
    std::string body;
    std::uint64_t content = 0;  // bytes of content that follow for certain; 0 between lines
    std::size_t framing = 0;    // bytes of the head, or of the lines after it
    std::size_t interim = 0;
    char previous = 0;
    bool in_head = true;
    bool complete = false;
    bool keep_alive = false;
    bool leftover = false;
    std::error_code failure;
    const char* problem = "";
};

inline int http_reader::parser::fail(errc code, const char* why) noexcept {
    failure = make_error_code(code);
    problem = why;
    return HPE_USER;
}

inline void http_reader::parser::begin_message() {
    llhttp_init(&machine, HTTP_RESPONSE, &callbacks());
    machine.data = this;
    headers = header_list();
    framing = 0;
    in_head = true;
}

/// Feeds the next piece and gives its length: one byte of framing, or as much content as there is.
inline std::size_t http_reader::parser::feed(std::span<const std::byte> bytes) {
    const char* const text = reinterpret_cast<const char*>(bytes.data());
    if (content == 0 && check_framing(*text) != HPE_OK) return 1;
    const auto size = static_cast<std::size_t>(std::clamp<std::uint64_t>(content, 1, bytes.size()));
    const llhttp_errno_t result = llhttp_execute(&machine, text, size);
    if (result == HPE_OK) return size;
    const char* const stopped_at = llhttp_get_error_pos(&machine);
    message_ended(result);
    return result == HPE_PAUSED ? static_cast<std::size_t>(stopped_at - text) : size;
}

/// llhttp stops at the end of every message, because `on_message_complete` asks for it, and at errors.
inline void http_reader::parser::message_ended(llhttp_errno_t result) {
    if (failure) return;
    if (result != HPE_PAUSED) {
        fail(errc::protocol_error, llhttp_get_error_reason(&machine));
    } else if (!complete) {
        begin_message();
    }
}

inline int http_reader::parser::check_framing(char byte) {
    const bool begins = in_head && framing == 0;
    const bool folded = previous == '\n' && (byte == ' ' || byte == '\t') && !begins;
    previous = byte;
    if (begins && byte != 'H') return fail(errc::protocol_error, "the answer is not HTTP");
    if (folded) return fail(errc::protocol_error, "a header field is folded over two lines");
    if (++framing <= (in_head ? head_limit : framing_limit)) return HPE_OK;
    return fail(errc::limit_exceeded, in_head ? "the header is too long" : "chunk extensions or trailers are too long");
}

inline int http_reader::parser::on_field(const char* at, std::size_t size) {
    name.append(at, size);
    return HPE_OK;
}

inline int http_reader::parser::on_value(const char* at, std::size_t size) {
    value.append(at, size);
    return HPE_OK;
}

inline int http_reader::parser::on_value_complete() {
    if (in_head) {  // trailers are read and dropped
        if (headers.size() == field_limit) return fail(errc::limit_exceeded, "the header has too many fields");
        headers.add(name, value);
    }
    name.clear();
    value.clear();
    return HPE_OK;
}

/// llhttp takes any final coding for "read until close" and any other one for the business of somebody else.
inline bool http_reader::parser::accepts_coding() {
    const auto encoding = headers.find("content-encoding");
    if (encoding && !detail::equal_without_case(*encoding, "identity")) return false;
    const std::size_t transfer_codings = headers.count("transfer-encoding");
    if (transfer_codings == 0) return true;
    return transfer_codings == 1 && machine.http_minor == 1 &&
           detail::equal_without_case(*headers.find("transfer-encoding"), "chunked");
}

inline int http_reader::parser::on_headers_complete() {
    const int status = llhttp_get_status_code(&machine);
    if (machine.http_major != 1 || machine.http_minor > 1)
        return fail(errc::protocol_error, "not HTTP/1.0 or HTTP/1.1");
    if (status < 100 || status > 599) return fail(errc::protocol_error, "the status is not between 100 and 599");
    if (status == 101) return fail(errc::protocol_error, "the peer changes the protocol unasked");
    if (status < 200 && ++interim > interim_limit) return fail(errc::limit_exceeded, "too many interim answers");
    if (!accepts_coding()) return fail(errc::protocol_error, "the body comes in a coding that was not asked for");
    in_head = false;
    framing = 0;
    // llhttp would wait for the body of a 304 and read that of a 204: 1 tells it that there is none.
    if (to_head || status < 200 || status == 204 || status == 304) return 1;
    if (headers.count("content-length") != 0 && machine.content_length > body_limit) {
        return fail(errc::limit_exceeded, "the body is longer than allowed");
    }
    content = headers.count("transfer-encoding") != 0 ? 0 : to_the_end;
    return HPE_OK;
}

inline int http_reader::parser::on_chunk_header() {
    content = machine.content_length;
    return HPE_OK;
}

inline int http_reader::parser::on_chunk_complete() {
    framing -= std::min<std::size_t>(framing, 20);  // an honest size with its line ends: only what is beyond counts
    return HPE_OK;
}

inline int http_reader::parser::on_body(const char* at, std::size_t size) {
    if (size > body_limit - body.size()) return fail(errc::limit_exceeded, "the body is longer than allowed");
    body.append(at, size);
    if (content != to_the_end) content -= size;
    return HPE_OK;
}

inline int http_reader::parser::on_message_complete() {
    complete = llhttp_get_status_code(&machine) >= 200;
    keep_alive = complete && llhttp_should_keep_alive(&machine) != 0;
    content = 0;
    return HPE_PAUSED;
}

/// C calls these: no exception may pass.
template <auto Member, class... Arguments>
int http_reader::parser::call(llhttp_t* machine, Arguments... arguments) noexcept {
    parser& self = *static_cast<parser*>(machine->data);
    try {
        return (self.*Member)(arguments...);
    } catch (const error&) {  // of header_list
        return self.fail(errc::protocol_error, "a header field holds bytes that do not belong there");
    } catch (...) {
        return self.fail(errc::internal, "out of memory while reading an answer");
    }
}

/// Assigned by name: newer releases of llhttp have more of them.
inline const llhttp_settings_t& http_reader::parser::callbacks() {
    static const llhttp_settings_t settings = [] {
        llhttp_settings_t result;
        llhttp_settings_init(&result);
        result.on_header_field = call<&parser::on_field>;
        result.on_header_value = call<&parser::on_value>;
        result.on_header_value_complete = call<&parser::on_value_complete>;
        result.on_headers_complete = call<&parser::on_headers_complete>;
        result.on_body = call<&parser::on_body>;
        result.on_chunk_header = call<&parser::on_chunk_header>;
        result.on_chunk_complete = call<&parser::on_chunk_complete>;
        result.on_message_complete = call<&parser::on_message_complete>;
        return result;
    }();
    return settings;
}

HUBPUSH_DECL http_reader::http_reader(bool to_head, std::uint64_t body_limit)
    : parser_(std::make_unique<parser>(to_head, body_limit)) {}

HUBPUSH_DECL http_reader::~http_reader() = default;

HUBPUSH_DECL std::error_code http_reader::feed(std::span<const std::byte> bytes) {
    while (!bytes.empty() && !parser_->failure) {
        if (parser_->complete) {
            parser_->leftover = true;
            break;
        }
        bytes = bytes.subspan(parser_->feed(bytes));
    }
    return parser_->failure;
}

HUBPUSH_DECL std::error_code http_reader::end_of_stream() {
    if (parser_->complete || parser_->failure) return parser_->failure;
    const bool without_length =
        parser_->content == parser::to_the_end && llhttp_message_needs_eof(&parser_->machine) != 0;
    if (without_length) {
        parser_->complete = true;
    } else {
        const bool silent = parser_->framing == 0 && parser_->in_head && parser_->interim == 0;
        parser_->fail(errc::transport, silent ? "the peer closed the connection without an answer"
                                              : "the peer closed the connection in the middle of its answer");
    }
    return parser_->failure;
}

HUBPUSH_DECL bool http_reader::started() const noexcept { return !parser_->in_head || parser_->framing != 0; }
HUBPUSH_DECL bool http_reader::complete() const noexcept { return parser_->complete && !parser_->failure; }
HUBPUSH_DECL bool http_reader::reusable() const noexcept {
    return complete() && parser_->keep_alive && !parser_->leftover;
}
HUBPUSH_DECL bool http_reader::has_leftover() const noexcept { return parser_->leftover; }
HUBPUSH_DECL std::string_view http_reader::problem() const noexcept { return parser_->problem; }

HUBPUSH_DECL http_response http_reader::take() {
    return http_response(llhttp_get_status_code(&parser_->machine), std::move(parser_->headers),
                         std::move(parser_->body));
}

}  // namespace hubpush::inline v0
