#pragma once

#include <hubpush/hub/json.hpp>

#include <hubpush/core/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

/// Receives nlohmann's events and builds the tree; every `false` stops the parser at once.
class json_builder {
public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    bool null() { return add(json_value()) != nullptr; }
    bool boolean(bool value) { return add(json_value(value)) != nullptr; }
    bool number_unsigned(number_unsigned_t value) { return add(json_value(std::uint64_t{value})) != nullptr; }
    // Negative and broken numbers are kept only so that unknown members may hold them; no getter gives them out.
    bool number_integer(number_integer_t) { return add(json_value(json_value::kind::real)) != nullptr; }
    bool number_float(number_float_t, const string_t&) { return add(json_value(json_value::kind::real)) != nullptr; }
    bool string(string_t& value) { return add(json_value(std::move(value))) != nullptr; }
    bool binary(binary_t&) { return false; }
    bool key(string_t& name) {
        key_ = std::move(name);
        return true;
    }
    bool start_object(std::size_t) { return open(json_value::kind::object); }
    bool start_array(std::size_t) { return open(json_value::kind::array); }
    bool end_object() {
        const bool unique = has_unique_keys(*open_.back());
        open_.pop_back();
        return unique;
    }
    bool end_array() {
        open_.pop_back();
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) { return false; }

    json_value take() { return std::move(root_); }

private:
    /// Puts a value into the innermost open array or object. The address stays valid until its parent gets another
    /// child, and by then the value is closed.
    json_value* add(json_value value) {
        if (++count_ > json_value::most_values) return nullptr;
        if (open_.empty()) return &(root_ = std::move(value));
        json_value& parent = *open_.back();
        if (parent.is_object()) return &parent.members_.emplace_back(std::move(key_), std::move(value)).second;
        return &parent.items_.emplace_back(std::move(value));
    }

    bool open(json_value::kind type) {
        if (open_.size() == json_value::deepest) return false;
        json_value* const added = add(json_value(type));
        if (added != nullptr) open_.push_back(added);
        return added != nullptr;
    }

    /// A second member of the same name would let two readers of one answer see different things.
    static bool has_unique_keys(const json_value& object) {
        std::vector<std::string_view> keys;
        keys.reserve(object.members().size());
        for (const json_value::member& entry : object.members()) keys.push_back(entry.first);
        std::sort(keys.begin(), keys.end());
        return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
    }

    json_value root_;
    std::vector<json_value*> open_;
    std::string key_;
    std::size_t count_ = 0;
};

/// True for every byte with which something begins that must be escaped, and for no other ASCII.
inline bool may_need_escape(char character) noexcept {
    const auto byte = static_cast<unsigned char>(character);
    return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f || byte == 0xc2 || byte == 0xe2;
}

/// Appends what stands at the front of `text`, escaped where need be; gives how many bytes of `text` that was.
inline std::size_t append_escaped(std::string& result, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte == '"' || byte == '\\') {
        result += {'\\', text.front()};
    } else if (byte < 0x80) {
        result += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    } else if (text.starts_with("\u0085")) {
        result += "\\u0085";
        return 2;
    } else if (text.starts_with("\u2028") || text.starts_with("\u2029")) {
        result += text[2] == '\xa8' ? "\\u2028" : "\\u2029";
        return 3;
    } else {
        result += text.front();
    }
    return 1;
}

}  // namespace detail

HUBPUSH_DECL std::optional<json_value> json_value::parse(std::string_view text) {
    detail::json_builder builder;
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return std::nullopt;
    return builder.take();
}

HUBPUSH_DECL const json_value* json_value::find(std::string_view key) const noexcept {
    for (const member& entry : members_) {
        if (entry.first == key) return entry.second.is_null() ? nullptr : &entry.second;
    }
    return nullptr;
}

HUBPUSH_DECL const json_value& json_value::require(std::string_view key, kind type) const {
    const json_value* const value = find(key);
    if (value == nullptr || value->kind_ != type) {
        throw_error(errc::protocol_error, "the server's answer has no usable \"" + std::string(key) + "\"");
    }
    return *value;
}

HUBPUSH_DECL const json_value& json_value::object(std::string_view key) const { return require(key, kind::object); }

HUBPUSH_DECL const std::vector<json_value>& json_value::array(std::string_view key) const {
    return require(key, kind::array).items_;
}

HUBPUSH_DECL const std::string& json_value::string(std::string_view key, std::size_t limit) const {
    const std::string& value = require(key, kind::string).text_;
    if (value.size() > limit) {
        throw_error(errc::protocol_error,
                    "the server's \"" + std::string(key) + "\" is longer than " + std::to_string(limit) + " bytes");
    }
    return value;
}

HUBPUSH_DECL std::uint64_t json_value::integer(std::string_view key, std::uint64_t most) const {
    const std::uint64_t value = require(key, kind::integer).integer_;
    if (value > most) {
        throw_error(errc::protocol_error,
                    "the server's \"" + std::string(key) + "\" is larger than " + std::to_string(most));
    }
    return value;
}

HUBPUSH_DECL bool json_value::boolean(std::string_view key, bool otherwise) const {
    return find(key) == nullptr ? otherwise : require(key, kind::boolean).integer_ != 0;
}

HUBPUSH_DECL std::optional<std::string> json_value::optional_string(std::string_view key, std::size_t limit) const {
    if (find(key) == nullptr) return std::nullopt;
    return string(key, limit);
}

HUBPUSH_DECL std::string json_quoted(std::string_view text) {
    std::string result = "\"";
    result.reserve(text.size() + 2);
    while (!text.empty()) {
        const auto special = std::find_if(text.begin(), text.end(), detail::may_need_escape);
        result.append(text.begin(), special);
        text.remove_prefix(static_cast<std::size_t>(special - text.begin()));
        if (!text.empty()) text.remove_prefix(detail::append_escaped(result, text));
    }
    return result + '"';
}

HUBPUSH_DECL std::string json_array(const std::vector<std::string>& items) {
    std::string result = "[";
    for (const std::string& item : items) {
        if (result.size() > 1) result += ',';
        result += item;
    }
    return result + "]";
}

}  // namespace hubpush::inline v0
