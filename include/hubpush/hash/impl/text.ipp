#pragma once

#include <hubpush/hash/text.hpp>

#include <array>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::string_view lower_hex_digits = "0123456789abcdef";
inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::uint8_t not_a_digit = 255;

/// For each byte its value as a digit.
constexpr std::array<std::uint8_t, 256> digit_values(std::string_view digits) {
    std::array<std::uint8_t, 256> values{};
    values.fill(not_a_digit);
    for (std::size_t i = 0; i < digits.size(); ++i) {
        values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

inline constexpr std::array<std::uint8_t, 256> base64_values = digit_values(base64_digits);

constexpr std::uint8_t hex_digit_value(char digit) noexcept {
    if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
    if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
    if (digit >= 'A' && digit <= 'F') return static_cast<std::uint8_t>(digit - 'A' + 10);
    return not_a_digit;
}

inline std::byte base64_digit(std::uint32_t value) noexcept {
    return static_cast<std::byte>(base64_digits[value & 63U]);
}

/// Four digits of `group`, whose low 24 bits hold three bytes.
inline void put_base64(std::uint32_t group, std::byte* out) noexcept {
    out[0] = base64_digit(group >> 18U);
    out[1] = base64_digit(group >> 12U);
    out[2] = base64_digit(group >> 6U);
    out[3] = base64_digit(group);
}

/// The 24 bits of four digits; `padding` of them at the end are '='. Nothing when a digit is none, or when bits that
/// no byte holds are set, so that every content has exactly one text.
inline std::optional<std::uint32_t> get_base64(std::string_view digits, std::size_t padding) noexcept {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const bool padded = i >= 4 - padding;
        const std::uint8_t value = padded ? 0 : base64_values[static_cast<unsigned char>(digits[i])];
        if (value == not_a_digit) return std::nullopt;
        group = group << 6U | value;
    }
    const std::uint32_t unused = (1U << 8U * padding) - 1;
    if ((group & unused) != 0) return std::nullopt;
    return group;
}

}  // namespace detail

HUBPUSH_DECL std::string to_hex(std::span<const std::byte> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text.push_back(detail::lower_hex_digits[std::to_integer<std::size_t>(byte >> 4)]);
        text.push_back(detail::lower_hex_digits[std::to_integer<std::size_t>(byte & std::byte{15})]);
    }
    return text;
}

HUBPUSH_DECL std::optional<std::vector<std::byte>> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::vector<std::byte> bytes(text.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::uint8_t high = detail::hex_digit_value(text[2 * i]);
        const std::uint8_t low = detail::hex_digit_value(text[2 * i + 1]);
        if (high == detail::not_a_digit || low == detail::not_a_digit) return std::nullopt;
        bytes[i] = static_cast<std::byte>(high << 4 | low);
    }
    return bytes;
}

HUBPUSH_DECL bool is_hex(std::string_view text, std::size_t length) noexcept {
    return text.size() == length && text.find_first_not_of(detail::lower_hex_digits) == std::string_view::npos;
}

HUBPUSH_DECL std::string to_base64(std::span<const std::byte> bytes) {
    std::string text(base64_size(bytes.size()), '\0');
    encode_base64(bytes, std::as_writable_bytes(std::span(text)));
    return text;
}

HUBPUSH_DECL std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const std::size_t missing = i + 4 == text.size() ? padding : 0;
        const std::optional<std::uint32_t> group = detail::get_base64(text.substr(i, 4), missing);
        if (!group) return std::nullopt;
        for (std::size_t byte = 0; byte < 3 - missing; ++byte) {
            bytes.push_back(static_cast<std::byte>(*group >> (16 - 8 * byte) & 255U));
        }
    }
    return bytes;
}

HUBPUSH_DECL void encode_base64(std::span<const std::byte> bytes, std::span<std::byte> out) noexcept {
    const std::byte* in = bytes.data();
    std::byte* to = out.data();
    const auto byte = [&in](std::size_t i) { return std::to_integer<std::uint32_t>(in[i]); };
    // Three bytes are read before four are written, and what is written never passes what is still to be read.
    for (std::size_t left = bytes.size() / 3; left != 0; --left, in += 3, to += 4) {
        detail::put_base64(byte(0) << 16U | byte(1) << 8U | byte(2), to);
    }
    const std::size_t rest = bytes.size() % 3;
    if (rest == 0) return;
    detail::put_base64(byte(0) << 16U | (rest == 2 ? byte(1) << 8U : 0U), to);
    to[3] = std::byte{'='};
    if (rest == 1) to[2] = std::byte{'='};
}

}  // namespace hubpush::inline v0
