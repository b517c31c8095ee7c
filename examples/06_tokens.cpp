// The same call with four completion tokens: a future for a thread that may wait, a handler for one that may not, and
// in a coroutine either an exception or a tuple. Every call of `client` exists as `async_…` and takes any token of
// Asio's.
//
//   06_tokens USER/NAME                      with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <exception>
#include <future>
#include <iostream>
#include <string>

void say(const char* token, std::exception_ptr failure, const hubpush::commit_info& commit) {
    std::cout << token << ": " << (failure ? hubpush::describe(failure) : commit.url) << std::endl;
}

void with_a_future(hubpush::client& hub, const std::string& repo_id) {
    std::future<hubpush::commit_info> pushed =
        hub.async_upload_file(repo_id, hubpush::content("1"), "future.txt", asio::use_future);
    say("use_future", nullptr, pushed.get());
}

void with_a_handler(hubpush::client& hub, const std::string& repo_id) {
    std::promise<void> ended;
    auto on_end = [&ended](std::exception_ptr failure, hubpush::commit_info commit) {
        say("a handler", failure, commit);
        ended.set_value();
    };
    hub.async_upload_file(repo_id, hubpush::content("2"), "handler.txt", on_end);
    ended.get_future().wait();
}

asio::awaitable<void> in_a_coroutine(hubpush::client& hub, std::string repo_id) {
    auto commit = co_await hub.async_upload_file(repo_id, hubpush::content("3"), "awaitable.txt", asio::use_awaitable);
    say("use_awaitable", nullptr, commit);

    auto [failure, none] = co_await hub.async_upload_file("no/such-repository", hubpush::content("4"), "tuple.txt",
                                                          hubpush::as_tuple(asio::use_awaitable));  // does not throw
    say("as_tuple", failure, none);
}

int main(int count, char** words) {
    if (count != 2) return 2;
    asio::thread_pool pool(1);
    hubpush::client hub(pool.get_executor());
    try {
        with_a_future(hub, words[1]);
        with_a_handler(hub, words[1]);
        asio::co_spawn(pool, in_a_coroutine(hub, words[1]), asio::use_future).get();
    } catch (const hubpush::error& failure) {
        std::cerr << failure.what() << " - " << failure.hint() << '\n';
        return 1;
    }
}
