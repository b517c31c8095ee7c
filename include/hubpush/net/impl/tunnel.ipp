#pragma once

#include <hubpush/net/tunnel.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/net/http_reader.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>

namespace hubpush::inline v0::detail {

inline task<void> write_connect(byte_stream& stream, secret head) {
    std::span<const std::byte> rest = std::as_bytes(std::span(head.reveal()));
    while (!rest.empty()) rest = rest.subspan(co_await stream.write_some(rest));
}

/// Whatever the answer is, it is over after its head: a tunnel has no body, and that of a refusal nobody wants.
inline task<http_response> read_connect_reply(byte_stream& stream) {
    http_reader reader(true, 0);
    std::array<std::byte, 1024> buffer{};
    while (!reader.complete()) {
        const std::size_t count = co_await stream.read_some(buffer);
        const std::error_code refused =
            count == 0 ? reader.end_of_stream() : reader.feed(std::span(buffer).first(count));
        if (refused) throw_error(static_cast<errc>(refused.value()), reader.problem());
    }
    http_response reply = reader.take();
    if (reply.ok() && reader.has_leftover()) {
        throw_error(errc::protocol_error, "more came than the answer");  // nobody but the proxy can have sent it
    }
    co_return reply;
}

HUBPUSH_DECL task<std::unique_ptr<byte_stream>> open_tunnel(std::unique_ptr<byte_stream> stream, proxy via,
                                                            origin target) {
    http_response reply;
    try {
        co_await write_connect(*stream, connect_head(via, target));
        reply = co_await read_connect_reply(*stream);
    } catch (const error& failure) {
        if (failure.kind() == errc::cancelled) throw;
        error_details details;
        details.reached_server(false).retryable(failure.kind() == errc::transport);
        details.hint("check that " + via.named_by() + " names an HTTP proxy");
        throw_error(failure.kind(), name_of(via) + " opens no connection to " + target.text() + ": " + failure.what(),
                    std::move(details));
    }
    require_tunnel(reply, via, target);
    co_return stream;
}

}  // namespace hubpush::inline v0::detail
