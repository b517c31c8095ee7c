#include <hubpush/queue/process.hpp>

#include <hubpush/queue/fifo_queue.hpp>

#include "catch.hpp"
#include "works.hpp"

#include <memory>

#include <sys/wait.h>
#include <unistd.h>

using namespace hubpush;

namespace {

/// Runs `body` in a child process, which exits with 0 when it gives true, and waits for it.
template <class Body>
bool holds_in_child(Body body) {
    const ::pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);  // a child that hangs is a failure
        ::_exit(body() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
}

}  // namespace

TEST_CASE("an object knows that it is not in the process that made it", "[queue][fork]") {
    const detail::birthplace here;
    CHECK_FALSE(here.forked());
    CHECK(holds_in_child([&] { return here.forked() && !detail::birthplace().forked(); }));
}

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
    CHECK(holds_in_child([&] {
        context.reset();
        return captured.use_count() == before;
    }));
    CHECK(running.status() == job_status::running);
}
