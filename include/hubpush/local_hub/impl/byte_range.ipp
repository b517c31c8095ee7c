#pragma once

#include <hubpush/local_hub/byte_range.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace hubpush::inline v0::detail {

inline std::optional<std::uint64_t> decimal_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

HUBPUSH_DECL byte_range::byte_range(const request_head& request, std::uint64_t size) : size_(size), length_(size) {
    static constexpr std::string_view unit = "bytes=";
    std::string_view text = request.find("range").value_or("");
    if (!text.starts_with(unit)) return;
    text.remove_prefix(unit.size());
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return;
    // @huggingface/hub asks for the first byte of every file and reads its size from Content-Range, also of an empty
    // one.
    empty_asked_ = size == 0 && text.starts_with("0-");
    if (empty_asked_) return;
    const std::optional<std::uint64_t> first = decimal_number(text.substr(0, dash));
    const std::optional<std::uint64_t> last = decimal_number(text.substr(dash + 1));
    const bool open_end = dash + 1 == text.size();
    if (first && (open_end || (last && *last >= *first))) take(*first, last.value_or(UINT64_MAX));
    if (dash == 0 && last) take(*last == 0 ? size : size - std::min(size, *last), UINT64_MAX);
}

HUBPUSH_DECL void byte_range::take(std::uint64_t first, std::uint64_t last) {
    status_ = first < size_ ? 206 : 416;
    offset_ = first;
    length_ = first < size_ ? std::min(last, size_ - 1) - first + 1 : 0;
}

HUBPUSH_DECL std::vector<served_field> byte_range::fields() const {
    std::vector<served_field> fields{{"Accept-Ranges", "bytes"}, {"Content-Length", std::to_string(length_)}};
    const std::string size = std::to_string(size_);
    if (status_ == 416 || empty_asked_) fields.emplace_back("Content-Range", "bytes */" + size);
    if (status_ == 206) {
        fields.emplace_back("Content-Range", "bytes " + std::to_string(offset_) + "-" +
                                                 std::to_string(offset_ + length_ - 1) + "/" + size);
    }
    return fields;
}

}  // namespace hubpush::inline v0::detail
