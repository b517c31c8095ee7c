#pragma once

#include <hubpush/net/resolver.hpp>

#include <hubpush/async/offload.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/auto_reset_event.hpp>
#include <hubpush/core/error.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

namespace hubpush::inline v0::detail {

/// What the coroutine that waits for a name and the thread that looks it up share. The coroutine may be gone when the
/// answer comes, and its io_context with it: the thread touches the event only under the lock, and only while there is
/// one.
struct name_lookup {
    std::mutex mutex;
    auto_reset_event* awaited = nullptr;
    bool done = false;
    int failure = 0;
    resolver::addresses found;
};

/// The coroutine's side.
class name_waiter {
public:
    name_waiter(const asio::any_io_executor& executor, std::shared_ptr<name_lookup> lookup)
        : answered_(executor), lookup_(std::move(lookup)) {
        lookup_->awaited = &answered_;
    }
    name_waiter(const name_waiter&) = delete;
    name_waiter& operator=(const name_waiter&) = delete;
    ~name_waiter() {
        const std::lock_guard lock(lookup_->mutex);
        lookup_->awaited = nullptr;
    }

    task<resolver::addresses> wait(std::string host);

private:
    bool done() const {
        const std::lock_guard lock(lookup_->mutex);
        return lookup_->done;
    }

    auto_reset_event answered_;
    std::shared_ptr<name_lookup> lookup_;
};

/// The only look-up there is in POSIX; it blocks.
inline int look_up(const std::string& host, std::uint16_t port, resolver::addresses& found) {
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* first = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &first);
    if (failure != 0) return failure;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(first, ::freeaddrinfo);
    for (const addrinfo* each = first; each != nullptr && found.size() < address_limit; each = each->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        if (each->ai_addrlen > endpoint.capacity()) continue;
        endpoint.resize(each->ai_addrlen);
        std::copy_n(reinterpret_cast<const char*>(each->ai_addr), each->ai_addrlen,
                    reinterpret_cast<char*>(endpoint.data()));
        found.push_back(endpoint);
    }
    return found.empty() ? EAI_NONAME : 0;
}

inline bool is_awaited(name_lookup& lookup) {
    const std::lock_guard lock(lookup.mutex);
    return lookup.awaited != nullptr;
}

/// Runs on the resolver's thread. A look-up that was given up while others blocked must not delay the next one.
inline void answer_lookup(const std::shared_ptr<name_lookup>& lookup, const blocking_lookup& look_up,
                          const std::string& host, std::uint16_t port) {
    if (!is_awaited(*lookup)) return;
    resolver::addresses found;
    const int failure = look_up(host, port, found);
    const std::lock_guard lock(lookup->mutex);
    lookup->done = true;
    lookup->failure = failure;
    lookup->found = std::move(found);
    if (lookup->awaited != nullptr) lookup->awaited->set();
}

inline task<resolver::addresses> name_waiter::wait(std::string host) {
    while (!done()) {
        co_await throw_if_cancelled();
        co_await answered_.wait();
    }
    const int failure = lookup_->failure;  // what is done does not change any more
    if (failure != 0) {
        const bool unknown = failure == EAI_NONAME || failure == EAI_NODATA;
        throw_error(unknown ? errc::name_not_found : errc::transport,
                    "the address of " + host + " was not found: " + ::gai_strerror(failure),
                    error_details().reached_server(false).retryable(true));
    }
    co_return std::move(lookup_->found);
}

class thread_resolver final : public resolver {
public:
    explicit thread_resolver(blocking_lookup look_up) : look_up_(std::move(look_up)) {}

    task<addresses> resolve(std::string host, std::uint16_t port) override {
        const auto lookup = std::make_shared<name_lookup>();
        name_waiter waiter(co_await asio::this_coro::executor, lookup);
        asio::post(thread_.executor(), [this, lookup, host, port] { answer_lookup(lookup, look_up_, host, port); });
        co_return co_await waiter.wait(host);
    }

private:
    blocking_lookup look_up_;
    worker_pool thread_{1};  // ends first
};

HUBPUSH_DECL std::shared_ptr<resolver> resolver_on_thread(blocking_lookup look_up) {
    return std::make_shared<thread_resolver>(std::move(look_up));
}

HUBPUSH_DECL void alternate_families(resolver::addresses& addresses) {
    if (addresses.empty()) return;
    const bool first_is_v6 = addresses.front().address().is_v6();
    resolver::addresses preferred, other;
    for (const asio::ip::tcp::endpoint& each : addresses)
        (each.address().is_v6() == first_is_v6 ? preferred : other).push_back(each);
    addresses.clear();
    for (std::size_t i = 0; i < std::max(preferred.size(), other.size()); ++i) {
        if (i < preferred.size()) addresses.push_back(preferred[i]);
        if (i < other.size()) addresses.push_back(other[i]);
    }
    if (addresses.size() > address_limit) addresses.resize(address_limit);
}

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

HUBPUSH_DECL std::shared_ptr<resolver> system_resolver() { return detail::resolver_on_thread(&detail::look_up); }

}  // namespace hubpush::inline v0
