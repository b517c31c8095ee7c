#pragma once

#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush_test {

/// One request as the model saw it.
struct model_request {
    std::string origin;  ///< "hub" or "store"
    std::string method;
    std::string target;
    std::string head;
    std::string body;
    std::size_t reply_bytes = 0;  ///< how long the answer was on the wire, or would have been
};

struct model_reply {
    model_reply(int code, nlohmann::json content) : status(code), body(content.dump()) {}
    int status;
    std::string body;
    std::string headers;
};

struct model_commit {
    std::string oid;
    std::string summary;
    std::string description;
    std::vector<std::string> lines;  ///< "+path", "-path"
    std::map<std::string, std::string> tree;
};

struct model_discussion {
    std::size_t number;
    std::string title;
    std::string text;
    std::string status;
};

/// A repository's branches, pull requests and discussions behind the routes that pushes use (spec/hub-http-api.md
/// §14.3, §14.6). It keeps no memory of upload ids: only the history and the texts that it lists.
class model_repository {
public:
    bool has_discussions = true;
    std::size_t tree_page = 1000;       ///< entries on a page of a listing
    bool forgets_objects_once = false;  ///< the next commit answers that an LFS object does not exist, and drops all

    std::vector<model_commit> commits{{std::string(40, '0'), "initial commit", "", {}, {}}};  ///< of main
    std::map<std::string, std::string> files;                        ///< of main: path to content hash
    std::map<std::string, std::string> objects;                      ///< oid to bytes
    std::map<std::string, std::vector<model_commit>> pull_requests;  ///< `refs/pr/N`
    std::vector<model_discussion> discussions;

    std::vector<std::string> summaries() const {
        std::vector<std::string> result;
        for (std::size_t i = 1; i < commits.size(); ++i) result.push_back(commits[i].summary);
        return result;
    }

    /// How many commits with this first line there are, on main and on the pull requests together.
    std::size_t commits_named(const std::string& summary) const {
        std::set<std::string> found;
        const auto look_at = [&](const std::vector<model_commit>& history) {
            for (const model_commit& commit : history) {
                if (commit.summary == summary) found.insert(commit.oid);
            }
        };
        look_at(commits);
        for (const auto& [ref, history] : pull_requests) look_at(history);
        return found.size();
    }

    /// Somebody else's commit.
    void stranger_commits(const std::string& revision, const std::string& path, const std::string& text) {
        model_commit made;
        made.summary = "somebody else";
        made.tree = *tree_at(revision);
        made.tree[path] = hubpush::to_hex(hubpush::git_blob_hash::of(hubpush::as_bytes(text)));
        append(revision, std::move(made), path + text);
    }

protected:
    ~model_repository() = default;

    std::optional<model_reply> route_repository(const model_request& request) {
        const auto has = [&](std::string_view part) { return request.target.find(part) != std::string::npos; };
        if (has("/discussions")) return has_discussions ? discuss(request) : no_such_route();
        if (has("/refs?")) return list_refs();
        if (has("/commits/")) return list(request.target);
        if (has("/paths-info/")) return paths_info(revision_in(request.target, "/paths-info/"), request.body);
        if (has("/tree/")) return tree(request.target);
        if (has("/commit/")) return commit(request);
        return std::nullopt;
    }

    static model_reply no_such_route() { return model_reply(404, {{"error", "no such route"}}); }

    static std::string decoded(std::string_view text) {
        std::string result;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool escaped = text[i] == '%' && i + 2 < text.size();
            result += escaped ? static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)) : text[i];
            i += escaped ? 2 : 0;
        }
        return result;
    }

    /// The segment behind `verb`, without what follows it.
    static std::string revision_in(std::string_view target, std::string_view verb) {
        target.remove_prefix(target.find(verb) + verb.size());
        return decoded(target.substr(0, target.find_first_of("/?")));
    }

    std::vector<model_commit>* history_of(const std::string& revision) {
        if (revision == "main") return &commits;
        const auto found = pull_requests.find(revision);
        return found == pull_requests.end() ? nullptr : &found->second;
    }

    /// The files of a branch or a commit; a null pointer when there is none of that name.
    const std::map<std::string, std::string>* tree_at(const std::string& revision) {
        if (revision == "main") return &files;
        if (const auto* const history = history_of(revision)) return &history->back().tree;
        const auto in = [&](const std::vector<model_commit>& history) -> const std::map<std::string, std::string>* {
            for (const model_commit& commit : history) {
                if (revision.size() >= 7 && commit.oid.starts_with(revision)) return &commit.tree;
            }
            return nullptr;
        };
        const auto* found = in(commits);
        for (const auto& [ref, history] : pull_requests) found = found != nullptr ? found : in(history);
        return found;
    }

private:
    static std::string page(const std::string& what) { return "http://127.0.0.1:8080/acme/x/" + what; }

    const model_commit& append(const std::string& revision, model_commit made, const std::string& salt) {
        std::vector<model_commit>& history = *history_of(revision);
        const std::string unique = salt + revision + std::to_string(history.size());
        made.oid = hubpush::to_hex(hubpush::git_blob_hash::of(hubpush::as_bytes(unique)));
        if (revision == "main") files = made.tree;
        history.push_back(std::move(made));
        return history.back();
    }

    std::string next_pull_request() const { return "refs/pr/" + std::to_string(discussions.size() + 1); }

    model_reply discuss(const model_request& request) {
        std::string_view rest = request.target;
        rest.remove_prefix(rest.find("/discussions") + 12);
        if (rest.starts_with('/')) return one_discussion(request, rest.substr(1));
        return request.method == "POST" ? open_discussion(nlohmann::json::parse(request.body)) : list_discussions();
    }

    model_reply open_discussion(const nlohmann::json& wanted) {
        const std::string title = wanted.at("title");
        if (title.size() < 3 || title.size() > 200) return model_reply(400, {{"error", "bad title"}});
        pull_requests[next_pull_request()] = commits;
        pull_requests[next_pull_request()].back().tree = files;
        discussions.push_back({discussions.size() + 1, title, wanted.at("description"), "draft"});
        return model_reply(200, {{"num", discussions.size()}, {"pullRequest", true}});
    }

    static nlohmann::json shown(const model_discussion& each) {
        return {{"num", each.number}, {"title", each.title}, {"status", each.status}, {"isPullRequest", true}};
    }

    model_reply list_discussions() const {
        nlohmann::json all = nlohmann::json::array();
        for (auto each = discussions.rbegin(); each != discussions.rend(); ++each) all.push_back(shown(*each));
        return model_reply(200, {{"count", all.size()}, {"start", 0}, {"discussions", all}});
    }

    model_reply one_discussion(const model_request& request, std::string_view rest) {
        const std::size_t number = std::stoul(std::string(rest));
        if (number == 0 || number > discussions.size()) return model_reply(404, {{"error", "not found"}});
        model_discussion& it = discussions[number - 1];
        if (rest.ends_with("/status")) {
            it.status = nlohmann::json::parse(request.body).at("status");
            return model_reply(200, {{"newStatus", {{"type", "status-change"}}}});
        }
        nlohmann::json details = shown(it);
        details["events"] = {{{"type", "comment"}, {"data", {{"latest", {{"raw", it.text}}}}}}};
        return model_reply(200, details);
    }

    model_reply list_refs() const {
        nlohmann::json refs = nlohmann::json::array();
        for (const auto& [ref, history] : pull_requests)
            refs.push_back({{"name", ref}, {"ref", ref}, {"targetCommit", history.back().oid}});
        return model_reply(200, {{"branches", nlohmann::json::array()}, {"pullRequests", refs}});
    }

    model_reply list(const std::string& target) {
        const auto* const history = history_of(revision_in(target, "/commits/"));
        if (history == nullptr) return model_reply(404, {{"error", "Invalid rev id"}});
        std::size_t left = std::stoul(target.substr(target.find("limit=") + 6));
        nlohmann::json listed = nlohmann::json::array();
        for (auto commit = history->rbegin(); commit != history->rend() && left > 0; ++commit, --left) {
            listed.push_back({{"id", commit->oid},
                              {"title", commit->summary},
                              {"message", commit->description},
                              {"date", "2026-11-22T00:00:00.000Z"},
                              {"authors", nlohmann::json::array()}});
        }
        return model_reply(200, listed);
    }

    static nlohmann::json file_entry(const std::string& path, const std::string& hash) {
        return {{"type", "file"}, {"path", path}, {"oid", hash}, {"size", 1}};
    }

    model_reply paths_info(const std::string& revision, const std::string& body) {
        const auto* const at = tree_at(revision);
        if (at == nullptr) return model_reply(404, {{"error", "Invalid rev id"}});
        const nlohmann::json paths = nlohmann::json::parse(body).at("paths");
        if (paths.size() > 1000) return model_reply(413, {{"error", "too many parameters"}});
        nlohmann::json found = nlohmann::json::array();
        for (const auto& path : paths) {
            const auto entry = at->find(path.get<std::string>());
            if (entry != at->end()) found.push_back(file_entry(entry->first, entry->second));
        }
        return model_reply(200, found);
    }

    /// All files below the folder in the address, page by page (§3.4).
    model_reply tree(const std::string& target) {
        const auto* const at = tree_at(revision_in(target, "/tree/"));
        if (at == nullptr) return model_reply(404, {{"error", "Invalid rev id"}});
        const std::string path = target.substr(0, target.find('?'));
        const std::size_t slash = path.find('/', path.find("/tree/") + 6);
        const std::string folder = slash == std::string::npos ? "" : decoded(path.substr(slash + 1)) + "/";
        nlohmann::json all = nlohmann::json::array();
        for (const auto& [name, hash] : *at) {
            if (name.starts_with(folder)) all.push_back(file_entry(name, hash));
        }
        if (all.empty() && !folder.empty()) {
            model_reply missing(404, {{"error", "no such folder"}});
            missing.headers = "X-Error-Code: EntryNotFound\r\n";
            return missing;
        }
        const std::size_t cursor = target.find("cursor=");
        const std::size_t first = cursor == std::string::npos ? 0 : std::stoul(target.substr(cursor + 7));
        nlohmann::json entries = nlohmann::json::array();
        for (std::size_t i = first; i < std::min(first + tree_page, all.size()); ++i) entries.push_back(all[i]);
        model_reply listed(200, entries);
        if (first + tree_page < all.size()) {
            listed.headers = "Link: <" + path + "?recursive=true&cursor=" + std::to_string(first + tree_page) +
                             ">; rel=\"next\"\r\n";
        }
        return listed;
    }

    /// §14.3: the lines are applied to a copy; nothing is there if one of them fails.
    model_reply commit(const model_request& request) {
        const bool opens = request.target.ends_with("?create_pr=1");
        std::string revision = revision_in(request.target, "/commit/");
        if (history_of(revision) == nullptr) return model_reply(404, {{"error", "Invalid rev id"}});
        std::vector<model_commit> history = *history_of(revision);
        history.back().tree = *tree_at(revision);
        model_commit made;
        for (std::size_t begin = 0; begin < request.body.size();) {
            const std::size_t end = request.body.find('\n', begin);
            const nlohmann::json line = nlohmann::json::parse(request.body.substr(begin, end - begin));
            const bool header = begin == 0;
            begin = end + 1;
            if (const auto refused = header ? stand(line.at("value"), opens, made, history) : apply(line, made))
                return *refused;
        }
        if (opens) {
            revision = next_pull_request();
            pull_requests[revision] = history;
            discussions.push_back({discussions.size() + 1, made.summary, "", "open"});
        }
        const std::string& oid = append(revision, std::move(made), request.body).oid;
        nlohmann::json answer = {{"success", true}, {"commitOid", oid}, {"commitUrl", page("commit/" + oid)}};
        if (opens) answer["pullRequestUrl"] = page("discussions/" + std::to_string(discussions.size()));
        return model_reply(200, answer);
    }

    /// The header: where the commit stands.
    static std::optional<model_reply> stand(const nlohmann::json& header, bool opens, model_commit& made,
                                            std::vector<model_commit>& history) {
        made.summary = header.at("summary");
        made.description = header.value("description", "");
        const std::string parent = header.value("parentCommit", "");
        if (!opens && !history.back().oid.starts_with(parent))
            return model_reply(412, {{"error", "The branch was updated"}});
        while (!history.empty() && !history.back().oid.starts_with(parent)) history.pop_back();
        if (history.empty()) return model_reply(404, {{"error", "Invalid rev id"}});
        made.tree = history.back().tree;
        return std::nullopt;
    }

    std::optional<model_reply> apply(const nlohmann::json& line, model_commit& made) {
        const std::string key = line.at("key");
        const nlohmann::json& value = line.at("value");
        const std::string path = value.at("path");
        made.lines.push_back((key.starts_with("deleted") ? "-" : "+") + path);
        if (key == "file") {
            made.tree[path] = hubpush::to_hex(
                hubpush::git_blob_hash::of(*hubpush::from_base64(value.at("content").get<std::string>())));
        } else if (key == "lfsFile") {
            const std::string oid = value.at("oid");
            if (std::exchange(forgets_objects_once, false)) objects.clear();
            if (!objects.contains(oid))
                return model_reply(400, {{"error", "LFS pointer pointed to a file that does not exist"}});
            made.tree[path] = oid;
        } else {
            std::erase_if(made.tree,
                          [&](const auto& entry) { return entry.first == path || entry.first.starts_with(path); });
        }
        return std::nullopt;
    }
};

}  // namespace hubpush_test
