#pragma once

/// \file
/// Running a child program from a coroutine: no signal handler, no thread, no zombie, no process-wide setting.
///
/// The child's end is awaited on a pidfd (Linux 5.3) and only this one child is collected, so that what a host program
/// does with SIGCHLD and its own children is not touched. Standard input and output are one socket pair: Asio sends on
/// sockets with MSG_NOSIGNAL, hence a child that stops reading is an error code and never SIGPIPE.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

#include <asio/local/stream_protocol.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// What to run. The child's environment is PATH and what `set()` adds, nothing else of ours leaks into it.
class child_command {
public:
    child_command() = default;
    /// `program` is looked up in PATH.
    explicit child_command(std::string program) : arguments_{std::move(program)} {}

    child_command& argument(std::string value) {
        arguments_.push_back(std::move(value));
        return *this;
    }
    child_command& set(std::string name, const std::string& value) {
        environment_.push_back(std::move(name) + "=" + value);
        return *this;
    }
    /// The child reads exactly this as its standard input; without it, what `child_process::write()` sends.
    child_command& input(std::string text) {
        input_ = std::move(text);
        return *this;
    }

    const std::vector<std::string>& arguments() const noexcept { return arguments_; }
    const std::vector<std::string>& environment() const noexcept { return environment_; }
    const std::optional<std::string>& input() const noexcept { return input_; }

private:
    std::vector<std::string> arguments_;
    std::vector<std::string> environment_;
    std::optional<std::string> input_;
};

namespace detail {

/// A descriptor that is closed with its owner. Movable.
class unique_descriptor {
public:
    unique_descriptor() = default;
    explicit unique_descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    unique_descriptor(unique_descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    unique_descriptor& operator=(unique_descriptor other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    HUBPUSH_DECL ~unique_descriptor();

    int get() const noexcept { return descriptor_; }
    int release() noexcept { return std::exchange(descriptor_, -1); }

private:
    int descriptor_ = -1;
};

}  // namespace detail

/// A running child. Destroying it kills the child's process group and collects it. Belongs to the strand of its
/// executor; one coroutine may write while another one reads.
class child_process {
public:
    /// Starts the child at once, in a process group of its own, with signals at their defaults and no descriptor of
    /// ours but its standard three. Throws `error` when it cannot be started.
    HUBPUSH_DECL child_process(asio::any_io_executor executor, const child_command& command);
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    HUBPUSH_DECL ~child_process();

    /// Writes to the child's standard input; false when the child does not read any more. Cancellation: all types;
    /// throws `cancelled`.
    HUBPUSH_DECL task<bool> write(std::span<const std::byte> bytes);
    /// The child sees the end of its standard input.
    HUBPUSH_DECL void close_input();

    /// Reads from the child's standard output; 0 when it has ended. Cancellation: all types; throws `cancelled`.
    HUBPUSH_DECL task<std::size_t> read_some(std::span<std::byte> out);

    /// The rest of the child's standard output. Throws `errc::limit_exceeded` above `limit` bytes.
    HUBPUSH_DECL task<std::string> read_to_end(std::size_t limit);

    /// Waits until the child has ended and gives its exit code, or 128 and the signal that ended it. Read the output to
    /// its end before, or the child may wait for ever. Cancellation: all types; throws `cancelled`.
    HUBPUSH_DECL task<int> wait();

    /// The first 16 KiB of what the child wrote to its standard error, at any time.
    HUBPUSH_DECL std::string error_output() const;

private:
    // The public constructor delegates to this one: when it throws half-way the destructor runs all the same.
    HUBPUSH_DECL explicit child_process(asio::any_io_executor executor);
    HUBPUSH_DECL void collect();

    asio::local::stream_protocol::socket stream_;
    asio::posix::stream_descriptor ended_;  // the pidfd: readable when the child has ended
    detail::unique_descriptor errors_;      // a file in memory that cannot grow, so that nobody has to drain it
    pid_t process_ = -1;                    // also the id of its process group
    std::optional<int> exit_code_;
};

/// Everything a short child said.
class child_result {
public:
    child_result() = default;
    child_result(int exit_code, std::string output, std::string errors)
        : exit_code_(exit_code), output_(std::move(output)), errors_(std::move(errors)) {}
    int exit_code() const noexcept { return exit_code_; }
    const std::string& output() const noexcept { return output_; }
    const std::string& errors() const noexcept { return errors_; }

private:
    int exit_code_ = 0;
    std::string output_;
    std::string errors_;
};

/// Runs a child to its end. Throws `errc::limit_exceeded` when it writes more than `output_limit` bytes; the exit code
/// is the caller's to judge. Cancellation: all types; the child is killed and collected.
HUBPUSH_DECL task<child_result> run_child(child_command command, std::size_t output_limit);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/process.ipp>
#endif
