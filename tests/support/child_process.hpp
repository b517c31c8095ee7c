#pragma once

/// \file
/// Tests of what a child of `fork` sees.

#include <hubpush/core/error.hpp>

#include <sys/wait.h>
#include <unistd.h>

namespace hubpush_test {

/// Runs `body` in a child process, which exits with 0 when it gives true, and waits for it.
template <class Body>
bool holds_in_child(Body body) {
    const ::pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);  // a child that hangs is a failure
        ::_exit(body() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
}

/// True when the call ends with `errc::forked`.
template <class Function>
bool is_refused(Function function) {
    try {
        function();
    } catch (const hubpush::error& failure) {
        return failure.kind() == hubpush::errc::forked;
    } catch (...) {
    }
    return false;
}

}  // namespace hubpush_test
