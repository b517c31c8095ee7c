#include <hubpush/core/auto_reset_event.hpp>

#include "catch.hpp"

#include <hubpush/async/task.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

using namespace hubpush;

namespace {

/// What a thread knows of a coroutine that waits.
class waker {
public:
    /// Sets the event of the coroutine, again and again.
    void run() {
        while (!stopped_) {
            const std::lock_guard lock(mutex_);
            if (awaited_ != nullptr) awaited_->set();
        }
    }
    void stop() { stopped_ = true; }

    task<void> wait_for_ever() {
        detail::auto_reset_event event(co_await asio::this_coro::executor);
        const registration known(*this, event);
        for (;;) co_await event.wait();
    }

private:
    class registration {
    public:
        registration(waker& owner, detail::auto_reset_event& event) : owner_(owner) {
            const std::lock_guard lock(owner_.mutex_);
            owner_.awaited_ = &event;
        }
        registration(const registration&) = delete;
        registration& operator=(const registration&) = delete;
        ~registration() {
            const std::lock_guard lock(owner_.mutex_);
            owner_.awaited_ = nullptr;
        }

    private:
        waker& owner_;
    };

    std::mutex mutex_;
    detail::auto_reset_event* awaited_ = nullptr;
    std::atomic<bool> stopped_ = false;
};

}  // namespace

// What would fail is the thread sanitizer.
TEST_CASE("an io_context may end while another thread wakes its coroutines") {
    for (int round = 0; round < 300; ++round) {
        waker waker;
        auto context = std::make_unique<asio::io_context>();
        initiate(context->get_executor(), waker.wait_for_ever(), [](std::exception_ptr) {});
        std::thread thread([&] { waker.run(); });
        for (int i = 0; i < round % 50; ++i) context->run_one();
        context.reset();
        waker.stop();
        thread.join();
    }
}
