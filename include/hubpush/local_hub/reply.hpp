#pragma once

/// \file
/// Answers of an embedded Hub as values, and refusals as exceptions.

#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/request_head.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

/// A complete answer. A class with setters that chain, so that it can be built inside a `co_await` expression.
class served_reply {
public:
    served_reply() = default;
    explicit served_reply(int status) : status_(status) {}
    served_reply(int status, std::string body, std::string content_type) : status_(status), body_(std::move(body)) {
        header("Content-Type", std::move(content_type));
    }
    static served_reply json(std::string text) {
        return served_reply(200, std::move(text), "application/json; charset=utf-8");
    }
    /// An error in the Hub's form: the text in a header and in the body (spec/hub-http-api.md §1.10).
    HUBPUSH_DECL static served_reply failure(int status, std::string_view code, std::string_view message);

    served_reply& header(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    served_reply& body(std::string text) {
        body_ = std::move(text);
        return *this;
    }

    int status() const noexcept { return status_; }
    const std::vector<served_field>& fields() const noexcept { return fields_; }
    const std::string& body() const noexcept { return body_; }

private:
    int status_ = 200;
    std::vector<served_field> fields_;
    std::string body_;
};

/// Thrown by handlers: nothing was applied, and this is the answer. The rest of the request's body is read first.
class refusal : public std::exception {
public:
    explicit refusal(served_reply reply) : reply_(std::move(reply)) {}
    refusal(int status, std::string_view code, std::string_view message)
        : reply_(served_reply::failure(status, code, message)) {}

    const char* what() const noexcept override { return "a request was refused"; }
    const served_reply& reply() const noexcept { return reply_; }

private:
    served_reply reply_;
};

[[noreturn]] HUBPUSH_DECL void refuse_unknown_address();
/// 401 in the form after which git and git-lfs ask again with credentials.
[[noreturn]] HUBPUSH_DECL void refuse_anonymous(std::string_view code, std::string_view message);

/// 403 with the text of §1.10 that tells a reader what is possible.
[[noreturn]] HUBPUSH_DECL void refuse_writer();

/// The words after a status code.
HUBPUSH_DECL std::string_view reason_phrase(int status) noexcept;

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/reply.ipp>
#endif
