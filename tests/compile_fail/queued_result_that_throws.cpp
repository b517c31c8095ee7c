// expect: queued work and its result must not throw from their destructors
#include <hubpush/queue/fifo_queue.hpp>

struct result {
    ~result() noexcept(false) {}
};
hubpush::task<result> work();
auto wrong(hubpush::fifo_queue& queue) { return queue.submit(work()); }
