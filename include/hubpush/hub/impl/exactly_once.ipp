#pragma once

#include <hubpush/hub/exactly_once.hpp>

#include <hubpush/async/task.hpp>
#include <hubpush/async/timeout.hpp>
#include <hubpush/async/timing.hpp>

namespace hubpush::inline v0::detail {

inline bool is_cancelled_failure(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const cancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

inline bool may_have_reached_server(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const error& ours) {
        return ours.reached_server();
    } catch (...) {
        return true;
    }
}

HUBPUSH_DECL task<std::size_t> watched_source::read_at(std::uint64_t offset, std::span<std::byte> out) {
    const std::size_t got = co_await inner_->read_at(offset, out);
    if (offset + got >= inner_->size()) read_to_the_end_ = true;
    co_return got;
}

HUBPUSH_DECL exactly_once::exactly_once(hub_session& session, std::string what, commit_resolver resolver)
    : session_(session), what_(std::move(what)), resolver_(std::move(resolver)) {}

HUBPUSH_DECL task<std::string> exactly_once::run() {
    while (resolver_.next().what() != commit_decision::action::finish) co_await perform(resolver_.next());
    if (stopping_) co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    if (resolver_.failure()) std::rethrow_exception(resolver_.failure());
    co_return resolver_.oid();
}

HUBPUSH_DECL task<std::exception_ptr> exactly_once::compare(std::string /*base*/, std::string /*head*/) {
    co_return nullptr;
}

HUBPUSH_DECL task<void> exactly_once::perform(commit_decision step) {
    switch (step.what()) {
        case commit_decision::action::send:
            co_return co_await attempt(step.parent());
        case commit_decision::action::probe:
            co_return co_await probe();
        case commit_decision::action::compare:
            co_return co_await compare_and_report(std::move(step));
        default:
            co_return co_await pause(step.delay());
    }
}

HUBPUSH_DECL task<void> exactly_once::attempt(std::string parent) {
    std::shared_ptr<watched_source> body;
    std::exception_ptr failure;
    try {
        body = std::make_shared<watched_source>(make_body(parent));
        resolver_.applied(co_await post(body));
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    const bool complete = body && body->read_to_the_end();
    if (is_cancelled_failure(failure)) {
        co_await stop(complete && may_have_reached_server(failure));
    } else {
        resolver_.failed(failure, complete, now(), random());
    }
}

HUBPUSH_DECL task<void> exactly_once::probe() {
    std::exception_ptr failure;
    try {
        if (stopping_) {
            co_await in_time(session_.seams().clock(), last_words_within, keep_look());
        } else {
            co_await keep_look();
        }
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) {
        resolver_.probed(seen_, now(), random());
    } else if (!stopping_ && is_cancelled_failure(failure)) {
        co_await stop(false);
    } else {
        tell_about_search(failure);
        resolver_.probe_failed(failure, now(), random());
    }
}

HUBPUSH_DECL task<void> exactly_once::keep_look() { seen_ = co_await look(); }

HUBPUSH_DECL void exactly_once::tell_about_search(const std::exception_ptr& failure) {
    if (!resolver_.unknown() || std::exchange(search_told_, true)) return;
    session_.seams().log().write(log_level::warning, what_ + ": its answer was lost, and the Hub cannot be asked " +
                                                         "what became of it; still trying: " + describe(failure));
}

HUBPUSH_DECL task<void> exactly_once::compare_and_report(commit_decision step) {
    std::exception_ptr overlap;
    std::exception_ptr failure;
    try {
        overlap = co_await compare(step.parent(), step.head());
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) {
        resolver_.compared(overlap);
    } else if (is_cancelled_failure(failure)) {
        co_await stop(false);
    } else {
        resolver_.compare_failed(failure, now(), random());
    }
}

HUBPUSH_DECL task<void> exactly_once::pause(std::chrono::milliseconds delay) {
    bool was_cancelled = false;
    try {
        co_await sleep_for(session_.seams().clock(), delay);
    } catch (const cancelled&) {
        was_cancelled = true;
    }
    if (was_cancelled) co_return co_await stop(false);
    resolver_.waited();
}

/// The caller has cancelled. What is still to be done must not be cancelled a second time.
HUBPUSH_DECL task<void> exactly_once::stop(bool in_flight) {
    stopping_ = true;
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    resolver_.cancelled(in_flight);
}

}  // namespace hubpush::inline v0::detail
