#pragma once

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

/// One request as the model saw it.
struct model_request {
    std::string origin;  ///< "hub" or "store"
    std::string method;
    std::string target;
    std::string head;
    std::string body;
};

struct model_commit {
    std::string oid;
    std::string summary;
    std::string description;
    std::vector<std::string> lines;  ///< "+path", "-path"
};

/// The Hub's upload routes over connections in memory, for whole pushes in virtual time. It keeps no memory of upload
/// ids: only the history it lists (spec/hub-http-api.md §14). Everything on one strand.
class model_hub final : public hubpush::connector, public std::enable_shared_from_this<model_hub> {
public:
    static constexpr const char* endpoint = "http://127.0.0.1:8080";
    static constexpr const char* storage = "http://127.0.0.1:8081";

    /// Asked once for every connection ("CONNECT", the origin) and once for every request (method, target).
    std::function<model_fault(const std::string& method, const std::string& target)> fault;
    /// The file mode the Hub answers for a path.
    std::function<std::string(const std::string& path, std::uint64_t size)> mode = [](const std::string& path,
                                                                                      std::uint64_t) {
        return path.ends_with(".safetensors") || path.ends_with(".bin") ? "lfs" : "regular";
    };
    bool demands_parts = false;
    bool forgets_objects_once = false;   ///< the next commit answers that an LFS object does not exist, and drops all
    bool corrupts_first_object = false;  ///< the first PUT is answered well and not stored

    /// The answer to a question about a README.md; without it there is no such route.
    std::function<std::pair<int, std::string>(const nlohmann::json& question)> judge_readme;
    std::map<std::string, std::string> moved;  ///< ids of repositories, the old one and the new one: 307
    std::size_t tree_page = 1000;
    int missing_after_creation = 0;  ///< answers 404 so often, as a replica does that has not heard of it

    std::vector<model_request> requests;
    std::vector<model_commit> commits{{std::string(40, '0'), "initial commit", "", {}}};
    std::map<std::string, std::string> files;    ///< path to content hash
    std::map<std::string, std::string> objects;  ///< oid to bytes
    std::string bytes_seen;                      ///< everything any client sent, for canary searches

    std::size_t count(std::string_view method, std::string_view part) const {
        return static_cast<std::size_t>(
            std::count_if(requests.begin(), requests.end(), [&](const model_request& request) {
                return request.method == method && request.target.find(part) != std::string::npos;
            }));
    }
    std::vector<std::string> summaries() const {
        std::vector<std::string> result;
        for (std::size_t i = 1; i < commits.size(); ++i) result.push_back(commits[i].summary);
        return result;
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
    struct reply {
        reply(int code, nlohmann::json content) : status(code), body(content.dump()) {}
        int status;
        std::string body;
        std::string headers;
    };

    class connection final : public hubpush::byte_stream {
    public:
        connection(std::shared_ptr<model_hub> hub, std::string origin, asio::any_io_executor executor)
            : hub_(std::move(hub)), origin_(std::move(origin)), changed_(executor) {}

        hubpush::task<std::size_t> read_some(std::span<std::byte> out) override {
            co_await asio::post(asio::use_awaitable);
            while (outgoing_.empty() && !reset_ && !closed_) {
                co_await changed_.wait();
                co_await hubpush::throw_if_cancelled();
            }
            if (outgoing_.empty()) hubpush::throw_error(hubpush::errc::transport, "reset by the peer");
            const std::size_t count = std::min(out.size(), outgoing_.size());
            std::memcpy(out.data(), outgoing_.data(), count);
            outgoing_.erase(0, count);
            co_return count;
        }

        hubpush::task<std::size_t> write_some(std::span<const std::byte> data) override {
            co_await asio::post(asio::use_awaitable);
            co_await hubpush::throw_if_cancelled();
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
        bool quiet() noexcept override { return outgoing_.empty() && !reset_ && !closed_; }

    private:
        void serve() {
            const std::size_t end = incoming_.find("\r\n\r\n");
            if (end == std::string::npos) return;
            const std::size_t at = incoming_.find("Content-Length: ");
            const std::size_t length = at < end ? std::stoul(incoming_.substr(at + 16)) : 0;
            if (incoming_.size() < end + 4 + length) return;
            model_request request;
            request.origin = origin_ == endpoint ? "hub" : "store";
            request.head = incoming_.substr(0, end);
            request.body = incoming_.substr(end + 4, length);
            incoming_.erase(0, end + 4 + length);
            request.method = request.head.substr(0, request.head.find(' '));
            const std::size_t begin = request.method.size() + 1;
            request.target = request.head.substr(begin, request.head.find(' ', begin) - begin);
            answer(request);
        }

        void answer(const model_request& request) {
            const model_fault what = hub_->fault ? hub_->fault(request.method, request.target) : model_fault::none;
            hub_->requests.push_back(request);
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
        }

        void send(const reply& result) {
            outgoing_ += "HTTP/1.1 " + std::to_string(result.status) + " x\r\nContent-Type: application/json\r\n" +
                         result.headers + "Content-Length: " + std::to_string(result.body.size()) + "\r\n\r\n" +
                         result.body;
        }

        std::shared_ptr<model_hub> hub_;
        std::string origin_;
        hubpush::notifier changed_;
        std::string incoming_;
        std::string outgoing_;
        bool reset_ = false;
        bool closed_ = false;
    };

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
        if (request.target.find("/tree/") != std::string::npos) return tree(request.target);
        if (request.target.find("/preupload/") != std::string::npos)
            return preupload(nlohmann::json::parse(request.body));
        if (request.target.ends_with("/objects/batch")) return batch(nlohmann::json::parse(request.body));
        if (request.target.find("/verify") != std::string::npos) return verify(nlohmann::json::parse(request.body));
        if (request.target.find("/commits/") != std::string::npos) return list();
        if (request.target.find("/commit/") != std::string::npos) return commit(request.body);
        if (request.target == "/api/repos/create") return create(nlohmann::json::parse(request.body));
        return reply(404, {{"error", "no such route"}});
    }

    reply create(const nlohmann::json& wanted) const {
        const std::string type = wanted.value("type", "model");
        const std::string folder = type == "model" ? "" : type + "s/";
        const std::string owner = wanted.at("organization").is_null() ? "acme" : wanted.at("organization");
        return reply(200, {{"url", std::string(endpoint) + "/" + folder + owner + "/" + wanted.value("name", "")}});
    }

    /// All files below the folder in the address, page by page (hub-http-api.md §3.4).
    reply tree(const std::string& target) const {
        const std::size_t query = target.find('?');
        const std::string path = target.substr(0, query);
        const std::size_t revision = path.find("/tree/") + 6;
        const std::size_t slash = path.find('/', revision);
        std::string folder = slash == std::string::npos ? "" : path.substr(slash + 1) + "/";
        for (std::size_t at = folder.find("%2F"); at != std::string::npos; at = folder.find("%2F"))
            folder.replace(at, 3, "/");
        nlohmann::json all = nlohmann::json::array();
        for (const auto& [name, hash] : files) {
            if (name.starts_with(folder)) all.push_back({{"type", "file"}, {"path", name}, {"oid", hash}, {"size", 1}});
        }
        if (all.empty() && !folder.empty()) {
            reply missing(404, {{"error", "Entry not found"}});
            missing.headers = "X-Error-Code: EntryNotFound\r\n";
            return missing;
        }
        const std::size_t cursor = target.find("cursor=");
        const std::size_t first = cursor == std::string::npos ? 0 : std::stoul(target.substr(cursor + 7));
        const std::size_t last = std::min(first + tree_page, all.size());
        reply page(200, nlohmann::json(all.begin() + static_cast<std::ptrdiff_t>(first),
                                       all.begin() + static_cast<std::ptrdiff_t>(last)));
        if (first == last) page.body = "[]";
        if (last < all.size())
            page.headers = "Link: <" + path + "?recursive=true&cursor=" + std::to_string(last) + ">; rel=\"next\"\r\n";
        return page;
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

    reply preupload(const nlohmann::json& question) {
        nlohmann::json answers = nlohmann::json::array();
        for (const auto& file : question.at("files")) {
            const std::string path = file.at("path");
            const std::string how = mode(path, file.at("size"));
            const bool ignored = question.contains("gitIgnore") ? is_ignored(question.at("gitIgnore"), path)
                                                                : path.ends_with(".ignored");
            nlohmann::json one = {{"path", path}, {"uploadMode", how}, {"shouldIgnore", ignored}};
            if (files.contains(path)) one["oid"] = files.at(path);
            answers.push_back(one);
        }
        return reply(200, {{"commitOid", commits.back().oid}, {"files", answers}});
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

    reply list() const {
        nlohmann::json all = nlohmann::json::array();
        for (auto commit = commits.rbegin(); commit != commits.rend(); ++commit) {
            all.push_back({{"id", commit->oid},
                           {"title", commit->summary},
                           {"message", commit->description},
                           {"date", "2026-11-22T00:00:00.000Z"},
                           {"authors", nlohmann::json::array()}});
        }
        return reply(200, all);
    }

    reply commit(const std::string& body) {
        model_commit made;
        std::map<std::string, std::string> tree = files;
        for (std::size_t begin = 0; begin < body.size();) {
            const std::size_t end = body.find('\n', begin);
            const nlohmann::json line = nlohmann::json::parse(body.substr(begin, end - begin));
            begin = end + 1;
            if (const std::optional<reply> refused = apply(line, made, tree)) return *refused;
        }
        made.oid =
            hubpush::to_hex(hubpush::git_blob_hash::of(hubpush::as_bytes(body + std::to_string(commits.size()))));
        files = std::move(tree);
        commits.push_back(made);
        return reply(200, {{"success", true},
                           {"commitOid", made.oid},
                           {"commitUrl", std::string(endpoint) + "/acme/x/commit/" + made.oid}});
    }

    std::optional<reply> apply(const nlohmann::json& line, model_commit& made,
                               std::map<std::string, std::string>& tree) {
        const std::string key = line.at("key");
        const nlohmann::json& value = line.at("value");
        if (key == "header") {
            made.summary = value.at("summary");
            made.description = value.value("description", "");
            const std::string parent = value.value("parentCommit", "");
            if (!commits.back().oid.starts_with(parent)) return reply(412, {{"error", "The branch was updated"}});
            return std::nullopt;
        }
        const std::string path = value.at("path");
        made.lines.push_back((key.starts_with("deleted") ? "-" : "+") + path);
        if (key == "file") {
            tree[path] = hubpush::to_hex(
                hubpush::git_blob_hash::of(*hubpush::from_base64(value.at("content").get<std::string>())));
        } else if (key == "lfsFile") {
            const std::string oid = value.at("oid");
            if (std::exchange(forgets_objects_once, false)) objects.clear();
            if (!objects.contains(oid))
                return reply(400, {{"error", "LFS pointer pointed to a file that does not exist"}});
            tree[path] = oid;
        } else {
            std::erase_if(tree,
                          [&](const auto& entry) { return entry.first == path || entry.first.starts_with(path); });
        }
        return std::nullopt;
    }
};

}  // namespace hubpush_test
