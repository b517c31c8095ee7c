// expect: queued work is a task<T> or a callable that returns one
#include <hubpush/queue/fifo_queue.hpp>

auto wrong(hubpush::fifo_queue& queue) {
    return queue.submit([] { return 1; });
}
