// expect: on g\+\+ 12 give this lambda a name first and pass the name
// only: gxx
#include <hubpush/queue/fifo_queue.hpp>

#include <string>

hubpush::task<void> work(std::string text);
hubpush::task<void> wrong(hubpush::fifo_queue& queue, std::string text) {
    co_await queue.async_submit([text] { return work(text); });
}
