#pragma once

/// \file
/// Large-file storage: which objects are missing, where their bytes go, and whether they arrived (spec/hub-http-api.md
/// §5).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>
#include <hubpush/net/http_message.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// The most objects of one batch request.
inline constexpr std::size_t lfs_batch_limit = 256;

/// Content by its SHA-256 (64 lower-case hexadecimal digits) and size.
class lfs_object {
public:
    lfs_object() = default;
    lfs_object(std::string oid, std::uint64_t size) : oid_(std::move(oid)), size_(size) {}
    const std::string& oid() const noexcept { return oid_; }
    std::uint64_t size() const noexcept { return size_; }

private:
    std::string oid_;
    std::uint64_t size_ = 0;
};

/// A link that the server made for one step, with the header fields that belong to it and to nothing else. Signed: its
/// query is a credential.
class lfs_action {
public:
    lfs_action() = default;
    lfs_action(url target, header_list headers) : target_(std::move(target)), headers_(std::move(headers)) {}
    const url& target() const noexcept { return target_; }
    const header_list& headers() const noexcept { return headers_; }

private:
    url target_;
    header_list headers_;
};

/// A range of an object and where its bytes go.
class upload_part {
public:
    upload_part() = default;
    upload_part(std::uint64_t offset, std::uint64_t size, lfs_action action)
        : offset_(offset), size_(size), action_(std::move(action)) {}
    std::uint64_t offset() const noexcept { return offset_; }
    std::uint64_t size() const noexcept { return size_; }
    const lfs_action& action() const noexcept { return action_; }

private:
    std::uint64_t offset_ = 0;
    std::uint64_t size_ = 0;
    lfs_action action_;
};

/// What has to be done so that the server has one object. Today an upload is one part, the whole object; multi-part
/// uploads will fill the same list.
class lfs_plan {
public:
    lfs_plan() = default;
    lfs_plan(lfs_object object, std::vector<upload_part> parts, std::optional<lfs_action> verify)
        : object_(std::move(object)), parts_(std::move(parts)), verify_(std::move(verify)) {}

    const lfs_object& object() const noexcept { return object_; }
    /// The server has the object: nothing to send, nothing to verify.
    bool stored() const noexcept { return parts_.empty(); }
    const std::vector<upload_part>& parts() const noexcept { return parts_; }
    /// Where the server wants to be told that the bytes are there.
    const std::optional<lfs_action>& verify() const noexcept { return verify_; }

private:
    lfs_object object_;
    std::vector<upload_part> parts_;
    std::optional<lfs_action> verify_;
};

/// The body of the batch request: sans I/O. An object that stands twice in `objects` is asked about once.
HUBPUSH_DECL std::string lfs_batch_body(const std::vector<lfs_object>& objects, const std::string& at_revision);

/// Reads the answer, matching by oid; gives one plan per object in the order of `objects`. Throws `protocol_error` for
/// objects that are missing, twice, unasked or of another size, and for links that must not be followed
/// (spec/reliability.md SEC02, SEC05); `no_transport` when the server demands parts or another way of sending; and the
/// error of its kind when the server refuses an object.
HUBPUSH_DECL std::vector<lfs_plan> read_lfs_batch(const json_value& answer, const std::vector<lfs_object>& objects,
                                                  const hub_settings& settings);

/// Asks about at most `lfs_batch_limit` objects. The links it gives live for minutes. An empty revision stands for a
/// pull request that does not exist yet: the question names no ref (spec/hub-http-api.md §4.1). Cancellation: all
/// types.
HUBPUSH_DECL task<std::vector<lfs_plan>> lfs_batch(hub_session& session, repository where, std::string at_revision,
                                                   std::vector<lfs_object> objects);

/// Sends the bytes of one part: `source` holds exactly them. Repeated by the retry policy, because the same bytes go to
/// the same place. Throws `forbidden` when the link is not (or no longer) valid: ask for a new batch. `on_progress`
/// gets the bytes written by the current attempt. Cancellation: all types; what was sent is of no effect.
HUBPUSH_DECL task<void> put_object(hub_session& session, upload_part part, std::shared_ptr<byte_source> source,
                                   std::function<void(std::uint64_t)> on_progress = nullptr);

/// Asks the server whether it has what was sent, if it wants to be asked. The token goes along only to the endpoint's
/// own origin. Throws `integrity` when the server has something else: send once more. Cancellation: all types.
HUBPUSH_DECL task<void> verify_object(hub_session& session, lfs_plan plan);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/lfs.ipp>
#endif
