#pragma once

/// \file
/// JSON as hubpush needs it: answers are read into a tree with limits and through checked getters, requests are written
/// as text (spec/reliability.md §2.2). The parser is nlohmann's, behind `impl/json.ipp`; its tree is not used, because
/// it costs up to thirty times the answer's size and converts numbers silently.

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {
class json_builder;
}

/// One value of a parsed document. Getters throw `errc::protocol_error` naming the key when a member is missing, has
/// another type or is out of range: what a server sends is never converted.
class json_value {
public:
    static constexpr std::size_t deepest = 64;            ///< levels of arrays and objects
    static constexpr std::size_t most_values = 1U << 16;  ///< values in one document

    enum class kind { null, boolean, integer, real, string, array, object };
    using member = std::pair<std::string, json_value>;

    json_value() = default;
    explicit json_value(bool value) : kind_(kind::boolean), integer_(value ? 1 : 0) {}
    explicit json_value(std::uint64_t value) : kind_(kind::integer), integer_(value) {}
    explicit json_value(std::string value) : kind_(kind::string), text_(std::move(value)) {}
    explicit json_value(kind type) : kind_(type) {}

    /// Nothing for text that is not JSON, has duplicate keys or exceeds a limit.
    HUBPUSH_DECL static std::optional<json_value> parse(std::string_view text);

    kind type() const noexcept { return kind_; }
    bool is_object() const noexcept { return kind_ == kind::object; }
    bool is_null() const noexcept { return kind_ == kind::null; }
    /// The text of a string; empty for everything else.
    const std::string& text() const noexcept { return text_; }
    /// The items of an array; empty for everything else.
    const std::vector<json_value>& items() const noexcept { return items_; }
    /// The members of an object in their order; empty for everything else.
    const std::vector<member>& members() const noexcept { return members_; }

    /// The member `key`, or a null pointer when this is no object, has no such member, or the member is null.
    HUBPUSH_DECL const json_value* find(std::string_view key) const noexcept;

    HUBPUSH_DECL const json_value& object(std::string_view key) const;
    HUBPUSH_DECL const std::vector<json_value>& array(std::string_view key) const;
    /// A string of at most `limit` bytes.
    HUBPUSH_DECL const std::string& string(std::string_view key, std::size_t limit = 4096) const;
    /// An integer from 0 to `most`.
    HUBPUSH_DECL std::uint64_t integer(std::string_view key, std::uint64_t most) const;
    /// `otherwise` when the member is missing or null.
    HUBPUSH_DECL bool boolean(std::string_view key, bool otherwise) const;
    HUBPUSH_DECL std::optional<std::string> optional_string(std::string_view key, std::size_t limit = 4096) const;

private:
    friend class detail::json_builder;

    HUBPUSH_DECL const json_value& require(std::string_view key, kind type) const;

    kind kind_ = kind::null;
    std::uint64_t integer_ = 0;
    std::string text_;
    std::vector<json_value> items_;
    std::vector<member> members_;
};

/// `text` as a JSON string with its quotes. Everything that could end a line or reorder a terminal is escaped, so that
/// a line of NDJSON stays one line for every reader (spec/reliability.md SEC09). `text` must be UTF-8 (core/utf8.hpp).
HUBPUSH_DECL std::string json_quoted(std::string_view text);

/// Writes one object, member by member, without spaces.
class json_object {
public:
    json_object& text(std::string_view key, std::string_view value) { return raw(key, json_quoted(value)); }
    json_object& number(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }
    /// `value` is JSON already.
    json_object& raw(std::string_view key, std::string_view value) {
        body_ += body_.empty() ? "" : ",";
        body_ += json_quoted(key);
        body_ += ':';
        body_ += value;
        return *this;
    }
    std::string str() const { return "{" + body_ + "}"; }

private:
    std::string body_;
};

/// Writes an array of values that are JSON already.
HUBPUSH_DECL std::string json_array(const std::vector<std::string>& items);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/json.ipp>
#endif
