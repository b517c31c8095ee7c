#pragma once

#include <hubpush/local_hub/process.hpp>

#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>

#include <asio/write.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t child_error_limit = 16 * 1024;

[[noreturn]] inline void throw_process_error(std::string_view what, int error_number) {
    throw_error(errc::server_error, std::string(what) + ": " + std::generic_category().message(error_number));
}

/// A file without a name. A child that reads its input from one can neither block nor signal its parent.
inline unique_descriptor make_memory_file(std::string_view content) {
    unique_descriptor file(::memfd_create("hubpush", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (file.get() < 0) throw_process_error("cannot create a file in memory", errno);
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0) throw_process_error("cannot fill a file in memory", errno);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

/// A file in memory that takes no more than `size` bytes; what is written beyond is an error for the writer alone.
inline unique_descriptor make_bounded_memory_file(std::size_t size) {
    unique_descriptor file = make_memory_file({});
    if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0 || ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW) != 0) {
        throw_process_error("cannot create a file in memory", errno);
    }
    return file;
}

/// Both ends of a connected pair: ours, and the child's.
inline std::pair<unique_descriptor, unique_descriptor> make_socket_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw_process_error("cannot create a socket pair", errno);
    }
    return {unique_descriptor(ends[0]), unique_descriptor(ends[1])};
}

/// The attributes and file actions of one spawn.
class spawn_setup {
public:
    /// Asio does not open its sockets close-on-exec: without the last action a child would hold the server's
    /// connections and port open for as long as it runs.
    spawn_setup(int input, int output, int errors) {
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(&attributes_,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    }
    spawn_setup(const spawn_setup&) = delete;
    spawn_setup& operator=(const spawn_setup&) = delete;
    ~spawn_setup() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }

    pid_t start(const child_command& command) const {
        std::vector<std::string> arguments = command.arguments();
        std::vector<std::string> environment = command.environment();
        if (const char* path = std::getenv("PATH")) environment.push_back(std::string("PATH=") + path);
        pid_t process = -1;
        const int failed = ::posix_spawnp(&process, arguments.at(0).c_str(), &actions_, &attributes_,
                                          pointers(arguments).data(), pointers(environment).data());
        if (failed != 0) throw_process_error("cannot start " + arguments[0], failed);
        return process;
    }

private:
    static std::vector<char*> pointers(std::vector<std::string>& texts) {
        std::vector<char*> result;
        for (std::string& text : texts) result.push_back(text.data());
        result.push_back(nullptr);
        return result;
    }

    posix_spawnattr_t attributes_{};
    posix_spawn_file_actions_t actions_{};
};

}  // namespace detail

HUBPUSH_DECL detail::unique_descriptor::~unique_descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

HUBPUSH_DECL child_process::child_process(asio::any_io_executor executor) : stream_(executor), ended_(executor) {}

HUBPUSH_DECL child_process::child_process(asio::any_io_executor executor, const child_command& command)
    : child_process(std::move(executor)) {
    auto [ours, childs] = detail::make_socket_pair();
    stream_.assign(asio::local::stream_protocol(), ours.get());
    static_cast<void>(ours.release());
    detail::unique_descriptor input;
    if (command.input()) input = detail::make_memory_file(*command.input());
    errors_ = detail::make_bounded_memory_file(detail::child_error_limit);
    const detail::spawn_setup setup(command.input() ? input.get() : childs.get(), childs.get(), errors_.get());
    process_ = setup.start(command);
    detail::unique_descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
    if (ended.get() < 0) detail::throw_process_error("cannot watch a child process", errno);
    ended_.assign(ended.get());
    static_cast<void>(ended.release());
}

/// As long as the child has not been collected its id cannot belong to anyone else, so that the signal hits the right
/// group. When a host program has collected it behind our back there is nothing left to do.
HUBPUSH_DECL child_process::~child_process() {
    if (process_ < 0 || exit_code_) return;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;
    ::kill(-process_, SIGKILL);
    while (::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED) != 0 && errno == EINTR) {
    }
}

HUBPUSH_DECL task<bool> child_process::write(std::span<const std::byte> bytes) {
    co_await throw_if_cancelled();
    std::error_code failed;
    co_await asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                               asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_await throw_if_cancelled();
    co_return !failed;
}

HUBPUSH_DECL void child_process::close_input() {
    std::error_code ignored;  // the child may be gone
    stream_.shutdown(asio::socket_base::shutdown_send, ignored);
}

HUBPUSH_DECL task<std::size_t> child_process::read_some(std::span<std::byte> out) {
    co_await throw_if_cancelled();
    std::error_code failed;
    const std::size_t count = co_await stream_.async_read_some(asio::buffer(out.data(), out.size()),
                                                               asio::redirect_error(asio::use_awaitable, failed));
    if (!failed) co_return count;
    co_await throw_if_cancelled();
    // A child that ends with input left unread ends its output with a reset.
    if (failed == asio::error::eof || failed == asio::error::connection_reset) co_return std::size_t{0};
    throw_error(errc::server_error, "cannot read from a child process: " + failed.message());
}

HUBPUSH_DECL task<int> child_process::wait() {
    if (!exit_code_) {
        co_await throw_if_cancelled();
        std::error_code failed;
        co_await ended_.async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, failed));
        if (failed) co_await throw_if_cancelled();
        collect();
    }
    co_return *exit_code_;
}

HUBPUSH_DECL void child_process::collect() {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED) != 0) {
        if (errno != EINTR) detail::throw_process_error("cannot collect a child process", errno);
    }
    exit_code_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

HUBPUSH_DECL std::string child_process::error_output() const {
    std::string text(detail::child_error_limit, '\0');
    const ssize_t count = ::pread(errors_.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? ::strnlen(text.data(), static_cast<std::size_t>(count)) : 0);
    return text;
}

HUBPUSH_DECL task<std::string> child_process::read_to_end(std::size_t limit) {
    std::string output;
    std::vector<std::byte> buffer(64 * 1024);
    while (const std::size_t count = co_await read_some(buffer)) {
        if (count > limit - output.size()) {
            throw_error(errc::limit_exceeded, "a child process wrote more than " + std::to_string(limit) + " bytes");
        }
        output.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
    co_return output;
}

HUBPUSH_DECL task<child_result> run_child(child_command command, std::size_t output_limit) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    child_process child(executor, command);
    child.close_input();
    std::string output = co_await child.read_to_end(output_limit);
    const int exit_code = co_await child.wait();
    co_return child_result(exit_code, std::move(output), child.error_output());
}

}  // namespace hubpush::inline v0
