#pragma once

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/net/connector.hpp>

#include <algorithm>
#include <chrono>
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

/// The server's end of one scripted connection, as the test sees it afterwards.
struct scripted_peer {
    hubpush::origin where;
    std::string received;        ///< every byte the client has sent
    std::string unread;          ///< those of them that no step has consumed yet
    std::string to_client;       ///< bytes on their way to the client
    bool finished = false;       ///< the peer has sent its end
    bool broken = false;         ///< the connection is reset
    bool takes_no_more = false;  ///< writes fail
    bool closed = false;         ///< the client has closed or dropped it
    std::string mismatch;        ///< what an `expect` met instead
};

/// What the server does on one connection, in order. When the steps are used up it stays silent, with the connection
/// open.
class script {
public:
    /// The client's next bytes are exactly these.
    script& expect(std::string text) {
        return step([text = std::move(text)](scripted_peer& peer) {
            const std::size_t shared = std::min(text.size(), peer.unread.size());
            if (peer.unread.compare(0, shared, text, 0, shared) != 0) {
                peer.mismatch = "expected \"" + text + "\" and got \"" + peer.unread + "\"";
                peer.broken = true;
            }
            if (peer.broken || shared < text.size()) return false;
            peer.unread.erase(0, text.size());
            return true;
        });
    }

    /// One whole request: a head and as many bytes as its Content-Length says.
    script& expect_request() {
        return step([](scripted_peer& peer) {
            const std::size_t end = peer.unread.find("\r\n\r\n");
            if (end == std::string::npos) return false;
            const std::size_t length = peer.unread.find("Content-Length: ");
            const std::size_t body = length < end ? std::stoul(peer.unread.substr(length + 16)) : 0;
            if (peer.unread.size() < end + 4 + body) return false;
            peer.unread.erase(0, end + 4 + body);
            return true;
        });
    }

    /// `count` bytes, whatever they are.
    script& expect_bytes(std::size_t count) {
        return step([count](scripted_peer& peer) {
            if (peer.unread.size() < count) return false;
            peer.unread.erase(0, count);
            return true;
        });
    }

    script& send(std::string text) {
        return step([text = std::move(text)](scripted_peer& peer) {
            peer.to_client += text;
            return true;
        });
    }

    script& delay(std::chrono::nanoseconds duration) {
        steps_.push_back({nullptr, duration});
        return *this;
    }

    /// FIN: the client reads what was sent before, then the end.
    script& close() {
        return step([](scripted_peer& peer) { return peer.finished = true; });
    }

    /// RST: writes fail at once, reads after what was sent before.
    script& reset() {
        return step([](scripted_peer& peer) { return peer.broken = true; });
    }

    /// Writes fail from here on, reads do not: what a client may see of a reset before the reply that was sent ahead of
    /// it.
    script& refuse_writes() {
        return step([](scripted_peer& peer) { return peer.takes_no_more = true; });
    }

    /// Never more than `bytes` that no step has consumed are taken from the client.
    script& window(std::size_t bytes) {
        window_ = bytes;
        return *this;
    }

    /// The client gets and writes at most `bytes` at once.
    script& piecewise(std::size_t bytes) {
        piece_ = bytes;
        return *this;
    }

    /// The connection cannot be made.
    script& refuse(hubpush::errc code = hubpush::errc::transport) {
        refusal_ = code;
        return *this;
    }

private:
    friend class scripted_stream;
    friend class scripted_connector;
    struct one_step {
        std::function<bool(scripted_peer&)> act;  // false: not yet
        std::chrono::nanoseconds wait;
    };
    script& step(std::function<bool(scripted_peer&)> act) {
        steps_.push_back({std::move(act), std::chrono::nanoseconds(0)});
        return *this;
    }

    std::deque<one_step> steps_;
    std::size_t window_ = std::numeric_limits<std::size_t>::max();
    std::size_t piece_ = std::numeric_limits<std::size_t>::max();
    std::optional<hubpush::errc> refusal_;
};

/// Called before the n-th operation (connect, read or write, from 1) of all connections; may throw.
using operation_hook = std::function<void(std::size_t)>;

struct operation_counter {
    std::size_t count = 0;
    operation_hook hook;
    void next() {
        ++count;
        if (hook) hook(count);
    }
};

/// The client's end of a scripted connection. Every operation suspends at least once, as on a real socket.
class scripted_stream final : public hubpush::byte_stream {
public:
    scripted_stream(std::shared_ptr<hubpush::clock> clock, asio::any_io_executor executor, script steps,
                    std::shared_ptr<scripted_peer> peer, std::shared_ptr<operation_counter> operations)
        : clock_(std::move(clock)),
          pause_(clock_->make_timer(executor)),
          changed_(executor),
          script_(std::move(steps)),
          peer_(std::move(peer)),
          operations_(std::move(operations)) {
        advance();
    }
    ~scripted_stream() override { peer_->closed = true; }

    hubpush::task<std::size_t> read_some(std::span<std::byte> out) override {
        co_await begin();
        while (peer_->to_client.empty() && !peer_->finished && !broken()) {
            co_await changed_.wait();
            co_await hubpush::throw_if_cancelled();
        }
        const std::size_t count = std::min({out.size(), peer_->to_client.size(), script_.piece_});
        if (count == 0 && !peer_->finished) fail();
        std::memcpy(out.data(), peer_->to_client.data(), count);
        peer_->to_client.erase(0, count);
        co_return count;
    }

    hubpush::task<std::size_t> write_some(std::span<const std::byte> data) override {
        co_await begin();
        while (peer_->unread.size() >= script_.window_ && !broken() && !peer_->takes_no_more) {
            co_await changed_.wait();
            co_await hubpush::throw_if_cancelled();
        }
        if (broken() || peer_->takes_no_more) fail();
        const std::size_t count = std::min({data.size(), script_.window_ - peer_->unread.size(), script_.piece_});
        const std::string_view text(reinterpret_cast<const char*>(data.data()), count);
        peer_->unread += text;
        peer_->received += text;
        advance();
        co_return count;
    }

    void close() noexcept override {
        peer_->closed = true;
        changed_.notify_all();
    }

    bool quiet() noexcept override { return !broken() && !peer_->finished && peer_->to_client.empty(); }

private:
    hubpush::task<void> begin() {
        co_await asio::post(asio::use_awaitable);
        operations_->next();
        co_await hubpush::throw_if_cancelled();
    }

    bool broken() const noexcept { return peer_->closed || peer_->broken; }
    [[noreturn]] void fail() const {
        hubpush::throw_error(hubpush::errc::transport, peer_->closed ? "closed by the client" : "reset by the peer");
    }

    void advance() {
        while (!script_.steps_.empty() && !pausing_) {
            const std::chrono::nanoseconds wait = script_.steps_.front().wait;
            if (wait.count() != 0) {
                pausing_ = true;
                pause_->start(clock_->now() + wait, [this] {
                    pausing_ = false;
                    advance();
                });
            } else if (!script_.steps_.front().act(*peer_)) {
                break;
            }
            script_.steps_.pop_front();
        }
        changed_.notify_all();
    }

    std::shared_ptr<hubpush::clock> clock_;
    std::unique_ptr<hubpush::timer> pause_;
    hubpush::notifier changed_;
    script script_;
    std::shared_ptr<scripted_peer> peer_;
    std::shared_ptr<operation_counter> operations_;
    bool pausing_ = false;
};

/// Gives each connection the next script. What happened stays readable through `peers()`.
class scripted_connector final : public hubpush::connector {
public:
    explicit scripted_connector(std::shared_ptr<hubpush::clock> clock) : clock_(std::move(clock)) {}

    /// The script of the next connection that has none yet.
    script& next() { return scripts_.emplace_back(); }

    /// Called before every operation, counted from 1.
    void on_operation(operation_hook hook) { operations_->hook = std::move(hook); }
    std::size_t operations() const noexcept { return operations_->count; }

    /// One per connection attempt, in order.
    const std::vector<std::shared_ptr<scripted_peer>>& peers() const noexcept { return peers_; }
    std::size_t open() const {
        return static_cast<std::size_t>(
            std::count_if(peers_.begin(), peers_.end(), [](const auto& peer) { return !peer->closed; }));
    }
    /// Scripts that no connection has taken.
    std::size_t unused() const noexcept { return scripts_.size(); }

    hubpush::task<std::unique_ptr<hubpush::byte_stream>> connect(hubpush::origin where) override {
        co_await asio::post(asio::use_awaitable);
        operations_->next();
        co_await hubpush::throw_if_cancelled();
        if (scripts_.empty())
            hubpush::throw_error(hubpush::errc::internal, "no script for a connection to " + where.text());
        script steps = std::move(scripts_.front());
        scripts_.pop_front();
        peers_.push_back(std::make_shared<scripted_peer>());
        peers_.back()->where = where;
        if (steps.refusal_) {
            peers_.back()->closed = true;
            hubpush::throw_error(*steps.refusal_, "no connection", hubpush::error_details().reached_server(false));
        }
        co_return std::make_unique<scripted_stream>(clock_, co_await asio::this_coro::executor, std::move(steps),
                                                    peers_.back(), operations_);
    }

private:
    std::shared_ptr<hubpush::clock> clock_;
    std::deque<script> scripts_;
    std::vector<std::shared_ptr<scripted_peer>> peers_;
    std::shared_ptr<operation_counter> operations_ = std::make_shared<operation_counter>();
};

}  // namespace hubpush_test
