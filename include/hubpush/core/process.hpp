#pragma once

/// \file
/// Which process an object belongs to. A child of `fork` has copies of everything and none of the threads
/// (spec/reliability.md §3.8, P05).

#include <hubpush/core/config.hpp>

#include <sys/types.h>
#include <unistd.h>
#include <memory>
#include <utility>

namespace hubpush::inline v0::detail {

/// A member of it remembers the process that made its object.
class birthplace {
public:
    /// True in a child process.
    bool forked() const noexcept { return ::getpid() != process_; }

private:
    ::pid_t process_ = ::getpid();
};

/// For a child process. Left alone for ever: a mutex may be locked by a thread that is not here, and a condition
/// variable on which threads of the parent wait must not be destroyed.
template <class Object>
void leave_to_parent(std::shared_ptr<Object> object) {
    static_cast<void>(new std::shared_ptr<Object>(std::move(object)));
}

}  // namespace hubpush::inline v0::detail
