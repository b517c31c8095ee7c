#pragma once

/// \file
/// What every other header needs to know about this build: the version, how bodies are compiled, and which compiler
/// defects have to be walked around.

#if !defined(__cpp_impl_coroutine)
#error "hubpush needs C++20 or newer, for example -std=c++20"
#endif

#include <type_traits>

#define HUBPUSH_VERSION_MAJOR 0
#define HUBPUSH_VERSION_MINOR 1
#define HUBPUSH_VERSION_PATCH 0
#define HUBPUSH_VERSION "0.1.0"

/// Bodies of non-template functions live in `impl/*.ipp`. By default every header includes its own; with
/// HUBPUSH_SEPARATE_COMPILATION they are compiled once, by the one source file that includes `hubpush/src.hpp`.
#if defined(HUBPUSH_SEPARATE_COMPILATION)
#define HUBPUSH_DECL
#else
#define HUBPUSH_DECL inline
#endif

namespace hubpush::inline v0 {

namespace detail {

/// g++ up to 12 destroys a temporary lambda with non-trivial captures twice when it stands in an expression that
/// contains `co_await`. That is silent memory corruption, so every constructor that takes a callable asserts this and
/// the mistake becomes a compile error there; a named callable is always accepted.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ <= 12
template <class Callable>
inline constexpr bool callable_is_safe =
    std::is_lvalue_reference_v<Callable> || std::is_trivially_destructible_v<std::remove_cvref_t<Callable>>;
#else
template <class Callable>
inline constexpr bool callable_is_safe = true;
#endif

}  // namespace detail

}  // namespace hubpush::inline v0
