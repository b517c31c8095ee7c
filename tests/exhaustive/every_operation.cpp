#include "catch.hpp"
#include "push_world.hpp"
#include "report.hpp"

#include <hubpush/async/map.hpp>
#include <hubpush/upload/progress.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

/// What a seam of the user's may throw that is nobody's type.
struct injected : std::runtime_error {
    injected() : std::runtime_error("by order of the test") {}
};

/// One way in which an operation goes wrong.
struct failure {
    std::string name;
    std::function<void()> happen;  ///< throws, or changes the world
    bool foreign = false;
};

failure fails_with(errc code, std::string name) {
    return {std::move(name), [code] { throw_error(code, "by order of the test"); }};
}
failure fails_foreign() {
    return {"a foreign exception", [] { throw injected(); }, true};
}

std::vector<failure> network_failures() {
    return {fails_with(errc::transport, "transport"),
            fails_with(errc::timed_out, "timed_out"),
            fails_with(errc::name_not_found, "name_not_found"),
            fails_with(errc::tls_failed, "tls_failed"),
            fails_with(errc::protocol_error, "protocol_error"),
            fails_with(errc::limit_exceeded, "limit_exceeded"),
            {"a system error", [] { throw std::system_error(ENETDOWN, std::system_category()); }, true},
            fails_foreign()};
}

/// Makes the n-th call of a seam go wrong.
class nth_call {
public:
    nth_call(std::size_t n, failure what) : n_(n), what_(std::move(what)) {}
    void operator()() {
        if (++calls_ == n_) what_.happen();
    }

private:
    std::size_t n_;
    failure what_;
    std::size_t calls_ = 0;
};

// Pushes.

task<commit_info> push_operations(const client& hub) {
    return hub.create_commit("acme/x", add("config.json", content(std::string(push_world::regular))),
                             add("model.safetensors", content(std::string(push_world::large))), message("once"));
}

task<commit_info> push_folder(const client& hub) { return hub.upload_folder("acme/x", "/run", message("once")); }

using preparation = std::function<void(push_world&)>;
using push_call = std::function<task<commit_info>(const client&)>;

/// `limit`: in virtual time (spec/reliability.md §3.4).
judgement run(const push_call& push, const preparation& prepare, bool foreign, std::chrono::nanoseconds limit = 60s) {
    return judged([&] {
        push_world world;
        prepare(world);
        ended_as end;
        {
            const client hub = world.client();
            end = world.run(push(hub));
        }
        judgement result = world.judge(end, foreign);
        if (result.problem.empty() && world.network->connections() != 0) result.problem = "keeps a connection";
        if (result.problem.empty() && result.elapsed > limit) result.problem = "takes too long";
        return result;
    });
}

void reset_every_commit(push_world& world) {
    world.hub->fault = [](const std::string&, const std::string& target) {
        return target.find("/commit/") != std::string::npos ? model_fault::apply_then_reset : model_fault::none;
    };
}

/// How many calls a seam gets when nothing goes wrong.
template <class Count>
std::size_t count_calls(const push_call& push, const preparation& prepare, Count count) {
    push_world world;
    prepare(world);
    const client hub = world.client();
    const ended_as end = world.run(push(hub));
    REQUIRE(end.handlers == 1);
    return count(world);
}

// The network.

void fail_network(push_world& world, std::size_t piece, std::vector<std::pair<std::size_t, failure>> faults) {
    world.network->before = [piece, faults = std::move(faults)](network_call, std::size_t n) {
        for (const auto& [when, what] : faults) {
            if (when == n) what.happen();
        }
        return piece;
    };
}

std::size_t network_calls(const push_call& push, const preparation& prepare, std::size_t piece) {
    return count_calls(
        push,
        [&](push_world& world) {
            prepare(world);
            fail_network(world, piece, {});
        },
        [](const push_world& world) { return world.network->operations(); });
}

void every_network_call(report& table, const std::string& title, const push_call& push, const preparation& prepare,
                        std::size_t piece) {
    const std::size_t calls = network_calls(push, prepare, piece);
    for (const failure& what : network_failures()) {
        for (std::size_t n = 1; n <= calls; ++n) {
            const auto prepared = [&](push_world& world) {
                prepare(world);
                fail_network(world, piece, {{n, what}});
            };
            table.add(title + ": " + what.name, "call " + std::to_string(n), run(push, prepared, what.foreign));
        }
    }
}

void every_pair_of_network_calls(report& table, const push_call& push) {
    const std::size_t whole = 1 << 20;
    const std::size_t calls = network_calls(push, [](push_world&) {}, whole);
    const std::vector<failure> kinds{
        fails_with(errc::transport, "transport"),           fails_with(errc::timed_out, "timed_out"),
        fails_with(errc::tls_failed, "tls_failed"),         fails_with(errc::protocol_error, "protocol_error"),
        fails_with(errc::limit_exceeded, "limit_exceeded"), fails_foreign()};
    for (const failure& first : kinds) {
        for (const failure& second : kinds) {
            for (std::size_t n = 1; n <= calls; ++n) {
                for (std::size_t m = n + 1; m <= calls + 8; ++m) {
                    const auto prepared = [&](push_world& world) {
                        fail_network(world, whole, {{n, first}, {m, second}});
                    };
                    table.add("two calls: " + first.name + ", then " + second.name,
                              "calls " + std::to_string(n) + " and " + std::to_string(m),
                              run(push, prepared, first.foreign || second.foreign));
                }
            }
        }
    }
}

// Files.

struct file_failure {
    std::string name;
    std::function<void(push_world&)> happen;
    bool foreign = false;
};

std::vector<file_failure> file_failures() {
    const auto changing = [](auto change) { return [change](push_world& world) { change(*world.files); }; };
    const std::string other(std::string(push_world::large).size(), 'v');
    return {{"file_not_found", [](push_world&) { throw_error(errc::file_not_found, "by order of the test"); }},
            {"file_unreadable", [](push_world&) { throw_error(errc::file_unreadable, "by order of the test"); }},
            {"file_changed", [](push_world&) { throw_error(errc::file_changed, "by order of the test"); }},
            {"a foreign exception", [](push_world&) { throw injected(); }, true},
            {"the large file grows",
             changing([](failing_files& files) { files.write("/run/model.safetensors", "eight weights and one"); })},
            {"the large file shrinks",
             changing([](failing_files& files) { files.write("/run/model.safetensors", "few"); })},
            {"the large file is rewritten",
             changing([other](failing_files& files) { files.write("/run/model.safetensors", other); })},
            {"the large file is replaced",
             changing([other](failing_files& files) { files.replace("/run/model.safetensors", other); })},
            {"the large file vanishes", changing([](failing_files& files) { files.erase("/run/model.safetensors"); })},
            {"the small file is rewritten",
             changing([](failing_files& files) { files.write("/run/config.json", "{\"b\":1}"); })},
            {"the small file vanishes", changing([](failing_files& files) { files.erase("/run/config.json"); })}};
}

/// A push of a folder whose files change under it may commit what it has read; that it is one version of each file is
/// shown in tests/upload/faults.cpp. Here: nothing else, and never an error about a commit that was made.
judgement run_with_files(const preparation& prepare, bool foreign) {
    judgement result = run(push_folder, prepare, foreign);
    if (result.problem == "reports a success that is none") result.problem.clear();
    return result;
}

void every_file_call(report& table) {
    const std::size_t calls =
        count_calls(push_folder, [](push_world&) {}, [](const push_world& world) { return world.files->calls(); });
    for (const file_failure& what : file_failures()) {
        for (std::size_t n = 1; n <= calls; ++n) {
            const auto prepared = [&](push_world& world) {
                world.files->before_call(n, [&world, &what] { what.happen(world); });
            };
            table.add("files: " + what.name, "call " + std::to_string(n), run_with_files(prepared, what.foreign));
        }
    }
    for (std::size_t n = 1; n <= calls; ++n) {
        const auto prepared = [&](push_world& world) { world.files->shorten_call(n); };
        table.add("files: a read one byte short", "call " + std::to_string(n), run_with_files(prepared, false));
    }
}

// Random numbers and time.

class failing_random final : public random_source {
public:
    explicit failing_random(nth_call hook, std::optional<std::uint64_t> always)
        : hook_(std::move(hook)), always_(always) {}
    std::uint64_t next() override {
        ++calls;
        hook_();
        return always_ ? *always_ : calls * 0x9e3779b97f4a7c15;
    }
    std::size_t calls = 0;

private:
    nth_call hook_;
    std::optional<std::uint64_t> always_;
};

/// Time that the test lets jump, and timers that come late.
class bad_clock final : public clock {
public:
    bad_clock(std::shared_ptr<virtual_clock> good, std::size_t jumping_call, std::size_t late_timer,
              std::chrono::nanoseconds by)
        : good_(std::move(good)), jumping_call_(jumping_call), late_timer_(late_timer), by_(by) {}

    steady_time now() const noexcept override {
        if (++calls == jumping_call_) jumped_ = by_;
        return good_->now() + std::chrono::duration_cast<steady_time::duration>(jumped_);
    }
    std::chrono::system_clock::time_point wall() const noexcept override { return good_->wall(); }
    std::unique_ptr<timer> make_timer(asio::any_io_executor executor) override {
        return std::make_unique<wake_up>(*this, good_->make_timer(std::move(executor)));
    }

    mutable std::size_t calls = 0;
    std::size_t timers = 0;

private:
    class wake_up final : public timer {
    public:
        wake_up(bad_clock& owner, std::unique_ptr<timer> good) : owner_(owner), good_(std::move(good)) {}
        void start(steady_time at, std::function<void()> on_expiry) override {
            std::chrono::nanoseconds late = -owner_.jumped_;
            if (++owner_.timers == owner_.late_timer_) late += owner_.by_;
            good_->start(at + std::chrono::duration_cast<steady_time::duration>(late), std::move(on_expiry));
        }
        void cancel() noexcept override { good_->cancel(); }

    private:
        bad_clock& owner_;
        std::unique_ptr<timer> good_;
    };

    std::shared_ptr<virtual_clock> good_;
    std::size_t jumping_call_;
    std::size_t late_timer_;
    std::chrono::nanoseconds by_;
    mutable std::chrono::nanoseconds jumped_{0};
};

void make_it_hard(push_world& world) { world.make_it_hard(); }

void every_random_number(report& table) {
    const auto with = [](std::size_t n, const failure& what, std::optional<std::uint64_t> always) {
        return [=](push_world& world) {
            make_it_hard(world);
            world.use_random(std::make_shared<failing_random>(nth_call(n, what), always));
        };
    };
    const auto count = [](const push_world& world) {
        return dynamic_cast<const failing_random&>(world.random()).calls;
    };
    const std::size_t calls = count_calls(push_operations, with(0, fails_foreign(), std::nullopt), count);
    for (const failure& what : {fails_foreign(), fails_with(errc::internal, "internal")}) {
        for (std::size_t n = 1; n <= calls; ++n) {
            table.add("random numbers: " + what.name, "call " + std::to_string(n),
                      run(push_operations, with(n, what, std::nullopt), true));
        }
    }
    for (const std::uint64_t always : {std::uint64_t{0}, ~std::uint64_t{0}}) {
        table.add("random numbers: the same ones", std::to_string(always),
                  run(push_operations, with(0, fails_foreign(), always), false));
    }
}

void every_look_at_the_clock(report& table) {
    const auto with = [](std::size_t jump, std::size_t late, std::chrono::nanoseconds by) {
        return [=](push_world& world) {
            make_it_hard(world);
            world.use_clock(std::make_shared<bad_clock>(world.seams.clock, jump, late, by));
        };
    };
    const auto looks = [](const push_world& world) { return dynamic_cast<const bad_clock&>(world.clock()).calls; };
    const auto starts = [](const push_world& world) { return dynamic_cast<const bad_clock&>(world.clock()).timers; };
    const std::size_t jumps = count_calls(push_operations, with(0, 0, 0s), looks);
    const std::size_t timers = count_calls(push_operations, with(0, 0, 0s), starts);
    for (const std::chrono::nanoseconds by : {std::chrono::nanoseconds(70s), std::chrono::nanoseconds(2h)}) {
        const std::string amount = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(by).count()) + " s";
        for (std::size_t n = 1; n <= jumps; ++n) {
            table.add("the clock jumps by " + amount, "call " + std::to_string(n),
                      run(push_operations, with(n, 0, by), false, by + 420s));
        }
        for (std::size_t n = 1; n <= timers; ++n) {
            table.add("a timer is late by " + amount, "timer " + std::to_string(n),
                      run(push_operations, with(0, n, by), false, by + 420s));
        }
    }
}

// Memory.

void every_allocation(report& table, const std::string& title, const push_call& push, const preparation& prepare) {
    for (std::size_t n = 1;; ++n) {
        bool reached = false;
        const judgement result = judged([&] {
            judgement one;
            push_world world;
            prepare(world);
            ended_as end;
            bool thrown_out = false;
            {
                const client hub = world.client();
                fail_allocation(n);
                try {
                    end = world.run(push(hub));
                } catch (const std::bad_alloc&) {  // Asio's own: the executor's thread sees it
                    thrown_out = true;
                }
                reached = allocations_counted() >= n;
                fail_allocation(0);
            }
            if (thrown_out) {
                world.context.reset();
                one.kind = errc::internal;
                if (world.hub->commits.size() > 2) one.problem = "commits twice";
            } else {
                one = world.judge(end, true);
            }
            return one;
        });
        if (!reached) return;
        table.add("memory: " + title, "allocation " + std::to_string(n), result);
    }
}

// What the user gives.

class failing_source final : public byte_source {
public:
    failing_source(std::string text, nth_call hook) : good_(memory_source(std::move(text))), hook_(std::move(hook)) {}
    std::uint64_t size() const noexcept override { return good_->size(); }
    task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        hook_();
        return good_->read_at(offset, out);
    }

private:
    std::shared_ptr<byte_source> good_;
    nth_call hook_;
};

void every_callback(report& table) {
    for (const failure& what : {fails_foreign(), fails_with(errc::file_changed, "file_changed")}) {
        for (std::size_t n = 1; n <= 12; ++n) {
            const auto push = [&](const client& hub) {
                auto callback = [hook = nth_call(n, what)](const progress_view&) mutable { hook(); };
                return hub.upload_folder("acme/x", "/run", message("once"), progress(callback));
            };
            judgement result = run(push, make_it_hard, true);
            // The last report follows the commit, and what it throws is what the caller sees (upload/progress.hpp).
            if (result.problem.starts_with("has committed and says: by order of the test")) result.problem.clear();
            table.add("progress callback: " + what.name, "call " + std::to_string(n), result);
        }
        for (std::size_t n = 1; n <= 3; ++n) {
            const auto push = [&](const client& hub) -> task<commit_info> {
                const auto hook = std::make_shared<nth_call>(n, what);
                const auto step = [hook](file one) {
                    (*hook)();
                    return one;
                };
                auto all = scan("/run") | map(step) | classify() | transfer() | commit("once");
                return all(hub, "acme/x");
            };
            table.add("a user's step: " + what.name, "item " + std::to_string(n), run(push, make_it_hard, true));
        }
        for (std::size_t n = 1; n <= 12; ++n) {
            const auto push = [&](const client& hub) -> task<commit_info> {
                const auto source = std::make_shared<failing_source>(push_world::large, nth_call(n, what));
                const auto replace = [source](file one) {
                    if (one.extension() == ".safetensors") one.replace_source(source);
                    return one;
                };
                auto all = scan("/run") | map(replace) | classify() | transfer() | commit("once");
                return all(hub, "acme/x");
            };
            table.add("a user's source: " + what.name, "read " + std::to_string(n), run(push, make_it_hard, true));
        }
    }
}

}  // namespace

TEST_CASE("the n-th operation of every seam fails, for every n, in every way", "[operation]") {
    const preparation healthy = [](push_world&) {};
    std::size_t cases = 0;
    const auto finish = [&](const report& table) {
        table.print();
        cases += table.cases();
    };

    run(push_folder, healthy, false);  // what is made once per program is made here
    run(push_operations, make_it_hard, false);
    report network("the n-th network call fails");
    every_network_call(network, "whole messages", push_operations, healthy, 1 << 20);
    every_network_call(network, "8 bytes at once", push_operations, healthy, 8);
    every_network_call(network, "after a lost commit", push_operations, reset_every_commit, 64);
    every_pair_of_network_calls(network, push_operations);
    finish(network);

    report rest("the n-th call of another seam fails");
    every_file_call(rest);
    every_random_number(rest);
    every_look_at_the_clock(rest);
    every_callback(rest);
    every_allocation(rest, "a push", push_operations, healthy);
    every_allocation(rest, "a push with lost answers", push_operations, make_it_hard);
    finish(rest);

    std::printf("every operation: %zu cases\n", cases);
    CHECK(cases >= 10'000);
}
