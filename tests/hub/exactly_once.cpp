#include <hubpush/hub/exactly_once.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

using namespace hubpush;

namespace {

/// Its first answer is lost, and afterwards there is no memory for another body.
class starved_request final : public detail::exactly_once {
public:
    explicit starved_request(hub_session& session)
        : exactly_once(session, "cannot do it", commit_resolver("id", std::string(40, '1'), retry_policy(), minute)) {}

private:
    static constexpr std::chrono::minutes minute{1};

    std::shared_ptr<byte_source> make_body(const std::string& /*parent*/) override {
        if (std::exchange(asked_before_, true)) throw std::bad_alloc();
        return memory_source("body");
    }

    task<std::string> post(std::shared_ptr<byte_source> body) override {
        std::vector<std::byte> bytes(static_cast<std::size_t>(body->size()));
        co_await body->read_at(0, bytes);
        throw_error(errc::transport, "reset by the peer");
    }

    task<std::vector<commit_entry>> look() override {
        std::vector<commit_entry> history;
        history.emplace_back(std::string(40, '1'), "before", "");
        co_return history;
    }

    bool asked_before_ = false;
};

}  // namespace

TEST_CASE("no memory for a second attempt: the first one stays unknown") {
    scripted_session test;
    const errc kind = test.failure([](hub_session& session) -> task<void> {
        starved_request request(session);
        co_await request.run();
    });
    CHECK(kind == errc::outcome_unknown);
}
