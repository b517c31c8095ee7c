#pragma once

/// \file
/// What a push finds out before its first file goes on, so that what can be known to go wrong does so early.

#include <hubpush/core/byte_source.hpp>
#include <hubpush/upload/context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hubpush::inline v0::detail {

/// The look at all files of a push before any of them goes on. A source tells about each file, then awaits `finish`.
class preflight {
public:
    explicit preflight(context& context) noexcept : context_(context) {}

    /// A file of the push: `path` in the repository, normalized, and `local` in the folder that is pushed. Counts it
    /// for limits and progress. Gives the place for its bytes when it has to be read now, else nothing.
    HUBPUSH_DECL std::shared_ptr<byte_source>* see(std::string_view path, std::string_view local, std::uint64_t size);

    /// The file seen last is a link that leads out of the folder; `location` is its local path.
    HUBPUSH_DECL void leaves_root(std::string_view location);

    /// Reads the files that decide about others, has the Hub look at the README.md and tells the log what looks like a
    /// mistake. Throws what makes the push pointless.
    HUBPUSH_DECL task<void> finish();

private:
    HUBPUSH_DECL void note_secret(std::string_view local);
    HUBPUSH_DECL void warn() const;
    HUBPUSH_DECL task<void> read_gitignore();
    HUBPUSH_DECL task<void> read_gitattributes();

    context& context_;
    std::shared_ptr<byte_source> gitignore_;
    std::shared_ptr<byte_source> gitattributes_;
    std::shared_ptr<byte_source> readme_;
    std::uint64_t data_files_ = 0;
    std::string first_data_file_;
    std::uint64_t outside_ = 0;
    std::uint64_t secrets_ = 0;
    std::uint64_t huge_files_ = 0;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/preflight.ipp>
#endif
