#pragma once

#include <hubpush/cli/serve.hpp>

#include <ostream>

namespace hubpush::inline v0 {

HUBPUSH_DECL local_hub_options detail::hub_of(const serve_options& options) {
    local_hub_options setup(options.folder);
    setup.port(options.port).remembered_requests(0);  // it runs for ever, and nobody reads them
    if (!options.token.empty()) setup.token(hub_token(options.user, options.token));
    return setup;
}

HUBPUSH_DECL task<void> serve_hub(serve_options options, std::ostream& out) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    local_hub hub(executor, detail::hub_of(options));
    if (!options.reader_token.empty()) hub.add_token(hub_token("reader", options.reader_token, token_role::read));
    out << "Serving " << hub.url() << '\n';
    if (options.token.empty()) out << "Token " << hub.token().reveal() << '\n';
    out << "Not for production: this machine only, without TLS. Stop with Ctrl-C." << std::endl;
    co_await hub.serve();
}

}  // namespace hubpush::inline v0
