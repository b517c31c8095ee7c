#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/discussions.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>
#include <hubpush/local_hub/whole_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL std::string iso_date(std::chrono::sys_seconds when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(when - day);
    char text[40];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.000Z", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return text;
}

HUBPUSH_DECL std::chrono::sys_seconds parse_iso_date(std::string_view text) noexcept {
    const std::string copy(text.substr(0, 40));
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d", &year, &month, &day, &hours, &minutes, &seconds) != 6) {
        return {};
    }
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    return std::chrono::sys_days(date) + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
           std::chrono::seconds(seconds);
}

HUBPUSH_DECL discussion_event& kept_discussion::add(discussion_event event) {
    char id[40];
    std::snprintf(id, sizeof id, "%08llx%016zx", static_cast<unsigned long long>(number), events.size() + 1);
    event.id = id;
    return events.emplace_back(std::move(event));
}

HUBPUSH_DECL discussion_event* kept_discussion::comment(std::string_view id) {
    const auto found = std::find_if(events.begin(), events.end(), [id](const discussion_event& each) {
        return each.id == id && each.what == discussion_event::kind::comment;
    });
    return found == events.end() ? nullptr : &*found;
}

inline constexpr std::array<std::string_view, 3> event_types{"comment", "status-change", "title-change"};

inline nlohmann::json author_json(const std::string& name) { return {{"name", name}, {"type", "user"}}; }

inline nlohmann::json event_data(const discussion_event& event) {
    switch (event.what) {
        case discussion_event::kind::status_change:
            return {{"status", event.text}};
        case discussion_event::kind::title_change:
            return {{"from", event.before}, {"to", event.text}};
        case discussion_event::kind::comment:
            break;
    }
    const nlohmann::json latest{{"raw", event.text},
                                {"html", event.text},
                                {"updatedAt", iso_date(event.date)},
                                {"author", author_json(event.author)}};
    return {{"edited", event.edited}, {"hidden", event.hidden}, {"latest", latest}, {"history", {latest}}};
}

HUBPUSH_DECL nlohmann::json event_json(const discussion_event& event) {
    return {{"id", event.id},
            {"type", event_types[static_cast<std::size_t>(event.what)]},
            {"createdAt", iso_date(event.date)},
            {"author", author_json(event.author)},
            {"data", event_data(event)}};
}

HUBPUSH_DECL nlohmann::json discussion_json(const kept_discussion& thing) {
    nlohmann::json object{{"num", thing.number},
                          {"title", thing.title},
                          {"status", thing.status},
                          {"isPullRequest", thing.is_pull_request()},
                          {"author", author_json(thing.author)},
                          {"createdAt", iso_date(thing.date)},
                          {"events", nlohmann::json::array()}};
    for (const discussion_event& event : thing.events) object["events"].push_back(event_json(event));
    if (!thing.is_pull_request()) return object;
    object["changes"] = {{"base", thing.target}, {"baseCommit", thing.base}};
    if (!thing.merge_commit.empty()) object["changes"]["mergeCommitId"] = thing.merge_commit;
    return object;
}

inline discussion_event parse_event(const nlohmann::json& object) {
    const auto type =
        std::find(event_types.begin(), event_types.end(), object.at("type").get_ref<const std::string&>());
    if (type == event_types.end()) throw_error(errc::server_error, "an event of an unknown type");
    discussion_event event(static_cast<discussion_event::kind>(type - event_types.begin()),
                           object.at("author").at("name"), parse_iso_date(object.at("createdAt").get<std::string>()),
                           "");
    event.id = object.at("id");
    const nlohmann::json& data = object.at("data");
    if (event.what == discussion_event::kind::status_change) {
        event.text = data.at("status");
    } else if (event.what == discussion_event::kind::title_change) {
        event.text = data.at("to");
        event.before = data.at("from");
    } else {
        event.text = data.at("latest").at("raw");
        event.edited = data.at("edited");
        event.hidden = data.at("hidden");
    }
    return event;
}

HUBPUSH_DECL kept_discussion parse_discussion(std::string_view text) {
    try {
        const nlohmann::json object = nlohmann::json::parse(text);
        kept_discussion thing(object.at("num"), object.at("title"), object.at("author").at("name"),
                              parse_iso_date(object.at("createdAt").get<std::string>()));
        thing.status = object.at("status");
        for (const nlohmann::json& event : object.at("events")) thing.events.push_back(parse_event(event));
        if (!object.at("isPullRequest").get<bool>()) return thing;
        const nlohmann::json& changes = object.at("changes");
        thing.target = changes.at("base");
        thing.base = changes.at("baseCommit");
        thing.merge_commit = changes.value("mergeCommitId", "");
        return thing;
    } catch (const nlohmann::json::exception& unreadable) {
        throw_error(errc::server_error, std::string("a discussion cannot be read: ") + unreadable.what());
    }
}

HUBPUSH_DECL std::filesystem::path discussion_book::file_of(std::uint64_t number) const {
    return folder_ / (std::to_string(number) + ".json");
}

HUBPUSH_DECL const kept_discussion* discussion_book::find(std::uint64_t number) const {
    const auto found = all_.find(number);
    return found == all_.end() ? nullptr : &found->second;
}

HUBPUSH_DECL task<void> discussion_book::load(worker_pool& pool) {
    const auto read = [this] {
        map found;
        std::error_code missing;
        for (const auto& file : std::filesystem::directory_iterator(folder_, missing)) {
            if (file.path().extension() != ".json") continue;  // left by a server that died while it wrote
            kept_discussion thing = parse_discussion(read_whole_file(file.path()));
            const std::uint64_t number = thing.number;
            found.emplace(number, std::move(thing));
        }
        return found;
    };
    all_ = co_await offload(pool, read);
}

HUBPUSH_DECL task<void> discussion_book::store(worker_pool& pool, kept_discussion thing) {
    const std::string text = json_text(discussion_json(thing)) + "\n";
    const std::filesystem::path file = file_of(thing.number);
    const auto write = [&text, &file] { return replace_whole_file(file, text), true; };
    co_await offload(pool, write);
    const std::uint64_t number = thing.number;
    all_.insert_or_assign(number, std::move(thing));
}

HUBPUSH_DECL task<void> discussion_book::remove(worker_pool& pool, std::uint64_t number) {
    const std::filesystem::path file = file_of(number);
    const auto erase = [&file] { return std::filesystem::remove(file); };
    co_await offload(pool, erase);
    all_.erase(number);
}

}  // namespace hubpush::inline v0::detail
