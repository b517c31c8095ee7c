#pragma once

#include <hubpush/upload/classify.hpp>

#include <hubpush/async/offload.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/preupload.hpp>
#include <hubpush/upload/hashing.hpp>

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace hubpush::inline v0::detail {

/// Files up to this size are read once, before the question, and hashed both ways: asking first and reading again costs
/// more.
inline constexpr std::uint64_t small_file = 64 * 1024;

/// Both names a file's content can have.
class content_names {
public:
    content_names() = default;
    explicit content_names(std::span<const std::byte> bytes)
        : blob_id_(to_hex(git_blob_hash::of(bytes))), sha256_(to_hex(sha256::of(bytes))) {}

    const std::string& of(upload_mode mode) const noexcept { return mode == upload_mode::lfs ? sha256_ : blob_id_; }

private:
    std::string blob_id_;
    std::string sha256_;
};

/// A file of the batch that the Hub is asked about next.
class asked_file {
public:
    asked_file(file what, std::string sample, std::optional<content_names> names)
        : what_(std::move(what)), sample_(std::move(sample)), names_(std::move(names)) {}

    const file& what() const noexcept { return what_; }
    const std::string& sample() const noexcept { return sample_; }
    const std::optional<content_names>& names() const noexcept { return names_; }

private:
    file what_;
    std::string sample_;
    std::optional<content_names> names_;
};

/// How much of a file the question needs: the first bytes of a large one, all of a small one.
inline std::size_t bytes_to_look_at(const file& what) {
    return what.size() <= small_file ? static_cast<std::size_t>(what.size()) : preupload_sample;
}

/// Where to read them. One byte more than an empty file has: only a read that could find something tells that it is
/// still empty.
inline std::span<std::byte> room_for_look(const file& what, std::span<std::byte> buffer) {
    return buffer.first(std::max<std::size_t>(bytes_to_look_at(what), 1));
}

/// `got` bytes of the file have been read into `buffer`.
inline asked_file examine(const file& what, std::span<const std::byte> buffer, std::size_t got) {
    if (got != bytes_to_look_at(what))
        throw_error(errc::file_changed, "'" + what.path() + "' became shorter while it was being pushed");
    std::optional<content_names> names;
    if (got == what.size()) names.emplace(buffer.first(got));
    const std::span<const std::byte> sample = buffer.first(std::min(got, preupload_sample));
    return asked_file(what, std::string(reinterpret_cast<const char*>(sample.data()), sample.size()), std::move(names));
}

/// On the pool: looks at the files from `looks.size()` on that are read there, some at a time, because a trip costs
/// more than a small file.
inline bool look_at_some(const std::vector<file>& files, const worker_pool* pool, std::span<std::byte> buffer,
                         std::vector<asked_file>& looks) {
    constexpr std::size_t files_per_trip = 32;
    const std::size_t end = std::min(files.size(), looks.size() + files_per_trip);
    while (looks.size() < end && files[looks.size()].source()->pool() == pool) {
        const file& what = files[looks.size()];
        const std::size_t got = what.source()->read_now(0, room_for_look(what, buffer));
        looks.push_back(examine(what, buffer, got));
    }
    return true;
}

/// The same for a source that has to be awaited.
inline task<asked_file> look_at_one(context& context, file what, std::span<std::byte> buffer) {
    const std::size_t got = co_await what.source()->read_at(0, room_for_look(what, buffer));
    auto work = [&] { return examine(what, buffer, got); };
    co_return co_await offload(*context.client().pool(), work);
}

inline task<std::vector<asked_file>> look_at(context& context, std::vector<file> files) {
    const lease buffer = co_await context.client().budget().acquire(small_file);
    std::vector<asked_file> looks;
    looks.reserve(files.size());
    while (looks.size() < files.size()) {
        co_await throw_if_cancelled();
        worker_pool* const pool = files[looks.size()].source()->pool();
        if (pool == nullptr) {
            looks.push_back(co_await look_at_one(context, files[looks.size()], buffer.bytes()));
        } else {
            auto work = [&] { return look_at_some(files, pool, buffer.bytes(), looks); };
            co_await offload(*pool, work);
        }
    }
    for (const asked_file& look : looks) {
        if (look.names()) context.progress().hashed(look.what().size());
    }
    co_return looks;
}

inline task<std::string> name_of(context& context, const asked_file& asked, upload_mode mode) {
    if (asked.names()) co_return asked.names()->of(mode);
    const auto count = [&context](std::size_t bytes) { context.progress().hashed(bytes); };
    if (mode == upload_mode::lfs) co_return co_await hash_whole(context.client(), asked.what(), sha256(), count);
    co_return co_await hash_whole(context.client(), asked.what(), git_blob_hash(asked.what().size()), count);
}

/// Hands a file on as the Hub wants it, or leaves it out. False when nobody takes files any more.
inline task<bool> decide(context& context, asked_file asked, preupload_answer answer, stream<planned_file>& out) {
    if (answer.ignored()) {
        context.tally().ignored += 1;
        co_return true;
    }
    std::string hash = co_await name_of(context, asked, answer.mode());
    if (answer.remote_hash() == hash && !context.removes(asked.what().path())) {
        context.leave_out(asked.what().path());
        co_return true;
    }
    co_return co_await out.push(planned_file(asked.what(), answer.mode(), std::move(hash)));
}

/// False when nobody takes files any more.
inline task<bool> ask_and_decide(context& context, std::vector<asked_file> batch, stream<planned_file>& out) {
    std::vector<preupload_question> questions;
    questions.reserve(batch.size());
    for (const asked_file& asked : batch) {
        questions.emplace_back(asked.what().path(), asked.what().size(), as_bytes(asked.sample()));
    }
    const preupload_reply reply = co_await preupload(context.session(), context.target(), context.revision(),
                                                     std::move(questions), context.rules(), context.creates_pr());
    context.note_head(reply.head());
    bool wanted = true;
    for (std::size_t i = 0; i < batch.size() && wanted; ++i)
        wanted = co_await decide(context, std::move(batch[i]), reply.answers()[i], out);
    co_return wanted;
}

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

HUBPUSH_DECL task<void> classify_step::operator()(context& context, stream<file>& in, stream<planned_file>& out) const {
    std::unordered_set<std::string> paths;
    for (bool more = true; more;) {
        std::vector<file> batch;
        while (more && batch.size() < preupload_batch) {
            std::optional<file> next = co_await in.pop();
            more = next.has_value();
            if (!more) break;
            if (!paths.insert(next->path()).second) {
                throw_error(errc::invalid_argument, "'" + next->path() + "' is pushed twice in one commit");
            }
            batch.push_back(std::move(*next));
        }
        if (batch.empty()) continue;
        std::vector<detail::asked_file> looks = co_await detail::look_at(context, std::move(batch));
        if (!co_await detail::ask_and_decide(context, std::move(looks), out)) co_return;
    }
    context.delete_rest(paths);
}

}  // namespace hubpush::inline v0
