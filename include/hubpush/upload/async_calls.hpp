#pragma once

/// \file
/// The calls of `client` with any completion token.

#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/options.hpp>
#include <hubpush/hub/repos.hpp>
#include <hubpush/hub/whoami.hpp>
#include <hubpush/upload/calls.hpp>
#include <hubpush/upload/plan.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>

namespace hubpush::inline v0 {

struct whoami_call {};

namespace detail {

struct NOTHING {};
template <class Call, class Argument>
inline constexpr bool LAST_ARGUMENT_IS_A_COMPLETION_TOKEN = false;

/// Makes the call when the work starts, so that what is wrong with its arguments reaches the token too.
template <class Result, class Client, class Call, class... Arguments>
task<Result> make_call(Client hub, Call call, Arguments... arguments) {
    task<Result> work = call(hub, std::move(arguments)...);
    co_return co_await std::move(work);
}

template <class Call, class Argument>
poisoned no_completion_token() {
    static_assert(LAST_ARGUMENT_IS_A_COMPLETION_TOKEN<CALL<Call>, ARGUMENT<Argument>>,
                  "hubpush: the last argument of an async_ call is a completion token or handler for "
                  "void(std::exception_ptr, Result)");
    return poisoned();
}

/// Splits the arguments into what the call takes and the token, which is the last of them.
template <class Named, class Result, class Client, class Call, class Arguments, std::size_t... Taken>
auto start_call(const Client& hub, Call call, Arguments arguments, std::index_sequence<Taken...>) {
    using token = std::tuple_element_t<sizeof...(Taken), Arguments>;
    if constexpr (asio::completion_token_for<token, completion_signature<Result>>) {
        return initiate(hub.get_executor(), make_call<Result>(hub, call, std::get<Taken>(std::move(arguments))...),
                        std::get<sizeof...(Taken)>(std::move(arguments)));
    } else {
        return no_completion_token<Named, std::remove_cvref_t<token>>();
    }
}

}  // namespace detail

/// Each call of `client` under the name `async_…`: the same arguments and options, and a completion token at their end
/// for `void(std::exception_ptr, Result)`: a handler, `asio::use_future`, `as_tuple(asio::use_awaitable)`, and so on.
///
/// With `use_awaitable` the call starts when it is awaited, with any other token at once. Every failure, wrong
/// arguments included, arrives through the token. Executor: a handler runs on its associated executor, by default on
/// `get_executor()`, never inside of the initiating call. Cancellation: as for the call itself, through the token's
/// slot; emit where the handler runs. Lifetime: the call owns its arguments and what it needs of the client.
/// Thread-safety: as `client`.
template <class Client>
class async_calls {
public:
    template <class... Token>
    auto async_whoami(Token&&... token) const {
        const auto call = [](const Client& hub) { return hub.whoami(); };
        return start<whoami_call, hub_user>(call, std::forward<Token>(token)...);
    }

    template <class... OptionsAndToken>
    auto async_create_repo(std::string repo_id, OptionsAndToken&&... rest) const {
        const auto call = [](const Client& hub, auto... all) { return hub.create_repo(std::move(all)...); };
        return start<create_repo_call, created_repository>(call, std::move(repo_id),
                                                           std::forward<OptionsAndToken>(rest)...);
    }

    template <class... OptionsAndToken>
    auto async_upload_file(std::string repo_id, upload_content what, std::string path,
                           OptionsAndToken&&... rest) const {
        const auto call = [](const Client& hub, auto... all) { return hub.upload_file(std::move(all)...); };
        return start<upload_file_call, commit_info>(call, std::move(repo_id), std::move(what), std::move(path),
                                                    std::forward<OptionsAndToken>(rest)...);
    }

    template <class... OptionsAndToken>
    auto async_upload_folder(std::string repo_id, std::filesystem::path folder, OptionsAndToken&&... rest) const {
        const auto call = [](const Client& hub, auto... all) { return hub.upload_folder(std::move(all)...); };
        return start<upload_folder_call, commit_info>(call, std::move(repo_id), std::move(folder),
                                                      std::forward<OptionsAndToken>(rest)...);
    }

    template <class... OperationsOptionsAndToken>
    auto async_create_commit(std::string repo_id, OperationsOptionsAndToken&&... rest) const {
        const auto call = [](const Client& hub, auto... all) { return hub.create_commit(std::move(all)...); };
        return start<create_commit_call, commit_info>(call, std::move(repo_id),
                                                      std::forward<OperationsOptionsAndToken>(rest)...);
    }

private:
    template <class Named, class Result, class Call, class... Arguments>
    auto start(Call call, Arguments&&... arguments) const {
        const auto& hub = static_cast<const Client&>(*this);
        if constexpr (sizeof...(Arguments) == 0) {
            return detail::no_completion_token<Named, detail::NOTHING>();
        } else {
            return detail::start_call<Named, Result>(hub, call,
                                                     std::forward_as_tuple(std::forward<Arguments>(arguments)...),
                                                     std::make_index_sequence<sizeof...(Arguments) - 1>());
        }
    }
};

}  // namespace hubpush::inline v0
