#pragma once

/// \file
/// An embedded Hub: the Hub's HTTP API on real bare git repositories, for demos and tests (design.md §2). Not for
/// production: it serves the loopback interface only, without TLS.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/core/secret.hpp>
#include <hubpush/local_hub/accounts.hpp>
#include <hubpush/local_hub/faults.hpp>
#include <hubpush/local_hub/ledger.hpp>
#include <hubpush/local_hub/rate_windows.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

/// How an embedded Hub is set up. Everything but the folder has a default.
class local_hub_options {
public:
    local_hub_options() = default;
    /// `folder` holds all state and is made when it is missing. It can be served again later, by one server at a time.
    explicit local_hub_options(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Port of the API; 0, the default, picks a free one. The storage always picks one.
    local_hub_options& port(std::uint16_t value) {
        port_ = value;
        return *this;
    }
    /// Without any, a random token that may write is made for the user `local`.
    local_hub_options& token(hub_token value) {
        tokens_.push_back(std::move(value));
        return *this;
    }
    /// Entries per page of a listing (default 1000).
    local_hub_options& page_size(std::size_t entries) {
        page_size_ = entries == 0 ? 1 : entries;
        return *this;
    }
    /// How long a link to the storage works (default one hour).
    local_hub_options& link_life(std::chrono::seconds value) {
        link_life_ = value;
        return *this;
    }
    /// How long a connection may be silent before it is closed (default 60 s).
    local_hub_options& silence_limit(std::chrono::milliseconds value) {
        silence_limit_ = value;
        return *this;
    }
    /// Requests to `/api/` that one user (or all without a token) may make in a window; then 429 (default: no limit).
    local_hub_options& api_quota(hub_quota value) {
        api_quota_ = value;
        return *this;
    }
    /// Commits that a repository takes in a window; then 429 with `Retry-After` (default: no limit).
    local_hub_options& commit_quota(hub_quota value) {
        commit_quota_ = value;
        return *this;
    }
    /// How many of the last requests the ledger remembers (default 100,000), each with up to 64 KiB of its head.
    local_hub_options& remembered_requests(std::size_t value) {
        remembered_requests_ = value;
        return *this;
    }
    local_hub_options& seams(hubpush::seams value) {
        seams_ = std::move(value);
        return *this;
    }
    /// Where I/O buffers come from (default 64 MiB of its own); each active connection holds 512 KiB.
    local_hub_options& memory(memory_budget value) {
        memory_ = std::move(value);
        return *this;
    }

    const std::filesystem::path& folder() const noexcept { return folder_; }
    std::uint16_t port() const noexcept { return port_; }
    const std::vector<hub_token>& tokens() const noexcept { return tokens_; }
    std::size_t page_size() const noexcept { return page_size_; }
    std::chrono::seconds link_life() const noexcept { return link_life_; }
    std::chrono::milliseconds silence_limit() const noexcept { return silence_limit_; }
    const hub_quota& api_quota() const noexcept { return api_quota_; }
    const hub_quota& commit_quota() const noexcept { return commit_quota_; }
    std::size_t remembered_requests() const noexcept { return remembered_requests_; }
    const hubpush::seams& seams() const noexcept { return seams_; }
    const memory_budget& memory() const noexcept { return memory_; }

private:
    std::filesystem::path folder_;
    std::uint16_t port_ = 0;
    std::vector<hub_token> tokens_;
    std::size_t page_size_ = 1000;
    std::chrono::seconds link_life_{3600};
    std::chrono::milliseconds silence_limit_{60'000};
    hub_quota api_quota_;
    hub_quota commit_quota_;
    std::size_t remembered_requests_ = 100'000;
    hubpush::seams seams_;
    memory_budget memory_{mebibytes(64)};
};

/// The server. Two listeners on 127.0.0.1: the Hub, and the storage that its links name.
///
/// Repositories are bare git repositories below `folder/{models,datasets,spaces,kernels}/namespace/name.git`, with
/// large files in git-lfs's own layout inside them: `git clone` by path gives back every byte with no server running.
/// Pull requests are the refs `refs/pr/N`; what git does not know of them, and of discussions, is in
/// `discussions/N.json` of the repository as the API shows it, and `hubpush.json` holds its settings. All is in place
/// before the request that made it is answered, so that a server that is killed and started again finds it.
class local_hub {
public:
    /// Takes the folder and binds both ports; nothing is answered before `serve()`. `executor` must run one thing at a
    /// time: a strand, or the executor of an io_context that one thread runs. Blocks for a moment. Throws `conflict`
    /// when another server has the folder, `errc::transport` when the port is taken, `invalid_argument` for a folder
    /// that cannot be used.
    HUBPUSH_DECL local_hub(asio::any_io_executor executor, local_hub_options options);
    local_hub(const local_hub&) = delete;
    local_hub& operator=(const local_hub&) = delete;
    HUBPUSH_DECL ~local_hub();

    /// Opens the repositories and answers requests until it is cancelled; then connections and git processes are ended
    /// before it returns (throwing `cancelled`). Call it once, on the executor given above. The executor's context must
    /// not be destroyed before it has returned. Cancellation: all types.
    HUBPUSH_DECL task<void> serve();

    // Thread-safe from here on.

    HUBPUSH_DECL std::string url() const;          ///< `http://127.0.0.1:PORT`
    HUBPUSH_DECL std::string storage_url() const;  ///< the other listener
    /// The first token of the options, or the one that was made.
    HUBPUSH_DECL secret token() const;
    /// Where the bare repository of `namespace/name`, `datasets/namespace/name`, `spaces/…` or `kernels/…` is kept.
    HUBPUSH_DECL std::filesystem::path repository_path(const std::string& id) const;
    HUBPUSH_DECL void add_token(hub_token token);
    HUBPUSH_DECL request_ledger& ledger() noexcept;
    HUBPUSH_DECL fault_plan& faults() noexcept;

private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/local_hub.ipp>
#endif
