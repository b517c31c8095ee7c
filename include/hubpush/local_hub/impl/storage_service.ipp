#pragma once

#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/form_text.hpp>
#include <hubpush/local_hub/storage_service.hpp>

#include <algorithm>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL storage_service::storage_service(seams seams, std::shared_ptr<worker_pool> pool,
                                              std::shared_ptr<repository_shelf> shelf, std::chrono::seconds link_life)
    : seams_(std::move(seams)), pool_(std::move(pool)), shelf_(std::move(shelf)), signer_(seams_.random(), link_life) {}

HUBPUSH_DECL std::string storage_service::link(std::string_view method, const hub_repository& repository,
                                               std::string_view oid) {
    const std::string path =
        "/" + std::string(kind_plural(repository.kind())) + "/" + repository.id() + "/" + std::string(oid);
    return signer_.sign(method, path, seams_.clock().wall());
}

/// In the order of §14.6: credentials that do not belong here come before everything else.
HUBPUSH_DECL void storage_service::check_permission(const server_exchange& exchange) const {
    const request_head& request = exchange.request();
    if (request.find("authorization")) {
        throw refusal(400, "", "Only one auth mechanism allowed: the link is signed, send no Authorization");
    }
    if (request.method != "PUT" && request.method != "GET" && request.method != "HEAD") {
        throw refusal(405, "", "The storage knows PUT, GET and HEAD");
    }
    const std::string_view method =
        request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
    const url_signer::verdict verdict = signer_.check(method, request.path(), request.query(), seams_.clock().wall());
    if (verdict == url_signer::verdict::valid) return;
    const std::string reason =
        verdict == url_signer::verdict::expired ? "Request has expired" : "SignatureDoesNotMatch";
    throw refusal(served_reply(
        403, "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>" + reason + "</Message></Error>",
        "application/xml"));
}

HUBPUSH_DECL task<void> storage_service::handle(server_exchange& exchange) {
    check_permission(exchange);
    const std::vector<std::string> segments =
        path_segments(exchange.request().path()).value_or(std::vector<std::string>());
    const std::optional<repository_kind> kind = segments.size() == 4 ? kind_of_plural(segments[0]) : std::nullopt;
    const auto repository = kind ? shelf_->find(*kind, segments[1] + "/" + segments[2]) : nullptr;
    if (!repository || !is_hex(segments[3], 64)) throw refusal(404, "", "No such object");
    if (exchange.request().method == "PUT") {
        co_await receive(exchange, repository->objects(), segments[3]);
    } else {
        co_await send(exchange, repository->objects(), segments[3]);
    }
}

/// What the Hub takes (spec/hub-http-api.md §4.5).
inline constexpr std::uint64_t largest_object = 500'000'000'000;

HUBPUSH_DECL task<void> storage_service::receive(server_exchange& exchange, lfs_store objects, std::string oid) {
    if (!exchange.request().content_length)
        throw refusal(501, "", "A length is required: transfer codings are not implemented");
    if (*exchange.request().content_length > largest_object) throw refusal(413, "", "The object is too large");
    const auto begin = [&] { return std::make_unique<lfs_upload>(objects.folder(), oid, exchange.number()); };
    const std::unique_ptr<lfs_upload> upload = co_await offload(*pool_, begin);
    for (;;) {
        const std::span<const std::byte> piece = co_await exchange.next_piece();
        if (piece.empty()) break;
        const auto write = [&upload, piece] { return upload->append(piece), true; };
        co_await offload(*pool_, write);
    }
    if (exchange.body_sha256() != oid) throw refusal(400, "", "The content does not have the announced SHA-256");
    const bool flipped = exchange.hit_by(fault::kind::store_flipped);
    const auto finish = [&upload, flipped] {
        if (flipped) upload->flip_first_byte();
        upload->keep();
        return true;
    };
    if (!exchange.hit_by(fault::kind::store_nothing)) co_await offload(*pool_, finish);
    served_reply stored(200);
    stored.header("ETag", "\"" + oid + "\"");
    co_await exchange.answer(std::move(stored));
}

HUBPUSH_DECL task<void> storage_service::send(server_exchange& exchange, lfs_store objects, std::string oid) {
    if (!objects.size_of(oid)) throw refusal(404, "", "No such object");
    const auto open = [&] { return std::make_unique<stored_object>(objects.path_of(oid)); };
    const std::unique_ptr<stored_object> object = co_await offload(*pool_, open);
    const byte_range range(exchange.request(), object->size());
    std::vector<served_field> fields = range.fields();
    fields.emplace_back("ETag", "\"" + oid + "\"");
    fields.emplace_back("Content-Type", "application/octet-stream");
    co_await exchange.head(range.status(), std::move(fields));
    if (exchange.request().method == "GET") co_await send_bytes(exchange, *object, range);
}

HUBPUSH_DECL task<void> storage_service::send_bytes(server_exchange& exchange, stored_object& object,
                                                    byte_range range) {
    std::uint64_t sent = 0;
    while (sent < range.length()) {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(range.length() - sent, exchange.scratch().size()));
        const std::span<std::byte> room = exchange.scratch().first(wanted);
        const std::uint64_t offset = range.offset() + sent;
        const auto read = [&object, offset, room] { return object.read_at(offset, room); };
        const std::size_t size = co_await offload(*pool_, read);
        if (size == 0) throw_error(errc::server_error, "a large file is shorter than it was");
        co_await exchange.write(room.first(size));
        sent += size;
    }
}

}  // namespace hubpush::inline v0::detail
