#include <hubpush/queue/fifo_queue.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "works.hpp"

#include <memory>

using namespace hubpush;

// spec/reliability.md §3.8, P05
TEST_CASE("an executor that ends in a child process leaves the parent's queue alone", "[queue][fork]") {
    auto context = std::make_unique<asio::io_context>();
    fifo_queue queue(context->get_executor(), queue_options().limit(2).when_full(full_queue::wait));
    const auto captured = std::make_shared<int>(1);
    const job<void> running = queue.submit(hubpush_test::for_ever);
    queue.submit([captured]() -> task<void> { co_return; });
    initiate(context->get_executor(), queue.async_submit(hubpush_test::for_ever), [](std::exception_ptr, job<void>) {});
    initiate(context->get_executor(), running.async_get(), [](std::exception_ptr) {});
    context->poll();
    const long before = captured.use_count();
    CHECK(hubpush_test::holds_in_child([&] {
        context.reset();
        return captured.use_count() == before;
    }));
    CHECK(running.status() == job_status::running);
}
