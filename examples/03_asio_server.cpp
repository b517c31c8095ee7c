// An HTTP server that keeps what it receives: the body of `PUT /checkpoints/NAME` becomes a file of a repository on the
// Hub, and the answer is the address of the commit. One thread serves several clients at once; the push of a client
// that goes away is cancelled, and what it came to is written down; Ctrl-C cancels them all, and then the program ends.
//
//   03_asio_server USER/NAME PORT            with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co
//   curl --upload-file model.safetensors http://127.0.0.1:PORT/checkpoints/

#include <hubpush/hubpush.hpp>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace fs = std::filesystem;
using asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr std::size_t largest_head = 16'384;
constexpr std::uint64_t largest_body = std::uint64_t{4} << 30;
constexpr std::size_t most_at_once = 8;

/// What all requests share.
struct service {
    hubpush::client hub;
    std::string repo_id;
    hubpush::worker_pool disk{1};
    std::uint64_t requests = 0;
};

/// Why a request is not done; the text is the status line's.
class refusal : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A file that goes away with the request it belongs to.
class temporary_file {
public:
    explicit temporary_file(std::uint64_t number)
        : path_(fs::temp_directory_path() / ("put." + std::to_string(::getpid()) + '.' + std::to_string(number))) {}
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file() {
        std::error_code ignored;
        fs::remove(path_, ignored);
    }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

struct request {
    std::string name;
    std::uint64_t length = 0;
    bool asks_first = false;  // `Expect: 100-continue`
};

std::uint64_t parse_length(const std::string& text) {
    std::uint64_t length = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (failure != std::errc() || *end != '\r') throw refusal("400 Bad Request");
    if (length > largest_body) throw refusal("413 Content Too Large");
    return length;
}

request parse(const std::string& head) {
    const std::string folder = "/checkpoints/";
    std::istringstream lines(head);
    std::string method, target, line;
    lines >> method >> target;
    if (!target.starts_with(folder)) throw refusal("404 Not Found");
    if (method != "PUT") throw refusal("405 Method Not Allowed");

    request result;
    bool has_length = false;
    while (std::getline(lines, line)) {
        const std::size_t colon = std::min(line.find(':'), line.size());
        std::transform(line.begin(), line.begin() + std::ptrdiff_t(colon), line.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (line.starts_with("content-length:")) {
            result.length = parse_length(line.substr(line.find_first_not_of(" \t", colon + 1)));
            has_length = true;
        }
        result.asks_first |= line.starts_with("expect:");
        if (line.starts_with("transfer-encoding:")) throw refusal("411 Length Required");
    }
    if (!has_length) throw refusal("411 Length Required");
    result.name = target.substr(folder.size());
    return result;
}

/// Reads a request and puts its body into a file; a thread writes it, because a disk can be slow. Gives the name.
asio::awaitable<std::string> receive(service& here, tcp::socket& socket, const fs::path& path) {
    std::string bytes;
    auto head = asio::dynamic_buffer(bytes, largest_head);
    const std::size_t head_size = co_await asio::async_read_until(socket, head, "\r\n\r\n", asio::use_awaitable);
    const request wanted = parse(bytes.substr(0, head_size));
    bytes.erase(0, head_size);
    if (wanted.asks_first) {
        const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(socket, asio::buffer(go_on), asio::use_awaitable);
    }
    std::ofstream file(path, std::ios::binary);
    for (std::uint64_t left = wanted.length;;) {
        bytes.resize(std::min<std::uint64_t>(bytes.size(), left));
        const auto write = [&] { return bool(file.write(bytes.data(), std::streamsize(bytes.size())).flush()); };
        if (!co_await hubpush::offload(here.disk, write)) throw refusal("507 Insufficient Storage");
        left -= bytes.size();
        if (left == 0) co_return wanted.name;
        bytes.resize(65'536);
        bytes.resize(co_await socket.async_read_some(asio::buffer(bytes), asio::use_awaitable));
    }
}

/// Returns when the client has closed its side. What it sends until then is not wanted.
asio::awaitable<void> until_closed(tcp::socket& socket) {
    std::array<char, 4096> unwanted;
    std::error_code end;
    while (!end) {
        co_await socket.async_read_some(asio::buffer(unwanted), asio::redirect_error(asio::use_awaitable, end));
    }
}

std::string reply(const std::string& status, const std::string& text) {
    return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + std::to_string(text.size()) +
           "\r\n\r\n" + text;
}

/// What became of a request that failed.
std::string failure_reply(std::exception_ptr failure) {
    const std::string text = hubpush::describe(failure) + '\n';
    try {
        std::rethrow_exception(failure);
    } catch (const hubpush::invalid_argument&) {
        return reply("400 Bad Request", text);
    } catch (...) {
        return reply("502 Bad Gateway", text);
    }
}

/// Pushes, says what came of it, and gives the reply. The client may leave while the commit's answer is on its way, and
/// then the commit may have been made: that is said, too.
asio::awaitable<std::string> push(service& here, const fs::path& file, const std::string& name) {
    auto [failure, commit] =
        co_await here.hub.async_upload_file(here.repo_id, file, "checkpoints/" + name,
                                            hubpush::message("store " + name), hubpush::as_tuple(asio::use_awaitable));
    std::cout << name << ": " << (failure ? hubpush::describe(failure) : commit.url) << std::endl;
    if (failure) co_return failure_reply(failure);
    co_return reply("201 Created\r\nLocation: " + commit.url, commit.url + '\n');
}

/// Receives and pushes; gives the reply. A client that closes its side is not waited for.
asio::awaitable<std::string> store(service& here, tcp::socket& socket) {
    const temporary_file body(++here.requests);
    auto receiving = receive(here, socket, body.path());
    const std::string name = co_await hubpush::timeout(std::move(receiving), 10min);
    auto pushing = push(here, body.path(), name);
    auto first = co_await (std::move(pushing) || until_closed(socket));  // the other one is cancelled and has ended
    co_await hubpush::throw_if_cancelled();
    if (first.index() == 1) throw std::runtime_error(name + ": the client has gone");
    co_return std::get<0>(first);
}

asio::awaitable<std::string> reply_to(service& here, tcp::socket& socket) {
    try {
        co_return co_await store(here, socket);
    } catch (const refusal& no) {
        co_return reply(no.what(), "");
    } catch (const hubpush::error&) {
        co_return failure_reply(std::current_exception());
    }
}

/// The client reads the reply before the connection ends, also when it has more to say.
asio::awaitable<void> send(tcp::socket& socket, std::string text) {
    co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
    socket.shutdown(tcp::socket::shutdown_send);
    co_await until_closed(socket);
}

/// Whatever happens to one client does not concern the others.
asio::awaitable<void> serve_one(service& here, tcp::socket socket) {
    try {
        std::string text = co_await reply_to(here, socket);
        auto sending = send(socket, std::move(text));
        co_await hubpush::timeout(std::move(sending), 10s);
    } catch (const std::exception& failure) {
        std::cout << failure.what() << std::endl;
    }
}

/// Serves until it is cancelled; then all requests have ended when it returns.
asio::awaitable<void> serve(service& here, tcp::acceptor& acceptor) {
    co_await hubpush::accept_cancellation();
    hubpush::task_group requests(co_await asio::this_coro::executor);
    std::exception_ptr end;
    try {
        for (;;) {
            co_await requests.wait_for_room(most_at_once);
            co_await hubpush::throw_if_cancelled();
            tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
            requests.spawn(serve_one(here, std::move(socket)));
        }
    } catch (...) {
        end = std::current_exception();
    }
    co_await requests.join(end);
}

int main(int count, char** words) {
    if (count != 3) return 2;
    asio::io_context context(1);
    service here{hubpush::client(context.get_executor()), words[1]};
    const auto port = static_cast<asio::ip::port_type>(std::stoi(words[2]));
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), port));
    std::cout << "http://127.0.0.1:" << acceptor.local_endpoint().port() << "/checkpoints/" << std::endl;

    asio::cancellation_signal stop;
    asio::signal_set interrupts(context, SIGINT, SIGTERM);
    interrupts.async_wait([&stop](std::error_code, int) { stop.emit(asio::cancellation_type::terminal); });
    const auto done = [](std::exception_ptr end) { std::cout << "ended: " << hubpush::describe(end) << std::endl; };
    asio::co_spawn(context, serve(here, acceptor), asio::bind_cancellation_slot(stop.slot(), done));
    context.run();
}
