#pragma once

#include <hubpush/upload/large_files.hpp>

#include <hubpush/hash/digest.hpp>
#include <hubpush/net/http_exchange.hpp>
#include <hubpush/upload/hashing.hpp>

#include <utility>

namespace hubpush::inline v0::detail {

/// A batch is asked about when it is full, or when it holds so much that sending it is worth the request.
inline constexpr std::uint64_t batch_bytes = 64 * 1024 * 1024;

/// Failures of one transfer that a new link, or sending once more, may cure: the link has expired (spec/reliability.md
/// §3.5, N32), or the server stored something else (§3.9, S14).
inline bool worth_another_link(errc kind) noexcept { return kind == errc::forbidden || kind == errc::integrity; }

/// Refusals of the bytes themselves.
inline bool concerns_content(errc kind) noexcept { return kind == errc::bad_request || kind == errc::integrity; }

HUBPUSH_DECL large_file_store::large_file_store(context& context, asio::any_io_executor executor, std::size_t in_flight)
    : context_(context), in_flight_(in_flight), transfers_(std::move(executor)) {}

HUBPUSH_DECL task<void> large_file_store::add(planned_file file) {
    if (!known_.insert(file.hash()).second) co_return;
    waiting_bytes_ += file.size();
    waiting_.push_back(std::move(file));
    if (waiting_.size() == lfs_batch_limit || waiting_bytes_ >= batch_bytes) co_await send_batch();
}

HUBPUSH_DECL task<void> large_file_store::finish(std::exception_ptr failure) {
    try {
        if (!failure && !waiting_.empty()) co_await send_batch();
    } catch (...) {
        failure = std::current_exception();
    }
    co_await transfers_.join(failure);
}

HUBPUSH_DECL task<void> large_file_store::send_batch() {
    if (failed()) co_return;
    const std::vector<planned_file> files = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    std::vector<lfs_object> objects;
    for (const planned_file& file : files) objects.emplace_back(file.hash(), file.size());
    const std::vector<lfs_plan> plans = co_await ask(std::move(objects));
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (plans[i].stored()) continue;
        context_.progress().to_send(files[i].size());
        co_await transfers_.wait_for_room(in_flight_);
        co_await throw_if_cancelled();
        if (failed()) co_return;
        transfers_.spawn(send(files[i], plans[i]));
    }
}

HUBPUSH_DECL task<std::vector<lfs_plan>> large_file_store::ask(std::vector<lfs_object> objects) {
    std::string at_revision = context_.creates_pr() ? std::string() : context_.revision();
    return lfs_batch(context_.session(), context_.target(), std::move(at_revision), std::move(objects));
}

HUBPUSH_DECL task<void> large_file_store::send(planned_file file, lfs_plan plan) {
    std::uint64_t shown = 0;
    for (bool renewed = false;; renewed = true) {
        std::exception_ptr refusal;
        try {
            co_await send_once(file, plan, shown);
        } catch (const error&) {
            refusal = std::current_exception();
        }
        if (!refusal) co_return;
        const errc kind = kind_of(refusal);
        if (concerns_content(kind)) co_await require_unchanged(file);
        if (renewed || !worth_another_link(kind)) std::rethrow_exception(refusal);
        std::vector<lfs_object> object;
        object.emplace_back(file.hash(), file.size());
        plan = (co_await ask(std::move(object))).front();
        if (plan.stored()) co_return;
    }
}

/// The store refuses bytes that do not fit their hash. A file that was written to without a trace in its times is the
/// likeliest reason (spec/reliability.md §3.7, FS02), and only reading it again tells.
HUBPUSH_DECL task<void> large_file_store::require_unchanged(const planned_file& file) {
    const auto count_nothing = [](std::size_t) {};
    const std::string now = co_await hash_whole(context_.client(), file.what(), sha256(), count_nothing);
    if (now == file.hash()) co_return;
    throw_error(errc::file_changed, "'" + file.what().path() + "' changed while it was being pushed",
                error_details().file(file.what().path()));
}

/// `shown` is how many bytes of the file progress has told about: a repeated attempt tells only what is new.
HUBPUSH_DECL task<void> large_file_store::send_once(const planned_file& file, const lfs_plan& plan,
                                                    std::uint64_t& shown) {
    auto tell = [this, &shown](std::uint64_t sent) {
        if (sent <= shown) return;
        context_.progress().sent(sent - std::exchange(shown, sent));
    };
    for (const upload_part& part : plan.parts()) {
        co_await put_object(context_.session(), part, file.what().source(), tell);
        context_.tally().bytes_sent += part.size();
    }
    co_await verify_object(context_.session(), plan);
}

}  // namespace hubpush::inline v0::detail
