#pragma once

/// \file
/// The commands `hubpush xet inspect` and `hubpush xet compare`: what Xet storage would make of files. They read each
/// file once, from front to back, so that a pipe works too, in an amount of memory that does not depend on the file.

#include <hubpush/core/config.hpp>

#include <filesystem>
#include <iosfwd>
#include <vector>

namespace hubpush::inline v0 {

/// What the command line says.
class xet_inspect_options {
public:
    std::vector<std::filesystem::path> files;
    bool chunks = false;  ///< list offset, length and hash of each chunk
    bool sha256 = false;  ///< add it; otherwise it is not computed
    bool json = false;    ///< one object a file, each on a line
};

/// What the command line says.
class xet_compare_options {
public:
    std::filesystem::path old_file;
    std::filesystem::path new_file;
    bool json = false;
};

/// Prints for each file its hash, size, number and sizes of chunks, the xorbs that would be made of it, and how much of
/// it repeats chunks of the same file. The last two are exact up to about 50 GiB of different chunks and estimates
/// beyond, and then called so. Throws `file_not_found`, `file_unreadable` or `file_unwritable`.
HUBPUSH_DECL void inspect_xet(const xet_inspect_options& options, std::ostream& out);

/// Prints how many bytes of the new file lie in chunks that the old file has too. Exact and throwing as above.
HUBPUSH_DECL void compare_xet(const xet_compare_options& options, std::ostream& out);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/cli/impl/xet.ipp>
#endif
