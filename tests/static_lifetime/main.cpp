// A background that is destroyed after main: it still does what is queued, and reports what nobody has read. ctest
// looks at the output.

#include <hubpush/queue/background.hpp>

#include <cstdio>
#include <stdexcept>

namespace {

hubpush::background& process_wide() {
    static hubpush::background hub(hubpush::endpoint("http://127.0.0.1:9"), hubpush::token("hf_canary_test"));
    return hub;
}

hubpush::task<void> slow_work() {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 10'000; ++i) co_await asio::post(executor, asio::use_awaitable);
    std::fputs("done after main\n", stderr);
}

hubpush::task<void> failing_work() {
    throw std::runtime_error("a reason");
    co_return;
}

}  // namespace

int main() {
    process_wide().submit(slow_work());
    process_wide().submit(failing_work(), "lost");
    std::fputs("main ends\n", stderr);
}
