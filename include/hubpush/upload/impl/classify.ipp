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

/// Reads what the question needs: the first bytes of a large file, all of a small one.
inline task<asked_file> look_at(context& context, file what) {
    const bool whole = what.size() <= small_file;
    const std::size_t wanted = whole ? static_cast<std::size_t>(what.size()) : preupload_sample;
    const lease buffer = co_await context.client().budget().acquire(wanted);
    const std::span<std::byte> bytes = buffer.bytes().first(wanted);
    // One byte more than an empty file has: only a read that could find something tells that it is still empty.
    const std::size_t got = co_await what.source()->read_at(0, buffer.bytes().first(std::max<std::size_t>(wanted, 1)));
    if (got != wanted)
        throw_error(errc::file_changed, "'" + what.path() + "' became shorter while it was being pushed");
    std::optional<content_names> names;
    if (whole) {
        auto hash = [bytes] { return content_names(bytes); };
        names = co_await offload(*context.client().pool(), hash);
        context.progress().hashed(what.size());
    }
    const std::span<const std::byte> first = bytes.first(std::min(wanted, preupload_sample));
    std::string sample(reinterpret_cast<const char*>(first.data()), first.size());
    co_return asked_file(std::move(what), std::move(sample), std::move(names));
}

inline task<std::string> name_of(context& context, const asked_file& asked, upload_mode mode) {
    if (asked.names()) co_return asked.names()->of(mode);
    const auto count = [&context](std::size_t bytes) { context.progress().hashed(bytes); };
    if (mode == upload_mode::lfs) co_return co_await hash_whole(context.client(), asked.what(), sha256(), count);
    co_return co_await hash_whole(context.client(), asked.what(), git_blob_hash(asked.what().size()), count);
}

/// Hands a file on as the Hub wants it, or leaves it out.
inline task<void> decide(context& context, asked_file asked, preupload_answer answer, stream<planned_file>& out) {
    if (answer.ignored()) {
        context.tally().ignored += 1;
        co_return;
    }
    std::string hash = co_await name_of(context, asked, answer.mode());
    if (answer.remote_hash() == hash && !context.removes(asked.what().path())) {
        context.tally().unchanged += 1;
        co_return;
    }
    co_await out.push(planned_file(asked.what(), answer.mode(), std::move(hash)));
}

inline task<void> ask_and_decide(context& context, std::vector<asked_file> batch, stream<planned_file>& out) {
    std::vector<preupload_question> questions;
    questions.reserve(batch.size());
    for (const asked_file& asked : batch) {
        questions.emplace_back(asked.what().path(), asked.what().size(), as_bytes(asked.sample()));
    }
    const std::vector<preupload_answer> answers = co_await preupload(
        context.session(), context.target(), context.revision(), std::move(questions), context.rules());
    for (std::size_t i = 0; i < batch.size(); ++i) co_await decide(context, std::move(batch[i]), answers[i], out);
}

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

HUBPUSH_DECL task<void> classify_step::operator()(context& context, stream<file>& in, stream<planned_file>& out) const {
    std::unordered_set<std::string> paths;
    for (bool more = true; more;) {
        std::vector<detail::asked_file> batch;
        while (more && batch.size() < preupload_batch) {
            std::optional<file> next = co_await in.pop();
            more = next.has_value();
            if (!more) break;
            if (!paths.insert(next->path()).second) {
                throw_error(errc::invalid_argument, "'" + next->path() + "' is pushed twice in one commit");
            }
            batch.push_back(co_await detail::look_at(context, std::move(*next)));
        }
        if (!batch.empty()) co_await detail::ask_and_decide(context, std::move(batch), out);
    }
    context.delete_rest(paths);
}

}  // namespace hubpush::inline v0
