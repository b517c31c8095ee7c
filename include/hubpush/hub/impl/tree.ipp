#pragma once

#include <hubpush/hub/tree.hpp>

#include <hubpush/core/error.hpp>

#include <limits>

namespace hubpush::inline v0 {

namespace detail {

inline std::string tree_target(const repository& where, const std::string& at_revision, const std::string& folder) {
    check_revision(at_revision);
    std::string target = where.api_path() + "/tree/" + escape_segment(at_revision);
    if (!folder.empty()) target += "/" + escape_segment(normalize_path_in_repo(folder));
    return target + "?recursive=true&expand=false";
}

inline tree_entry read_tree_entry(const json_value& item) {
    const bool folder = item.string("type") == "directory";
    const std::uint64_t size = folder ? 0 : item.integer("size", std::numeric_limits<std::int64_t>::max());
    const bool large = item.find("lfs") != nullptr;
    return tree_entry(item.string("path"), item.string("oid"), size, folder,
                      large ? item.object("lfs").string("oid") : std::string());
}

}  // namespace detail

HUBPUSH_DECL tree_listing::tree_listing(hub_session& session, const repository& where, const std::string& at_revision,
                                        const std::string& folder)
    : pages_(session, detail::tree_target(where, at_revision, folder), "cannot list the files of " + where.id()) {}

HUBPUSH_DECL task<std::optional<std::vector<tree_entry>>> tree_listing::next() {
    std::optional<std::vector<tree_entry>> entries;
    const std::optional<std::vector<json_value>> page = co_await pages_.next();
    if (!page) co_return entries;
    entries.emplace();
    for (const json_value& item : *page) entries->push_back(detail::read_tree_entry(item));
    co_return entries;
}

HUBPUSH_DECL task<std::vector<tree_entry>> paths_info(hub_session& session, repository where, std::string at_revision,
                                                      std::vector<std::string> paths) {
    check_revision(at_revision);
    if (paths.size() > paths_info_limit) throw_error(errc::invalid_argument, "one question is about at most 500 paths");
    const std::string what = "cannot look at paths of " + where.id();
    std::vector<std::string> quoted;
    quoted.reserve(paths.size());
    for (const std::string& path : paths) quoted.push_back(json_quoted(path));
    http_request request =
        session.request("POST", where.api_path() + "/paths-info/" + escape_segment(at_revision), request_class::safe);
    request.body(json_object().raw("paths", json_array(quoted)).raw("expand", "false").str(), "application/json");
    request.reply_limit(paged_listing::page_limit);
    const json_value answer = co_await session.send_for_json(std::move(request), what);
    if (answer.type() != json_value::kind::array) throw_error(errc::protocol_error, what + ": the answer is no list");
    std::vector<tree_entry> entries;
    for (const json_value& item : answer.items()) entries.push_back(detail::read_tree_entry(item));
    co_return entries;
}

}  // namespace hubpush::inline v0
