#pragma once

/// \file
/// Letters, words and white space of ASCII, whatever the locale says.

#include <hubpush/core/config.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace hubpush::inline v0::detail {

inline constexpr std::string_view white_space = " \t\r\n\v\f";

constexpr char lower_case(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

inline std::string lowered(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower_case);
    return result;
}

/// `\w`.
constexpr bool is_word_byte(char byte) noexcept {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/// Neither blanks nor control characters: what may stand in a request target, a host or a token.
constexpr bool is_visible_byte(char byte) noexcept { return byte > ' ' && byte < '\x7f'; }

/// Every byte of `text` is one for which `is_one` holds; so it is for no bytes at all.
constexpr bool consists_of(std::string_view text, bool (*is_one)(char)) {
    for (const char byte : text) {
        if (!is_one(byte)) return false;
    }
    return true;
}

/// `text` without the bytes of `blanks` at its ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") noexcept {
    const std::size_t begin = text.find_first_not_of(blanks);
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace hubpush::inline v0::detail
