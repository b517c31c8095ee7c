#pragma once

#include <hubpush/local_hub/request_reader.hpp>

#include <llhttp.h>

#include <algorithm>

namespace hubpush::inline v0::detail {

/// llhttp and what its callbacks have to remember.
struct request_reader::parser {
    parser() {
        llhttp_settings_init(&settings);
        settings.on_url = [](llhttp_t* which, const char* at, std::size_t size) {
            self(which).head->target.append(at, size);
            return 0;
        };
        settings.on_header_field = [](llhttp_t* which, const char* at, std::size_t size) {
            return self(which).name(at, size);
        };
        settings.on_header_value = [](llhttp_t* which, const char* at, std::size_t size) {
            self(which).head->fields.back().second.append(at, size);
            self(which).in_value = true;
            return 0;
        };
        settings.on_header_value_complete = [](llhttp_t* which) {
            self(which).in_value = true;  // also for an empty value
            return 0;
        };
        settings.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
        settings.on_body = [](llhttp_t* which, const char* at, std::size_t size) -> int {
            self(which).body = std::as_bytes(std::span(at, size));
            return HPE_PAUSED;
        };
        settings.on_message_complete = [](llhttp_t* which) -> int {
            self(which).complete = true;
            return HPE_PAUSED;
        };
        llhttp_init(&state, HTTP_REQUEST, &settings);
        state.data = this;
    }

    static parser& self(llhttp_t* which) { return *static_cast<parser*>(which->data); }

    int name(const char* at, std::size_t size) {
        if (head_done) return -1;  // a trailer: nobody sends one to a Hub, and nothing here would look at it
        if (in_value || head->fields.empty()) head->fields.emplace_back();
        in_value = false;
        head->fields.back().first.append(at, size);
        return head->fields.size() > request_reader::field_limit ? -1 : 0;
    }

    /// Runs to the next pause. The number of bytes used, or nothing after an error.
    std::optional<std::size_t> run(const char* data, std::size_t size) {
        const llhttp_errno_t outcome = llhttp_execute(&state, data, size);
        if (outcome == HPE_OK) return size;
        if (outcome != HPE_PAUSED) return std::nullopt;
        const auto used = static_cast<std::size_t>(llhttp_get_error_pos(&state) - data);
        llhttp_resume(&state);
        return used;
    }

    llhttp_settings_t settings{};
    llhttp_t state{};
    request_head* head = nullptr;
    std::span<const std::byte> body;
    bool in_value = false;
    bool head_done = false;
    bool complete = false;
};

HUBPUSH_DECL request_reader::request_reader() : parser_(std::make_unique<parser>()) { parser_->head = &head_; }

HUBPUSH_DECL request_reader::~request_reader() = default;

HUBPUSH_DECL request_reader::event request_reader::next(std::span<const std::byte>& input) {
    if (failure_status_ != 0) return event::failed;
    return in_head_ ? collect_head(input) : read_body(input);
}

/// A head is collected whole before llhttp sees it: the limit, bare line feeds and folded lines are then plain to
/// check.
HUBPUSH_DECL request_reader::event request_reader::collect_head(std::span<const std::byte>& input) {
    while (!input.empty()) {
        const char next = static_cast<char>(input.front());
        const char last = collected_.empty() ? '\n' : collected_.back();
        input = input.subspan(1);
        if (collected_.empty() && (next == '\r' || next == '\n')) continue;  // RFC 9112 §2.2: an empty line before it
        if (next == '\n' && last != '\r') return fail(400, "a line of the head does not end with CR LF");
        if (last == '\n' && !collected_.empty() && (next == ' ' || next == '\t'))
            return fail(400, "a folded header line");
        collected_.push_back(next);
        if (collected_.size() > head_limit) return fail(431, "the head of the request is too large");
        if (next == '\n' && collected_.ends_with("\r\n\r\n")) return parse_head();
    }
    return event::need_more;
}

HUBPUSH_DECL request_reader::event request_reader::parse_head() {
    head_ = request_head();
    parser_->complete = false;
    parser_->in_value = false;
    parser_->head_done = false;
    const std::optional<std::size_t> used = parser_->run(collected_.data(), collected_.size());
    if (!used) return fail(400, llhttp_errno_name(static_cast<llhttp_errno_t>(llhttp_get_errno(&parser_->state))));
    parser_->head_done = true;
    in_head_ = false;
    // llhttp pauses on the last byte of the head and takes it again when it goes on.
    collected_.erase(0, *used);
    if (!check_head()) return event::failed;
    return event::head;
}

/// RFC 9110 §5.1. llhttp as Debian builds it (not strict) takes a space for a part of the name.
inline bool is_field_name(std::string_view name) noexcept {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char each) {
        const bool letter = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
        return letter || (each >= '0' && each <= '9') || marks.find(each) != std::string_view::npos;
    });
}

HUBPUSH_DECL bool request_reader::check_head() {
    const llhttp_t& state = parser_->state;
    head_.method = llhttp_method_name(static_cast<llhttp_method_t>(state.method));
    head_.keep_alive = llhttp_should_keep_alive(&state) != 0;
    head_.chunked = (state.flags & F_CHUNKED) != 0;
    if ((state.flags & F_CONTENT_LENGTH) != 0) head_.content_length = state.content_length;
    const auto count = [this](std::string_view name) {
        return std::count_if(head_.fields.begin(), head_.fields.end(),
                             [name](const served_field& each) { return equal_ignoring_case(each.first, name); });
    };
    const std::optional<std::string_view> coding = head_.find("transfer-encoding");
    if (state.http_major != 1 || state.http_minor > 1) return fail(505, "only HTTP/1.0 and HTTP/1.1"), false;
    if (head_.target.size() > target_limit) return fail(414, "the request target is too long"), false;
    if (head_.target.empty() || head_.target.front() != '/')
        return fail(400, "the request target is not a path"), false;
    const auto well_named = [](const served_field& each) { return is_field_name(each.first); };
    if (!std::all_of(head_.fields.begin(), head_.fields.end(), well_named)) {
        return fail(400, "a field name is not allowed"), false;
    }
    if (count("host") != 1) return fail(400, "not exactly one Host field"), false;
    if (count("authorization") > 1) return fail(400, "more than one Authorization field"), false;
    if (coding && (count("transfer-encoding") != 1 || !equal_ignoring_case(*coding, "chunked"))) {
        return fail(501, "a transfer coding other than chunked"), false;
    }
    if (state.upgrade != 0) return fail(400, "upgrade is not offered"), false;
    return true;
}

HUBPUSH_DECL request_reader::event request_reader::read_body(std::span<const std::byte>& input) {
    body_ = {};
    parser_->body = {};
    while (!collected_.empty() && !parser_->complete) {  // the byte left over from the head
        const std::optional<std::size_t> used = parser_->run(collected_.data(), collected_.size());
        if (!used) return fail(400, "the framing of the body is broken");
        collected_.erase(0, *used);
        if (*used == 0) break;
    }
    while (!parser_->complete && parser_->body.empty()) {
        const char* const data = reinterpret_cast<const char*>(input.data());
        const std::optional<std::size_t> used = parser_->run(data, input.size());
        if (!used) return fail(400, "the framing of the body is broken");
        input = input.subspan(*used);
        if (input.empty() && parser_->body.empty() && !parser_->complete) return event::need_more;
    }
    body_ = parser_->body;
    if (!body_.empty()) return event::body;
    in_head_ = true;
    collected_.clear();
    return event::end;
}

HUBPUSH_DECL request_reader::event request_reader::fail(int status, std::string_view reason) {
    failure_status_ = status;
    failure_ = reason;
    return event::failed;
}

}  // namespace hubpush::inline v0::detail
