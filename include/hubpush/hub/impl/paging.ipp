#pragma once

#include <hubpush/hub/paging.hpp>

#include <hubpush/core/error.hpp>

namespace hubpush::inline v0 {

HUBPUSH_DECL std::optional<std::string> next_link(std::string_view field) {
    while (true) {
        const std::size_t begin = field.find('<');
        const std::size_t end = field.find('>', begin == std::string_view::npos ? field.size() : begin);
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view target = field.substr(begin + 1, end - begin - 1);
        field.remove_prefix(end + 1);
        const std::string_view parameters = field.substr(0, field.find('<'));
        if (parameters.find("rel=\"next\"") != std::string_view::npos) return std::string(target);
    }
}

HUBPUSH_DECL paged_listing::paged_listing(hub_session& session, std::string_view first, std::string what)
    : session_(&session), what_(std::move(what)), next_(session.settings().at(first)) {}

HUBPUSH_DECL std::optional<url> paged_listing::following(const http_response& reply, const url& current) const {
    const std::optional<std::string_view> field = reply.headers().find("Link");
    const std::optional<std::string> link = field ? next_link(*field) : std::nullopt;
    if (!link) return std::nullopt;
    const std::optional<url> resolved = current.resolve(*link);
    const std::optional<url> page = resolved ? session_->settings().server_url(resolved->text()) : std::nullopt;
    if (!page || page->origin() != session_->settings().origin() || *page == current) {
        throw_error(errc::protocol_error, what_ + ": the link to the next page leads elsewhere");
    }
    return page;
}

HUBPUSH_DECL task<std::optional<std::vector<json_value>>> paged_listing::next() {
    std::optional<std::vector<json_value>> items;
    if (!next_) co_return items;
    if (++pages_ > most_pages) throw_error(errc::limit_exceeded, what_ + ": the listing has more than 10,000 pages");
    const url current = *next_;
    http_request request = session_->request("GET", current, request_class::safe);
    request.reply_limit(page_limit);
    const http_response reply = co_await session_->send(std::move(request), what_);
    json_value page = hub_session::json_of(reply, what_);
    if (page.type() != json_value::kind::array) throw_error(errc::protocol_error, what_ + ": the page is not a list");
    next_ = following(reply, current);
    items = page.items();
    co_return items;
}

}  // namespace hubpush::inline v0
