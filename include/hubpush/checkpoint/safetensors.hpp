#pragma once

/// \file
/// Writing tensors in the safetensors format, byte for byte as its reference does (spec/checkpoints.md §2.2, §2.5).

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

/// The element types of the format, in the reference's order of alignment (spec/checkpoints.md §2.3): files hold the
/// tensors of the highest first.
enum class dtype {
    boolean,
    f4,
    f6_e2m3,
    f6_e3m2,
    u8,
    i8,
    f8_e5m2,
    f8_e4m3,
    f8_e8m0,
    f8_e4m3fnuz,
    f8_e5m2fnuz,
    i16,
    u16,
    f16,
    bf16,
    i32,
    u32,
    f32,
    c64,
    f64,
    i64,
    u64
};

/// One tensor to write. It refers to its bytes and does not own them: dense, row-major, little-endian.
class tensor_view {
public:
    /// An empty `shape` is a scalar; a dimension may be zero.
    tensor_view(std::string name, dtype type, std::vector<std::uint64_t> shape, std::span<const std::byte> bytes)
        : name_(std::move(name)), type_(type), shape_(std::move(shape)), bytes_(bytes) {}

    const std::string& name() const noexcept { return name_; }
    dtype type() const noexcept { return type_; }
    const std::vector<std::uint64_t>& shape() const noexcept { return shape_; }
    std::span<const std::byte> bytes() const noexcept { return bytes_; }

private:
    std::string name_;
    dtype type_;
    std::vector<std::uint64_t> shape_;
    std::span<const std::byte> bytes_;
};

/// The `__metadata__` of a file. Keys are written in the order of their bytes, so that equal input gives equal files
/// (the reference's order is random). Readers for PyTorch expect `format` to be `pt`.
using safetensors_metadata = std::map<std::string, std::string>;

namespace detail {

inline constexpr std::uint64_t safetensors_header_limit = 100'000'000;

/// Everything before the tensors' bytes: the length of the header as eight little-endian bytes, and the header.
HUBPUSH_DECL std::string safetensors_header(const std::vector<const tensor_view*>& order,
                                            const std::optional<safetensors_metadata>& metadata,
                                            std::uint64_t limit = safetensors_header_limit);

}  // namespace detail

/// Writes `tensors` to `path`. The bytes go to a temporary file in the same folder, which is then renamed to `path`: a
/// reader, or a push, sees the old file or the new one. Blocks; meant for the training thread, which owns the tensors.
/// Nothing is buffered but the header. Does not wait for the disk (no fsync), as the reference does not.
///
/// Throws `invalid_argument` before anything is written when a name occurs twice, is `__metadata__` or is not UTF-8,
/// when bytes do not fit dtype and shape, or when the header would exceed 100,000,000 bytes; `errc::file_unwritable`
/// when the file system refuses, in which case `path` is as before and the temporary file is gone. (A process that is
/// killed meanwhile leaves it behind, named `.safetensors-*`.) May be called from several threads.
HUBPUSH_DECL void write_safetensors(const std::filesystem::path& path, std::span<const tensor_view> tensors,
                                    const std::optional<safetensors_metadata>& metadata = std::nullopt);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/checkpoint/impl/safetensors.ipp>
#endif
