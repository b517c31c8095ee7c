#pragma once

#include <hubpush/hash/text.hpp>

#include <algorithm>
#include <array>
#include <cstring>

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

/// Both digits of every twelve bits, so that three bytes take two look-ups.
constexpr std::array<std::array<char, 2>, 4096> base64_digit_pairs() {
    std::array<std::array<char, 2>, 4096> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {base64_digits[i / 64], base64_digits[i % 64]};
    return pairs;
}

inline constexpr std::array<std::array<char, 2>, 4096> base64_pairs = base64_digit_pairs();

/// Four digits of `group`, whose low 24 bits hold three bytes.
inline void put_base64(std::uint32_t group, std::byte* out) noexcept {
    std::memcpy(out, base64_pairs[group >> 12U].data(), 2);
    std::memcpy(out + 2, base64_pairs[group & 4095U].data(), 2);
}

/// The 24 bits of four digits; more than 24 bits when one of them is no digit.
inline std::uint32_t get_base64(const char* digits) noexcept {
    const auto value = [digits](std::size_t i) {
        return std::uint32_t{base64_values[static_cast<unsigned char>(digits[i])]};
    };
    const std::uint32_t group = value(0) << 18U | value(1) << 12U | value(2) << 6U | value(3);
    return (value(0) | value(1) | value(2) | value(3)) == not_a_digit ? ~0U : group;
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
    std::string last(text.substr(text.size() - std::min<std::size_t>(text.size(), 4)));
    std::size_t padding = 0;
    while (padding < 2 && padding < last.size() && last[3 - padding] == '=') last[3 - padding++] = 'A';
    std::vector<std::byte> bytes(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const std::uint32_t group = detail::get_base64(i + 4 < text.size() ? text.data() + i : last.data());
        if (group > 0xffffffU) return std::nullopt;
        for (std::size_t byte = 0; byte < 3; ++byte)
            bytes[i / 4 * 3 + byte] = static_cast<std::byte>(group >> (16 - 8 * byte));
    }
    // Every content has exactly one text: the bits that padding leaves over must be zero.
    for (; padding != 0; --padding, bytes.pop_back()) {
        if (bytes.back() != std::byte{0}) return std::nullopt;
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
