#pragma once

/// \file
/// An embedded Hub on a thread of its own: no Asio in sight.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/local_hub.hpp>

#include <filesystem>
#include <string>
#include <thread>

namespace hubpush::inline v0 {

/// Serves from construction to destruction. The constructor throws as `local_hub` does. All functions are thread-safe
/// and mean what they mean there.
class local_hub_thread {
public:
    HUBPUSH_DECL explicit local_hub_thread(local_hub_options options);
    local_hub_thread(const local_hub_thread&) = delete;
    local_hub_thread& operator=(const local_hub_thread&) = delete;
    /// Ends all connections and git processes and waits for them.
    HUBPUSH_DECL ~local_hub_thread();

    std::string url() const { return hub_.url(); }
    std::string storage_url() const { return hub_.storage_url(); }
    secret token() const { return hub_.token(); }
    std::filesystem::path repository_path(const std::string& id) const { return hub_.repository_path(id); }
    void add_token(hub_token token) { hub_.add_token(std::move(token)); }
    request_ledger& ledger() noexcept { return hub_.ledger(); }
    fault_plan& faults() noexcept { return hub_.faults(); }

private:
    asio::io_context context_;
    local_hub hub_;
    asio::cancellation_signal stop_;
    std::thread thread_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/local_hub_thread.ipp>
#endif
