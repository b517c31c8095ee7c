#pragma once

#include "allocations.hpp"
#include "model_hub.hpp"

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/connector.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush_test {

enum class side { request, reply };

/// What happens at a place in the bytes of an exchange.
enum class ending {
    fin,      ///< the peer closes: the client reads what came before, then the end; what it writes is swallowed
    reset,    ///< reads fail after what came before, writes at once
    silence,  ///< no byte moves any more
    split     ///< the message arrives in two pieces, broken here; nothing ends
};

/// One place where the network does harm: behind `offset` bytes of one side of the n-th exchange, counted from 1 over
/// all connections; `lasting` hits every later exchange as well.
struct damage {
    std::size_t exchange = 0;
    side where = side::request;
    std::size_t offset = 0;
    ending how = ending::split;
    bool lasting = false;

    bool hits(std::size_t n, side which) const noexcept {
        return which == where && (n == exchange || (lasting && n > exchange));
    }
};

/// How the replies are framed.
enum class framing {
    length,      ///< Content-Length, connection kept
    chunked,     ///< chunks of at most 100 bytes, then the connection is closed
    until_close  ///< neither: the end of the connection is the end of the body
};

/// What a client does with connections.
enum class network_call { connect, read, write };

/// An exchange as it went.
struct seen_exchange {
    std::string name;  ///< "POST preupload"
    std::size_t request = 0;
    std::size_t reply = 0;
};

/// Byte-exact connections to a `model_hub`. Everything on one strand.
class damaged_network final : public hubpush::connector, public std::enable_shared_from_this<damaged_network> {
public:
    explicit damaged_network(std::shared_ptr<model_hub> hub, framing how = framing::length)
        : hub_(std::move(hub)), framing_(how) {}

    /// Asked before every operation of any connection, `n` counting them from 1: how many bytes it may move. What it
    /// throws is what the operation throws, and the connection is broken then.
    std::function<std::size_t(network_call what, std::size_t n)> before;

    void add(damage what) { damages_.push_back(what); }
    /// The most bytes that a read or a write moves.
    void piecewise(std::size_t bytes) { piece_ = bytes; }

    const std::vector<seen_exchange>& exchanges() const noexcept { return exchanges_; }
    std::size_t operations() const noexcept { return operations_; }
    /// Connections that exist, open or closed.
    std::size_t connections() const noexcept { return connections_; }

    hubpush::task<std::unique_ptr<hubpush::byte_stream>> connect(hubpush::origin where) override {
        co_await asio::post(asio::use_awaitable);
        co_await hubpush::throw_if_cancelled();
        count(network_call::connect);
        co_return std::make_unique<connection>(shared_from_this(), where.text(), co_await asio::this_coro::executor);
    }

private:
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    class connection final : public hubpush::byte_stream {
    public:
        connection(std::shared_ptr<damaged_network> network, std::string origin, asio::any_io_executor executor)
            : network_(std::move(network)), origin_(std::move(origin)), changed_(executor) {
            ++network_->connections_;
        }
        ~connection() override { --network_->connections_; }

        hubpush::task<std::size_t> read_some(std::span<std::byte> out) override {
            co_await asio::post(asio::use_awaitable);
            co_await hubpush::throw_if_cancelled();
            const std::size_t most = count(network_call::read);
            while (pieces_.empty() && state_ == state::open) co_await wait();
            if (closed_) fail("closed by the client");
            if (pieces_.empty() && state_ == state::finished) co_return 0;
            if (pieces_.empty()) fail("reset by the peer");
            std::string& next = pieces_.front();
            const std::size_t count = std::min({out.size(), next.size(), most});
            std::memcpy(out.data(), next.data(), count);
            next.erase(0, count);
            if (next.empty()) pieces_.pop_front();
            if (pieces_.empty() && behind_reply_) harm(*behind_reply_);
            co_return count;
        }

        hubpush::task<std::size_t> write_some(std::span<const std::byte> data) override {
            co_await asio::post(asio::use_awaitable);
            co_await hubpush::throw_if_cancelled();
            const std::size_t most = count(network_call::write);
            if (answered_ && state_ == state::open) begin_exchange();
            while (silent_ && !closed_) co_await wait();
            if (closed_ || state_ == state::reset) fail(closed_ ? "closed by the client" : "reset by the peer");
            if (state_ == state::finished) co_return data.size();
            const std::size_t count = std::min({data.size(), request_cut_ - taken_, most});
            incoming_.append(reinterpret_cast<const char*>(data.data()), count);
            taken_ += count;
            if (taken_ == request_cut_) harm(at_request_cut_);
            serve();
            co_return count;
        }

        void close() noexcept override {
            closed_ = true;
            state_ = state::reset;
            changed_.notify_all();
        }
        bool quiet() noexcept override { return state_ == state::open && pieces_.empty(); }

    private:
        enum class state { open, finished, reset };

        hubpush::task<void> wait() {
            co_await changed_.wait();
            co_await hubpush::throw_if_cancelled();
        }
        [[noreturn]] static void fail(const char* why) { hubpush::throw_error(hubpush::errc::transport, why); }

        std::size_t count(network_call what) {
            try {
                return network_->count(what);
            } catch (...) {
                state_ = state::reset;
                changed_.notify_all();
                throw;
            }
        }

        void begin_exchange() {
            answered_ = false;
            taken_ = 0;
            network_->exchanges_.emplace_back();
            number_ = network_->exchanges_.size();
            const damage* const planned = network_->damage_to(number_, side::request);
            request_cut_ = planned != nullptr ? planned->offset : never;
            if (planned != nullptr) at_request_cut_ = planned->how;
            if (request_cut_ == 0) harm(at_request_cut_);
        }

        void harm(ending how) {
            request_cut_ = never;
            silent_ = how == ending::silence;
            if (how == ending::fin) state_ = state::finished;
            if (how == ending::reset) state_ = state::reset;
            changed_.notify_all();
        }

        void serve() {
            const std::size_t size = incoming_.size();
            const allocations_succeed here;  // in the Hub, which is another program
            const std::optional<model_hub::served> served = network_->hub_->serve(origin_, incoming_);
            if (!served) return;
            if (served->reset) return harm(ending::reset);
            const std::string reply = framed(served->bytes, network_->framing_);
            network_->exchanges_[number_ - 1] =
                seen_exchange{name_of(network_->hub_->requests.back()), size, reply.size()};
            answered_ = true;
            const damage* const planned = network_->damage_to(number_, side::reply);
            const std::size_t cut = planned != nullptr ? std::min(planned->offset, reply.size()) : reply.size();
            if (cut != 0) pieces_.push_back(reply.substr(0, cut));
            if (planned != nullptr && planned->how == ending::split) {
                pieces_.push_back(reply.substr(cut));
            } else if (planned != nullptr) {
                behind_reply_ = planned->how;
            } else if (network_->framing_ != framing::length) {
                behind_reply_ = ending::fin;
            }
            if (pieces_.empty()) harm(*behind_reply_);
            changed_.notify_all();
        }

        std::shared_ptr<damaged_network> network_;
        std::string origin_;
        hubpush::notifier changed_;
        std::string incoming_;
        std::deque<std::string> pieces_;      // of the reply
        std::optional<ending> behind_reply_;  // what comes when they are read
        std::size_t number_ = 0;              // of the exchange
        std::size_t taken_ = 0;               // bytes of its request
        std::size_t request_cut_ = never;
        ending at_request_cut_ = ending::split;
        state state_ = state::open;
        bool answered_ = true;
        bool silent_ = false;
        bool closed_ = false;
    };

    std::size_t count(network_call what) {
        ++operations_;
        return before ? std::min(piece_, before(what, operations_)) : piece_;
    }

    const damage* damage_to(std::size_t exchange, side which) const {
        const auto found = std::find_if(damages_.begin(), damages_.end(),
                                        [&](const damage& each) { return each.hits(exchange, which); });
        return found == damages_.end() ? nullptr : &*found;
    }

    static std::string name_of(const model_request& request) {
        for (const char* const part : {"preupload", "batch", "verify", "commits", "commit", "create", "whoami"}) {
            if (request.target.find(part) != std::string::npos) return request.method + " " + part;
        }
        return request.method;
    }

    static std::string framed(const std::string& reply, framing how) {
        if (how == framing::length) return reply;
        const std::size_t end = reply.find("\r\n\r\n") + 4;
        const std::size_t field = reply.find("Content-Length: ");
        const std::string body = reply.substr(end);
        std::string result = reply.substr(0, field) + "Connection: close\r\n";
        if (how == framing::until_close) return result + "\r\n" + body;
        result += "Transfer-Encoding: chunked\r\n\r\n";
        for (std::size_t begin = 0; begin < body.size(); begin += 100) {
            const std::string piece = body.substr(begin, 100);
            result += hexadecimal(piece.size()) + "\r\n" + piece + "\r\n";
        }
        return result + "0\r\n\r\n";
    }

    static std::string hexadecimal(std::size_t value) {
        std::array<char, 16> text;
        return std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), value, 16).ptr);
    }

    std::shared_ptr<model_hub> hub_;
    framing framing_;
    std::vector<damage> damages_;
    std::size_t piece_ = never;
    std::vector<seen_exchange> exchanges_;
    std::size_t operations_ = 0;
    std::size_t connections_ = 0;
};

}  // namespace hubpush_test
