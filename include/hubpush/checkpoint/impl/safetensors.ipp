#pragma once

#include <hubpush/checkpoint/safetensors.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/core/utf8.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

struct dtype_row {
    std::string_view name;
    unsigned bits;
};

/// Indexed by dtype (spec/checkpoints.md §2.3).
inline constexpr std::array<dtype_row, 22> dtype_rows{{
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},
}};

inline const dtype_row& row_of(dtype type) { return dtype_rows.at(static_cast<std::size_t>(type)); }

inline void append_json_escape(std::string& out, char c) {
    static constexpr std::string_view escaped = "\b\t\n\f\r\"\\", letters = "btnfr\"\\", digits = "0123456789abcdef";
    const auto position = escaped.find(c);
    out += '\\';
    if (position != std::string_view::npos) {
        out += letters[position];
    } else {
        out += "u00";
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
}

/// Only what must be escaped is: readers compare headers byte by byte (spec/checkpoints.md §2.5 step 3).
inline void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) throw_error(errc::invalid_argument, "a safetensors name or metadata text is not UTF-8");
        const char c = text.front();
        if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
            append_json_escape(out, c);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    out += '"';
}

[[noreturn]] inline void refuse_tensor(const tensor_view& tensor, const std::string& why) {
    throw_error(errc::invalid_argument, "safetensors: tensor \"" + tensor.name() + "\" " + why);
}

inline void check_size(const tensor_view& tensor) {
    std::uint64_t bits = 1;
    bool overflow = false;
    for (const std::uint64_t dimension : tensor.shape()) overflow |= __builtin_mul_overflow(bits, dimension, &bits);
    overflow |= __builtin_mul_overflow(bits, std::uint64_t{row_of(tensor.type()).bits}, &bits);
    if (overflow) refuse_tensor(tensor, "has a shape whose size overflows 64 bits");
    if (bits % 8 != 0) refuse_tensor(tensor, "does not end on a byte boundary");
    if (bits / 8 == tensor.bytes().size()) return;
    refuse_tensor(tensor, "has " + std::to_string(tensor.bytes().size()) + " bytes where its dtype and shape make " +
                              std::to_string(bits / 8));
}

/// The tensors in the order of the file, each checked on its own and against its neighbours.
inline std::vector<const tensor_view*> safetensors_order(std::span<const tensor_view> tensors) {
    std::vector<const tensor_view*> order;
    order.reserve(tensors.size());
    for (const tensor_view& tensor : tensors) {
        if (tensor.name() == "__metadata__") refuse_tensor(tensor, "has a name that the format keeps for itself");
        check_size(tensor);
        order.push_back(&tensor);
    }
    const auto by_name = [](const tensor_view* a, const tensor_view* b) { return a->name() < b->name(); };
    std::sort(order.begin(), order.end(), by_name);
    const auto same_name = [](const tensor_view* a, const tensor_view* b) { return a->name() == b->name(); };
    const auto twice = std::adjacent_find(order.begin(), order.end(), same_name);
    if (twice != order.end()) refuse_tensor(**twice, "occurs twice");
    const auto as_in_file = [](const tensor_view* a, const tensor_view* b) {
        return a->type() != b->type() ? a->type() > b->type() : a->name() < b->name();
    };
    std::sort(order.begin(), order.end(), as_in_file);
    return order;
}

inline void append_metadata(std::string& json, const safetensors_metadata& metadata) {
    json += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
        append_json_string(json, key);
        json += ':';
        append_json_string(json, value);
        json += ',';
    }
    if (!metadata.empty()) json.pop_back();
    json += "},";
}

inline void append_tensor(std::string& json, const tensor_view& tensor, std::uint64_t begin) {
    append_json_string(json, tensor.name());
    json.append(":{\"dtype\":\"").append(row_of(tensor.type()).name).append("\",\"shape\":[");
    for (const std::uint64_t dimension : tensor.shape()) json += std::to_string(dimension) + ',';
    if (!tensor.shape().empty()) json.pop_back();
    json +=
        "],\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(begin + tensor.bytes().size()) + "]},";
}

HUBPUSH_DECL std::string safetensors_header(const std::vector<const tensor_view*>& order,
                                            const std::optional<safetensors_metadata>& metadata, std::uint64_t limit) {
    std::string json = "{";
    if (metadata) append_metadata(json, *metadata);
    std::uint64_t offset = 0;
    for (const tensor_view* tensor : order) {
        append_tensor(json, *tensor, offset);
        offset += tensor->bytes().size();
    }
    if (json.size() > 1) json.pop_back();
    json += '}';
    json.resize((json.size() + 7) / 8 * 8, ' ');
    if (json.size() > limit) {
        throw_error(errc::invalid_argument, "safetensors: the header would exceed " + std::to_string(limit) + " bytes");
    }
    std::string length;
    for (unsigned shift = 0; shift < 64; shift += 8) length += static_cast<char>(json.size() >> shift & 0xff);
    return length + json;
}

[[noreturn]] inline void throw_unwritable(const std::filesystem::path& path, int error_number) {
    throw_error(errc::file_unwritable,
                "cannot write " + path.string() + ": " + std::generic_category().message(error_number),
                error_details().file(path.string()));
}

/// A new file beside `target` that replaces it by `rename_to_target()`, or is removed.
class replacement_file {
public:
    explicit replacement_file(const std::filesystem::path& target) : target_(target) {
        for (unsigned attempt = 0; descriptor_ < 0; ++attempt) {
            // A short name of our own: one built from the target's could exceed what the file system allows.
            path_ =
                target.parent_path() / (".safetensors-" + std::to_string(::getpid()) + "-" + std::to_string(attempt));
            descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (descriptor_ < 0 && errno != EEXIST) throw_unwritable(target_, errno);
        }
    }
    replacement_file(const replacement_file&) = delete;
    replacement_file& operator=(const replacement_file&) = delete;
    ~replacement_file() {
        if (descriptor_ >= 0) ::close(descriptor_);
        if (!renamed_) ::unlink(path_.c_str());
    }

    void write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
            if (written < 0 && errno != EINTR) throw_unwritable(target_, errno);
            if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }

    void rename_to_target() {
        // Some file systems report a full disk only here.
        if (::close(std::exchange(descriptor_, -1)) != 0) throw_unwritable(target_, errno);
        if (::rename(path_.c_str(), target_.c_str()) != 0) throw_unwritable(target_, errno);
        renamed_ = true;
    }

private:
    std::filesystem::path target_;
    std::filesystem::path path_;
    int descriptor_ = -1;
    bool renamed_ = false;
};

}  // namespace detail

HUBPUSH_DECL void write_safetensors(const std::filesystem::path& path, std::span<const tensor_view> tensors,
                                    const std::optional<safetensors_metadata>& metadata) {
    const auto order = detail::safetensors_order(tensors);
    const std::string header = detail::safetensors_header(order, metadata);
    detail::replacement_file file(path);
    file.write(std::as_bytes(std::span(header)));
    for (const tensor_view* tensor : order) file.write(tensor->bytes());
    file.rename_to_target();
}

}  // namespace hubpush::inline v0
