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
    stall_connection,   ///< it is never made, nor refused: decided per connection
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
    /// Asked once for every request: the bytes that go back instead of its answer, none of them for silence.
    std::function<std::optional<std::string>(const model_request&)> instead;
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
    /// The answer to a question about a README.md; without it there is no such route.
    std::function<std::pair<int, std::string>(const nlohmann::json& question)> judge_readme;
    std::map<std::string, std::string> moved;  ///< ids of repositories, the old one and the new one: 307
    int missing_after_creation = 0;            ///< answers 404 so often, as a replica does that has not heard of it

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

    /// What goes back for one request.
    struct served {
        std::string bytes;
        bool reset = false;
    };

    /// Takes the first complete request off `incoming`, the bytes that one connection to `origin` has brought, and
    /// serves it; nothing as long as it is not complete.
    std::optional<served> serve(const std::string& origin, std::string& incoming) {
        std::optional<model_request> request = read_head(origin, incoming);
        if (!request || !take_body(*request, incoming)) return std::nullopt;
        return answer(*request);
    }

    hubpush::task<std::unique_ptr<hubpush::byte_stream>> connect(hubpush::origin where) override {
        co_await asio::post(asio::use_awaitable);
        co_await hubpush::throw_if_cancelled();
        const model_fault what = fault ? fault("CONNECT", where.text()) : model_fault::none;
        hubpush::notifier never(co_await asio::this_coro::executor);
        while (what == model_fault::stall_connection) {
            co_await never.wait();
            co_await hubpush::throw_if_cancelled();
        }
        if (what == model_fault::refuse_connection) {
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
            if (finished_ || deaf_) return;
            std::optional<model_request> request = read_head(origin_, incoming_);
            if (!request) return;
            if (!std::exchange(head_seen_, true) && hub_->loss) loss_ = hub_->loss(request->method, request->target);
            if (loss_ && loss_->body_bytes && incoming_.size() >= request->head.size() + 4 + *loss_->body_bytes) {
                end_connection(loss_->end);
                if (hub_->after_loss) hub_->after_loss(*request);
                return;
            }
            if (!take_body(*request, incoming_)) return;
            head_seen_ = false;
            if (loss_) return answer_and_end(*request, *std::exchange(loss_, std::nullopt));
            const served result = hub_->answer(*request);
            outgoing_ += result.bytes;
            reset_ = result.reset;
        }

        void end_connection(model_loss::ending how) {
            if (how == model_loss::ending::fin) finished_ = true;
            if (how == model_loss::ending::reset) reset_ = true;
            if (how == model_loss::ending::silence) deaf_ = true;
            changed_.notify_all();
        }

        void answer_and_end(model_request request, const model_loss& lost) {
            const bool applied = lost.done == model_loss::effect::applied;
            const reply result = applied ? hub_->route(request) : reply(504, {{"error", "gateway time-out"}});
            const std::string wire = wire_form(result);
            request.reply_bytes = wire.size();
            hub_->requests.push_back(request);
            if (lost.done == model_loss::effect::after_first_look) hub_->late_ = {"GET", "", request};
            if (lost.done == model_loss::effect::after_repetition) hub_->late_ = {"POST", request.target, request};
            outgoing_ += wire.substr(0, lost.reply_bytes);
            end_connection(lost.end);
            if (hub_->after_loss) hub_->after_loss(request);
        }

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

    /// The request at the front of `incoming` without its body; nothing as long as its head is not complete.
    static std::optional<model_request> read_head(const std::string& origin, const std::string& incoming) {
        const std::size_t end = incoming.find("\r\n\r\n");
        if (end == std::string::npos) return std::nullopt;
        model_request request;
        request.origin = origin == endpoint ? "hub" : "store";
        request.head = incoming.substr(0, end);
        request.method = request.head.substr(0, request.head.find(' '));
        const std::size_t begin = request.method.size() + 1;
        request.target = request.head.substr(begin, request.head.find(' ', begin) - begin);
        return request;
    }

    /// Takes the request off `incoming` with its body; false as long as that is not complete.
    static bool take_body(model_request& request, std::string& incoming) {
        const std::size_t at = request.head.find("Content-Length: ");
        const std::size_t length = at != std::string::npos ? std::stoul(request.head.substr(at + 16)) : 0;
        const std::size_t begin = request.head.size() + 4;
        if (incoming.size() < begin + length) return false;
        request.body = incoming.substr(begin, length);
        incoming.erase(0, begin + length);
        return true;
    }

    served answer(const model_request& request) {
        const model_fault what = fault ? fault(request.method, request.target) : model_fault::none;
        requests.push_back(request);
        const std::size_t index = requests.size() - 1;
        if (instead) {
            if (const std::optional<std::string> bytes = instead(request)) return {*bytes};
        }
        switch (what) {
            case model_fault::reset_before:
                return {"", true};
            case model_fault::status_503:
                return {wire_form(reply(503, {{"error", "overloaded"}}))};
            case model_fault::forbid:
                return {wire_form(reply(403, {{"error", "expired"}}))};
            case model_fault::status_429: {
                reply slow(429, {{"error", "too many requests"}});
                slow.headers = "Retry-After: 7\r\n";
                return {wire_form(slow)};
            }
            default:
                break;
        }
        const reply result = route(request);
        requests[index].reply_bytes = wire_form(result).size();
        carry_out_late_after(request);
        if (what == model_fault::apply_then_reset) return {"", true};
        if (what == model_fault::apply_then_504) return {wire_form(reply(504, {{"error", "gateway time-out"}}))};
        return {wire_form(result)};
    }

    static std::string wire_form(const reply& result) {
        return "HTTP/1.1 " + std::to_string(result.status) + " x\r\nContent-Type: application/json\r\n" +
               result.headers + "Content-Length: " + std::to_string(result.body.size()) + "\r\n\r\n" + result.body;
    }

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
        for (const auto& [old_id, new_id] : moved) {
            const std::size_t at = request.target.find("/" + old_id);
            if (at == std::string::npos) continue;
            reply there(307, nlohmann::json::object());
            there.headers = "Location: " + std::string(request.target).replace(at + 1, old_id.size(), new_id) + "\r\n";
            return there;
        }
        if (request.target == "/api/validate-yaml" && judge_readme) {
            const auto [status, text] = judge_readme(nlohmann::json::parse(request.body));
            reply judgement(status, nullptr);
            judgement.body = text;
            return judgement;
        }
        const bool in_repository = request.target.find("acme/") != std::string::npos;
        if (in_repository && missing_after_creation > 0) {
            --missing_after_creation;
            reply missing(404, {{"error", "Repository not found"}});
            missing.headers = "X-Error-Code: RepoNotFound\r\n";
            return missing;
        }
        if (request.target.find("/preupload/") != std::string::npos)
            return preupload(revision_in(request.target, "/preupload/"), nlohmann::json::parse(request.body));
        if (request.target.ends_with("/objects/batch")) return batch(nlohmann::json::parse(request.body));
        if (request.target.find("/verify") != std::string::npos) return verify(nlohmann::json::parse(request.body));
        if (request.target == "/api/repos/create") return create(nlohmann::json::parse(request.body));
        if (request.target == "/api/whoami-v2") return reply(200, {{"name", "acme"}, {"type", "user"}});
        return route_repository(request).value_or(no_such_route());
    }

    reply create(const nlohmann::json& wanted) const {
        const std::string type = wanted.value("type", "model");
        const std::string folder = type == "model" ? "" : type + "s/";
        const std::string owner = wanted.at("organization").is_null() ? "acme" : wanted.at("organization");
        return reply(200, {{"url", std::string(endpoint) + "/" + folder + owner + "/" + wanted.value("name", "")}});
    }

    /// Whether a text like "*.tmp\nexact\n" ignores a path; the embedded Hub knows all of git's rules, this does not.
    static bool is_ignored(const std::string& rules, const std::string& path) {
        for (std::size_t begin = 0; begin < rules.size();) {
            const std::size_t end = std::min(rules.find('\n', begin), rules.size());
            const std::string line = rules.substr(begin, end - begin);
            if (line.starts_with('*') ? path.ends_with(line.substr(1)) : path == line) return true;
            begin = end + 1;
        }
        return false;
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
            const bool ignored = question.contains("gitIgnore") ? is_ignored(question.at("gitIgnore"), path)
                                                                : path.ends_with(".ignored");
            nlohmann::json one = {{"path", path}, {"uploadMode", how}, {"shouldIgnore", ignored}};
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
