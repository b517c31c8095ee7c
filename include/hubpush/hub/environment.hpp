#pragma once

/// \file
/// The process environment as a seam: variables, the home folder, small configuration files.

#include <hubpush/core/config.hpp>

#include <memory>
#include <optional>
#include <string>

namespace hubpush::inline v0 {

/// Read once, while a client is constructed (spec/hub-http-api.md §1.1), and never written. All functions may block.
class environment {
public:
    virtual ~environment() = default;

    /// The value of a variable, if it is set.
    virtual std::optional<std::string> get(const std::string& name) = 0;
    /// The user's home folder, if there is one.
    virtual std::optional<std::string> home() = 0;
    /// The content of a regular file of at most 64 KiB; nothing when it is missing, unreadable, larger or something
    /// else.
    virtual std::optional<std::string> read_file(const std::string& path) = 0;
};

/// The environment of this process. A program that runs with more rights than its user sees no variables at all
/// (spec/reliability.md SEC20).
HUBPUSH_DECL std::shared_ptr<environment> process_environment();

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/environment.ipp>
#endif
