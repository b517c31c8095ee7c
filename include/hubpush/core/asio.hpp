#pragma once

/// \file
/// The only door to Asio. Every other header of hubpush includes this one, so that the differences between Asio 1.22.1
/// (Debian 12) and newer releases are known in one place.

#include <hubpush/core/config.hpp>

#if !defined(ASIO_STANDALONE)
#define ASIO_STANDALONE 1
#endif

// Asio 1.22 looks for <experimental/coroutine> under clang and silently leaves coroutines out.
#if defined(__clang__) && !defined(ASIO_HAS_CO_AWAIT)
#define ASIO_HAS_CO_AWAIT 1
#endif

// Asio allocates by std::aligned_alloc only where it finds traces of the standard library. Units of one program that
// differ in that would free by one way what came by the other.
#include <cstddef>

// Asio does not see -fno-rtti by itself. As with its other switches, the whole program has to be built the same way.
#if !defined(__cpp_rtti) && !defined(ASIO_NO_TYPEID)
#define ASIO_NO_TYPEID 1
#endif

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/version.hpp>

#if ASIO_VERSION < 103300
#include <asio/experimental/as_tuple.hpp>
#else
#include <asio/as_tuple.hpp>
#endif

#include <typeinfo>

namespace hubpush::inline v0 {

/// What every asynchronous function of hubpush returns: a lazy coroutine that runs on the executor of whoever awaits
/// it.
template <class T = void>
using task = asio::awaitable<T>;

/// `as_tuple(token)`: completion as a tuple instead of an exception, wherever this Asio release keeps it.
#if ASIO_VERSION < 103300
using asio::experimental::as_tuple;
#else
using asio::as_tuple;
#endif

namespace detail {

/// The executor of that type inside `executor`, or nothing; always nothing without run-time type information.
/// Asio 1.22's own `target` does not look at the type.
template <class Executor>
const Executor* target_of([[maybe_unused]] const asio::any_io_executor& executor) noexcept {
#ifdef ASIO_NO_TYPEID
    return nullptr;
#else
    return executor.target_type() == typeid(Executor) ? executor.target<Executor>() : nullptr;
#endif
}

}  // namespace detail

}  // namespace hubpush::inline v0
