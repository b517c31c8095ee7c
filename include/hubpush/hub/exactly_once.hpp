#pragma once

/// \file
/// The I/O half of a request that must not be carried out twice: performs what `commit_resolver` decides
/// (spec/reliability.md §3.4, "Commit procedure").

#include <hubpush/core/asio.hpp>
#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/commit_resolver.hpp>
#include <hubpush/hub/session.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

/// How long the Hub is still asked about what the caller does not wait for any more.
inline constexpr std::chrono::seconds last_words_within{10};

/// Tells whether the last byte was given out. Before, no server can have seen a complete request.
class watched_source final : public byte_source {
public:
    explicit watched_source(std::shared_ptr<byte_source> inner) : inner_(std::move(inner)) {}

    std::uint64_t size() const noexcept override { return inner_->size(); }
    HUBPUSH_DECL task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    bool read_to_the_end() const noexcept { return read_to_the_end_; }

private:
    std::shared_ptr<byte_source> inner_;
    bool read_to_the_end_ = false;
};

/// Sends a request until the resolver knows what has become of it. The derived class says what is sent and where a lost
/// one is looked for. Used once, by one coroutine.
class exactly_once {
public:
    /// `what` begins every text about it, as in "cannot commit to acme/run-42".
    HUBPUSH_DECL exactly_once(hub_session& session, std::string what, commit_resolver resolver);
    exactly_once(const exactly_once&) = delete;
    exactly_once& operator=(const exactly_once&) = delete;
    virtual ~exactly_once() = default;

    /// Gives the id of what was made. Cancellation: all types. As long as the body has not been read to its end,
    /// nothing was made, and `cancelled` is thrown; afterwards one more look of at most ten seconds gives the real
    /// outcome or `outcome_unknown`.
    HUBPUSH_DECL task<std::string> run();

    /// The caller has cancelled, whatever `run` gave.
    bool was_cancelled() const noexcept { return stopping_; }

protected:
    virtual std::shared_ptr<byte_source> make_body(const std::string& parent) = 0;
    /// Sends one request with this body and gives the id of what it made. Throws a typed error for every answer that
    /// does not say that it was made.
    virtual task<std::string> post(std::shared_ptr<byte_source> body) = 0;
    /// What there is, newest first; empty as long as it cannot tell.
    virtual task<std::vector<commit_entry>> look() = 0;
    /// The failure that a difference between two commits is; nothing when there is none that matters.
    HUBPUSH_DECL virtual task<std::exception_ptr> compare(std::string base, std::string head);

    hub_session& session() const noexcept { return session_; }
    const std::string& what() const noexcept { return what_; }
    const commit_resolver& resolver() const noexcept { return resolver_; }

private:
    HUBPUSH_DECL task<void> perform(commit_decision step);
    HUBPUSH_DECL task<void> attempt(std::string parent);
    HUBPUSH_DECL task<void> probe();
    HUBPUSH_DECL task<void> keep_look();
    HUBPUSH_DECL task<void> compare_and_report(commit_decision step);
    HUBPUSH_DECL task<void> pause(std::chrono::milliseconds delay);
    HUBPUSH_DECL task<void> stop(bool in_flight);
    HUBPUSH_DECL void tell_about_search(const std::exception_ptr& failure);
    steady_time now() const { return session_.seams().clock().now(); }
    /// For jitter only: when there are no random numbers there is none. No failure of theirs may hide what became of
    /// the request.
    std::uint64_t random() const noexcept {
        try {
            return session_.seams().random().next();
        } catch (...) {
            return 0;
        }
    }

    hub_session& session_;
    std::string what_;
    commit_resolver resolver_;
    std::vector<commit_entry> seen_;
    bool stopping_ = false;
    bool search_told_ = false;  // the log knows that it is being looked for
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/exactly_once.ipp>
#endif
