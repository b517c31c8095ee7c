#pragma once

#include <hubpush/hub/whoami.hpp>

#include <hubpush/core/error.hpp>

namespace hubpush::inline v0 {

HUBPUSH_DECL task<hub_user> whoami(hub_session& session) {
    if (session.settings().token().empty()) {
        throw_error(errc::not_authorized, "cannot ask who this is: there is no token",
                    error_details().reached_server(false));
    }
    http_request request = session.request("GET", "/api/whoami-v2", request_class::safe);
    const json_value answer = co_await session.send_for_json(std::move(request), "cannot ask who this is");
    std::vector<std::string> organizations;
    if (answer.find("orgs") != nullptr) {
        for (const json_value& organization : answer.array("orgs"))
            organizations.push_back(organization.string("name"));
    }
    co_return hub_user(answer.string("name"), answer.string("type"), std::move(organizations));
}

}  // namespace hubpush::inline v0
