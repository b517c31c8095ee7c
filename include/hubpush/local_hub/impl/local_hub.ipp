#pragma once

#include <hubpush/async/group.hpp>
#include <hubpush/async/offload.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/http_server.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/local_hub.hpp>
#include <hubpush/local_hub/process.hpp>
#include <hubpush/local_hub/repository_shelf.hpp>
#include <hubpush/local_hub/storage_service.hpp>

#include <fcntl.h>
#include <sys/file.h>

#include <cstdio>
#include <system_error>

namespace hubpush::inline v0 {

namespace detail {

/// Takes the folder for this server. The lock ends with the descriptor, also when the process is killed.
inline unique_descriptor lock_hub_folder(const std::filesystem::path& folder) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    unique_descriptor lock(::open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (failed || lock.get() < 0) {
        throw_error(errc::invalid_argument, "the folder " + folder.string() + " cannot be used by a local hub",
                    error_details().hint("give a folder that can be written to"));
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        throw_error(errc::conflict, "another local hub serves the folder " + folder.string(),
                    error_details().hint("stop the other server, or give this one a folder of its own"));
    }
    return lock;
}

/// 128 random bits. It begins as the Hub's own tokens do, because tools look at that.
inline hub_token random_hub_token(random_source& random) {
    char text[48];
    std::snprintf(text, sizeof text, "hf_%016llx%016llx", static_cast<unsigned long long>(random.next()),
                  static_cast<unsigned long long>(random.next()));
    return hub_token("local", secret(text));
}

}  // namespace detail

/// Built in this order, ended in the reverse one.
struct local_hub::state {
    state(asio::any_io_executor executor, const local_hub_options& options)
        : lock(detail::lock_hub_folder(options.folder())),
          folder(std::filesystem::canonical(options.folder())),
          pool(std::make_shared<worker_pool>(2)),
          environment(std::make_shared<detail::server_environment>(
              options.seams(), options.memory(), options.silence_limit(), options.remembered_requests())),
          shelf(std::make_shared<detail::repository_shelf>(executor, pool, folder)),
          storage(std::make_shared<detail::storage_service>(options.seams(), pool, shelf, options.link_life())),
          service(options.seams(), pool, folder, shelf, storage, options.page_size(),
                  detail::hub_quotas(options.api_quota(), options.commit_quota())),
          hub_listener(executor, environment, hubpush::hub_listener::hub, options.port(),
                       [this](detail::server_exchange& exchange) { return service.handle(exchange); }),
          storage_listener(executor, environment, hubpush::hub_listener::storage, 0,
                           [this](detail::server_exchange& exchange) { return storage->handle(exchange); }) {
        service.set_storage_port(storage_listener.port());
        std::vector<hub_token> tokens = options.tokens();
        if (tokens.empty()) tokens.push_back(detail::random_hub_token(options.seams().random()));
        first_token = tokens.front().text();
        for (hub_token& token : tokens) environment->accounts.add(std::move(token));
    }

    detail::unique_descriptor lock;
    /// In one spelling whatever was given: by it the gits of a killed server are found (`wait_for_orphans`).
    std::filesystem::path folder;
    std::shared_ptr<worker_pool> pool;
    std::shared_ptr<detail::server_environment> environment;
    std::shared_ptr<detail::repository_shelf> shelf;
    std::shared_ptr<detail::storage_service> storage;
    detail::hub_service service;
    detail::http_server hub_listener;
    detail::http_server storage_listener;
    secret first_token;
};

HUBPUSH_DECL local_hub::local_hub(asio::any_io_executor executor, local_hub_options options)
    : state_(std::make_shared<state>(std::move(executor), options)) {}

HUBPUSH_DECL local_hub::~local_hub() = default;

HUBPUSH_DECL task<void> local_hub::serve() {
    const std::shared_ptr<state> shared = state_;
    co_await shared->shelf->load(shared->environment->seams.log());
    task_group listeners(co_await asio::this_coro::executor);
    listeners.spawn(shared->hub_listener.serve());
    listeners.spawn(shared->storage_listener.serve());
    co_await listeners.join();
}

inline std::string loopback_url(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

HUBPUSH_DECL std::string local_hub::url() const { return loopback_url(state_->hub_listener.port()); }
HUBPUSH_DECL std::string local_hub::storage_url() const { return loopback_url(state_->storage_listener.port()); }
HUBPUSH_DECL secret local_hub::token() const { return state_->first_token; }

HUBPUSH_DECL std::filesystem::path local_hub::repository_path(const std::string& id) const {
    const bool has_kind = id.starts_with("datasets/") || id.starts_with("spaces/") || id.starts_with("kernels/");
    return state_->folder / ((has_kind ? id : "models/" + id) + ".git");
}

HUBPUSH_DECL void local_hub::add_token(hub_token token) { state_->environment->accounts.add(std::move(token)); }
HUBPUSH_DECL request_ledger& local_hub::ledger() noexcept { return state_->environment->ledger; }
HUBPUSH_DECL fault_plan& local_hub::faults() noexcept { return state_->environment->faults; }

}  // namespace hubpush::inline v0
