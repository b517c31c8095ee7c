#pragma once

#include "model_repository.hpp"

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/net/connector.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush_test {

/// What the model does with one request instead of serving it well.
enum class model_fault {
    none,
    refuse_connection,  ///< nobody listens: decided per connection
    reset_before,       ///< nothing is applied, the connection is reset
    apply_then_reset,
    apply_then_504,
    status_503,
    status_429,  ///< with `Retry-After: 7`
    forbid,      ///< 403, as for an expired link
};

/// A connection that ends before its time, and what becomes of the request on it.
struct model_loss {
    enum class ending { fin, reset, silence };
    enum class effect {
        applied,           ///< before the connection ends; the answer is the one that says so
        not_applied,       ///< the answer is a 504
        after_first_look,  ///< the answer is a 504; applied after the next GET was answered
        after_repetition,  ///< the same, after the next POST to the same target was answered
    };
    ending end = ending::fin;
    effect done = effect::applied;
    std::optional<std::size_t> body_bytes;  ///< the connection ends when so much of the request's body has come
    std::size_t reply_bytes = 0;            ///< or when so much of the answer was sent
};

/// The Hub's upload routes over connections in memory, for whole pushes in virtual time. It keeps no memory of upload
/// ids: only the history it lists (spec/hub-http-api.md §14). Everything on one strand.
class model_hub final : public hubpush::connector,
                        public model_repository,
                        public std::enable_shared_from_this<model_hub> {
public:
    static constexpr const char* endpoint = "http://127.0.0.1:8080";
    static constexpr const char* storage = "http://127.0.0.1:8081";

    /// Asked once for every connection ("CONNECT", the origin) and once for every request (method, target).
    std::function<model_fault(const std::string& method, const std::string& target)> fault;
    /// Asked once for every request whose head has come: how its connection ends early, if it does.
    std::function<std::optional<model_loss>(const std::string& method, const std::string& target)> loss;
    /// Awaited before bytes from a client arrive: how long they travel.
    std::function<hubpush::task<void>()> travel;
    /// The file mode the Hub answers for a path.
    std::function<std::string(const std::string& path, std::uint64_t size)> mode = [](const std::string& path,
                                                                                      std::uint64_t) {
        return path.ends_with(".safetensors") || path.ends_with(".bin") ? "lfs" : "regular";
    };
    bool demands_parts = false;
    bool corrupts_first_object = false;  ///< the first PUT is answered well and not stored

    /// Called when a connection has ended early, with the request that it carried.
    std::function<void(const model_request&)> after_loss;

    std::vector<model_request> requests;
    std::string bytes_seen;  ///< everything any client sent, for canary searches

    std::size_t count(std::string_view method, std::string_view part) const {
        return static_cast<std::size_t>(
            std::count_if(requests.begin(), requests.end(), [&](const model_request& request) {
                return request.method == method && request.target.find(part) != std::string::npos;
            }));
    }

    /// Carries out a request that is still late, if there is one: the worst that can happen after a push has ended.
    void carry_out_late() {
        if (late_) route(std::exchange(late_, std::nullopt)->request);
    }

    hubpush::task<std::unique_ptr<hubpush::byte_stream>> connect(hubpush::origin where) override {
        co_await asio::post(asio::use_awaitable);
        co_await hubpush::throw_if_cancelled();
        if (fault && fault("CONNECT", where.text()) == model_fault::refuse_connection) {
            hubpush::throw_error(hubpush::errc::transport, "connection refused",
                                 hubpush::error_details().retryable(true).reached_server(false));
        }
        co_return std::make_unique<connection>(shared_from_this(), where.text(), co_await asio::this_coro::executor);
    }

private:
    using reply = model_reply;

    class connection final : public hubpush::byte_stream {
    public:
        connection(std::shared_ptr<model_hub> hub, std::string origin, asio::any_io_executor executor)
            : hub_(std::move(hub)), origin_(std::move(origin)), changed_(executor) {}

        hubpush::task<std::size_t> read_some(std::span<std::byte> out) override {
            co_await asio::post(asio::use_awaitable);
            while (outgoing_.empty() && !finished_ && !reset_ && !closed_) {
                co_await changed_.wait();
                co_await hubpush::throw_if_cancelled();
            }
            if (outgoing_.empty() && !finished_) hubpush::throw_error(hubpush::errc::transport, "reset by the peer");
            const std::size_t count = std::min(out.size(), outgoing_.size());
            std::memcpy(out.data(), outgoing_.data(), count);
            outgoing_.erase(0, count);
            co_return count;
        }

        hubpush::task<std::size_t> write_some(std::span<const std::byte> data) override {
            co_await asio::post(asio::use_awaitable);
            co_await hubpush::throw_if_cancelled();
            while (deaf_ && !closed_) {
                co_await changed_.wait();
                co_await hubpush::throw_if_cancelled();
            }
            if (hub_->travel) co_await hub_->travel();
            if (reset_ || closed_) hubpush::throw_error(hubpush::errc::transport, "reset by the peer");
            const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
            hub_->bytes_seen += text;
            incoming_ += text;
            serve();
            changed_.notify_all();
            co_return data.size();
        }

        void close() noexcept override {
            closed_ = true;
            changed_.notify_all();
        }
        bool quiet() noexcept override { return outgoing_.empty() && !finished_ && !deaf_ && !reset_ && !closed_; }

    private:
        void serve() {
            const std::size_t end = incoming_.find("\r\n\r\n");
            if (end == std::string::npos || finished_ || deaf_) return;
            model_request request;
            request.origin = origin_ == endpoint ? "hub" : "store";
            request.head = incoming_.substr(0, end);
            request.method = request.head.substr(0, request.head.find(' '));
            const std::size_t begin = request.method.size() + 1;
            request.target = request.head.substr(begin, request.head.find(' ', begin) - begin);
            if (!std::exchange(head_seen_, true) && hub_->loss) loss_ = hub_->loss(request.method, request.target);
            if (loss_ && loss_->body_bytes && incoming_.size() >= end + 4 + *loss_->body_bytes) {
                end_connection(loss_->end);
                if (hub_->after_loss) hub_->after_loss(request);
                return;
            }
            const std::size_t at = incoming_.find("Content-Length: ");
            const std::size_t length = at < end ? std::stoul(incoming_.substr(at + 16)) : 0;
            if (incoming_.size() < end + 4 + length) return;
            request.body = incoming_.substr(end + 4, length);
            incoming_.erase(0, end + 4 + length);
            head_seen_ = false;
            loss_ ? answer_and_end(request, *std::exchange(loss_, std::nullopt)) : answer(request);
        }

        void end_connection(model_loss::ending how) {
            if (how == model_loss::ending::fin) finished_ = true;
            if (how == model_loss::ending::reset) reset_ = true;
            if (how == model_loss::ending::silence) deaf_ = true;
            changed_.notify_all();
        }

        void answer_and_end(model_request request, const model_loss& loss) {
            const bool applied = loss.done == model_loss::effect::applied;
            const reply result = applied ? hub_->route(request) : reply(504, {{"error", "gateway time-out"}});
            const std::string wire = wire_form(result);
            request.reply_bytes = wire.size();
            hub_->requests.push_back(request);
            if (loss.done == model_loss::effect::after_first_look) hub_->late_ = {"GET", "", request};
            if (loss.done == model_loss::effect::after_repetition) hub_->late_ = {"POST", request.target, request};
            outgoing_ += wire.substr(0, loss.reply_bytes);
            end_connection(loss.end);
            if (hub_->after_loss) hub_->after_loss(request);
        }

        void answer(const model_request& request) {
            const model_fault what = hub_->fault ? hub_->fault(request.method, request.target) : model_fault::none;
            hub_->requests.push_back(request);
            const std::size_t index = hub_->requests.size() - 1;
            switch (what) {
                case model_fault::reset_before:
                    reset_ = true;
                    return;
                case model_fault::status_503:
                    send(reply(503, {{"error", "overloaded"}}));
                    return;
                case model_fault::forbid:
                    send(reply(403, {{"error", "expired"}}));
                    return;
                case model_fault::status_429: {
                    reply slow(429, {{"error", "too many requests"}});
                    slow.headers = "Retry-After: 7\r\n";
                    send(slow);
                    return;
                }
                default:
                    break;
            }
            const reply result = hub_->route(request);
            if (what == model_fault::apply_then_reset) {
                reset_ = true;
            } else if (what == model_fault::apply_then_504) {
                send(reply(504, {{"error", "gateway time-out"}}));
            } else {
                send(result);
            }
            hub_->requests[index].reply_bytes = wire_form(result).size();
            hub_->carry_out_late_after(request);
        }

        static std::string wire_form(const reply& result) {
            return "HTTP/1.1 " + std::to_string(result.status) + " x\r\nContent-Type: application/json\r\n" +
                   result.headers + "Content-Length: " + std::to_string(result.body.size()) + "\r\n\r\n" + result.body;
        }

        void send(const reply& result) { outgoing_ += wire_form(result); }

        std::shared_ptr<model_hub> hub_;
        std::string origin_;
        hubpush::notifier changed_;
        std::string incoming_;
        std::string outgoing_;
        bool head_seen_ = false;
        std::optional<model_loss> loss_;
        bool finished_ = false;  // its end was sent
        bool deaf_ = false;      // nothing is taken any more
        bool reset_ = false;
        bool closed_ = false;
    };

    /// A request that was answered before it was carried out.
    struct late_request {
        std::string waits_for_method;
        std::string waits_for_target;  // empty: any
        model_request request;
    };

    void carry_out_late_after(const model_request& answered) {
        const bool due = late_ && answered.method == late_->waits_for_method &&
                         (late_->waits_for_target.empty() || answered.target == late_->waits_for_target);
        if (due) carry_out_late();
    }

    reply route(const model_request& request) {
        if (request.origin == "store") return store(request);
        if (request.target.find("/preupload/") != std::string::npos)
            return preupload(revision_in(request.target, "/preupload/"), nlohmann::json::parse(request.body));
        if (request.target.ends_with("/objects/batch")) return batch(nlohmann::json::parse(request.body));
        if (request.target.find("/verify") != std::string::npos) return verify(nlohmann::json::parse(request.body));
        if (request.target == "/api/repos/create") return reply(200, {{"url", std::string(endpoint) + "/acme/x"}});
        return route_repository(request).value_or(no_such_route());
    }

    reply store(const model_request& request) {
        const std::string oid = request.target.substr(request.target.rfind('/') + 1);
        const bool named_right = hubpush::to_hex(hubpush::sha256::of(hubpush::as_bytes(request.body))) == oid;
        if (!named_right) return reply(400, {{"error", "these bytes have another hash"}});
        if (!std::exchange(corrupts_first_object, false)) objects[oid] = request.body;
        return reply(200, nlohmann::json::object());
    }

    reply preupload(const std::string& revision, const nlohmann::json& question) {
        const auto* const present = tree_at(revision);
        if (present == nullptr) return reply(404, {{"error", "Invalid rev id"}});
        nlohmann::json answers = nlohmann::json::array();
        for (const auto& file : question.at("files")) {
            const std::string path = file.at("path");
            const std::string how = mode(path, file.at("size"));
            nlohmann::json one = {{"path", path}, {"uploadMode", how}, {"shouldIgnore", path.ends_with(".ignored")}};
            if (present->contains(path)) one["oid"] = present->at(path);
            answers.push_back(one);
        }
        return reply(200, {{"commitOid", history_of(revision)->back().oid}, {"files", answers}});
    }

    reply batch(const nlohmann::json& question) {
        nlohmann::json answers = nlohmann::json::array();
        for (const auto& object : question.at("objects")) {
            const std::string oid = object.at("oid");
            nlohmann::json one = {{"oid", oid}, {"size", object.at("size")}};
            if (!objects.contains(oid)) {
                one["actions"]["upload"]["href"] = std::string(storage) + "/o/" + oid;
                if (demands_parts)
                    one["actions"]["upload"]["header"] = {{"chunk_size", "10"}, {"1", std::string(storage) + "/p/1"}};
                one["actions"]["verify"]["href"] = std::string(endpoint) + "/api/verify";
            }
            answers.push_back(one);
        }
        return reply(200, {{"transfer", "basic"}, {"objects", answers}});
    }

    reply verify(const nlohmann::json& question) {
        const auto found = objects.find(question.at("oid").get<std::string>());
        const bool right = found != objects.end() && found->second.size() == question.at("size").get<std::size_t>();
        return right ? reply(200, nlohmann::json::object()) : reply(404, {{"error", "no such object"}});
    }

    std::optional<late_request> late_;
};

}  // namespace hubpush_test
