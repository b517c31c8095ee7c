#include "catch.hpp"
#include "push_world.hpp"
#include "report.hpp"

#include <hubpush/async/all.hpp>
#include <hubpush/async/batch.hpp>
#include <hubpush/async/group.hpp>
#include <hubpush/async/map.hpp>
#include <hubpush/async/offload.hpp>
#include <hubpush/async/retry.hpp>
#include <hubpush/async/stream.hpp>
#include <hubpush/async/tap.hpp>
#include <hubpush/async/timeout.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/net/http_client.hpp>
#include <hubpush/queue/fifo_queue.hpp>

#include <any>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

/// What a read or a write moves at most, so that there are more points at which to stop.
constexpr std::size_t one_piece = 64;

/// One operation under way in a world of its own.
class scene {
public:
    asio::cancellation_signal signal;  // outlives what listens to it
    push_world world;
    ended_as end;
    std::chrono::nanoseconds ended_at{0};
    std::function<void()> stop;  ///< another way to stop it than a cancellation

    /// Something that the user of the operation holds. Destroyed in reverse order.
    template <class Object, class... Arguments>
    Object& keep(Arguments&&... arguments) {
        auto made = std::make_shared<Object>(std::forward<Arguments>(arguments)...);
        objects_.push_back(made);
        return *made;
    }
    client& keep_client() { return keep<client>(world.client()); }

    /// Cancels from within the n-th call that the operation makes of the network or of the files on its own strand.
    void cancel_inside(std::size_t n, asio::cancellation_type how) {
        const auto call = [this, n, how, home = std::this_thread::get_id()] {
            if (std::this_thread::get_id() == home && ++calls == n) signal.emit(how);
        };
        world.network->before = [call](network_call, std::size_t) {
            call();
            return one_piece;
        };
        for (std::size_t each = 1; each < 100; ++each) world.files->before_call(each, call);
    }
    std::size_t calls = 0;

    template <class Result>
    void begin(task<Result> work) {
        const auto handler = [this](std::exception_ptr failure, const auto&... value) {
            ++end.handlers;
            ended_at = world.seams.clock->elapsed();
            end.failure = std::move(failure);
            (note(value), ...);
        };
        initiate(world.context->get_executor(), std::move(work), asio::bind_cancellation_slot(signal.slot(), handler));
    }

    void drop_objects() {
        while (!objects_.empty()) objects_.pop_back();
        stop = nullptr;
    }

private:
    void note(const commit_info& info) { end.oid = info.oid; }
    template <class Other>
    void note(const Other&) {}

    std::vector<std::shared_ptr<void>> objects_;
};

struct operation {
    std::string name;
    std::function<void(scene&)> start;
    bool commits = false;       ///< success means that a commit was made
    bool waits = false;         ///< it waits for something that goes on without it
    bool either_order = false;  ///< its objects may end before or after their executor's context
    std::size_t follow_up = 0;  ///< requests that a commit which was made still has behind it
};

// The operations.

task<commit_info> push_folder(const client& hub) { return hub.upload_folder("acme/x", "/run", message("once")); }

task<commit_info> push_and_ask(const client& hub) {
    auto [info, user] = co_await all(push_folder(hub), hub.whoami());
    co_return info;
}

task<void> pass_items(stream<int>& items) {
    for (int i = 0; i < 40; ++i) co_await items.push(i);
    items.close();
}

task<void> take_items(stream<int>& items, virtual_clock& time) {
    while (const std::optional<int> item = co_await items.pop()) {
        if (*item % 10 == 0) co_await sleep_for(time, 1s);
    }
}

task<void> stream_between_two(stream<int>& items, virtual_clock& time) {
    task_group group(co_await asio::this_coro::executor);
    group.spawn(pass_items(items));
    group.spawn(take_items(items, time));
    co_await group.join();
}

task<void> group_of_sleepers(virtual_clock& time) {
    task_group group(co_await asio::this_coro::executor);
    for (int i = 1; i <= 4; ++i) {
        group.spawn(sleep_for(time, std::chrono::seconds(i)));
        co_await group.wait_for_room(2);
    }
    co_await group.join();
}

task<void> hold_memory(memory_budget budget, virtual_clock& time, std::size_t size) {
    const lease memory = co_await budget.acquire(size);
    co_await sleep_for(time, 1s);
}

task<void> three_of_too_much_memory(memory_budget budget, virtual_clock& time) {
    task_group group(co_await asio::this_coro::executor);
    for (int i = 0; i < 3; ++i) group.spawn(hold_memory(budget, time, 20 << 20));
    co_await group.join();
}

task<file> renamed(file one) {
    co_await asio::post(asio::use_awaitable);
    one.rename(one.path());
    co_return one;
}

http_request hub_request(std::string method, const std::string& target) {
    return http_request(std::move(method), *url::parse(model_hub::endpoint + target), request_class::safe);
}

task<void> three_requests(http_client& client) {
    for (int i = 0; i < 3; ++i) {
        http_request question = hub_request("POST", "/api/models/acme/x/preupload/main");
        question.body(R"({"files":[]})", "application/json");
        const http_response reply = co_await client.send(std::move(question));
        if (reply.status() != 200) throw_error(errc::server_error, "not answered well");
    }
}

std::function<void(scene&)> on_client(std::function<task<commit_info>(const client&)> call) {
    return [call = std::move(call)](scene& here) { here.begin(call(here.keep_client())); };
}

/// A queue with two jobs.
template <class Result>
struct queued {
    fifo_queue& queue;
    job<Result> second;
};

/// The second one pushes the folder.
queued<commit_info> queued_push(scene& here) {
    client& hub = here.keep_client();
    fifo_queue& queue = here.keep<fifo_queue>(hub.get_executor(), queue_options().use(here.world.seams.get()));
    virtual_clock& time = *here.world.seams.clock;
    queue.submit([&time] { return sleep_for(time, 1s); }, "first");
    return {queue, queue.submit([hub] { return push_folder(hub); }, "second")};
}

/// Both take their time.
queued<void> queued_pauses(scene& here) {
    fifo_queue& queue =
        here.keep<fifo_queue>(here.world.context->get_executor(), queue_options().use(here.world.seams.get()));
    virtual_clock& time = *here.world.seams.clock;
    queue.submit([&time] { return sleep_for(time, 1s); }, "first");
    return {queue, queue.submit([&time] { return sleep_for(time, 2s); }, "second")};
}

std::vector<operation> client_operations() {
    std::vector<operation> all;
    const auto commits = [&](std::string name, std::function<void(scene&)> start) {
        all.push_back({std::move(name), std::move(start), true, false});
    };
    commits("upload_file", on_client([](const client& hub) {
                return hub.upload_file("acme/x", "/run/model.safetensors", "model.safetensors");
            }));
    commits("upload_folder", on_client(push_folder));
    commits("create_commit", on_client([](const client& hub) {
                return hub.create_commit("acme/x", hubpush::remove("old/"),
                                         add("config.json", content(std::string(push_world::regular))),
                                         add("model.safetensors", "/run/model.safetensors"), message("once"));
            }));
    commits("upload_folder, the commit's answer lost", [](scene& here) {
        here.world.hub->fault = [](const std::string&, const std::string& target) {
            return target.find("/commit/") != std::string::npos ? model_fault::apply_then_reset : model_fault::none;
        };
        here.begin(push_folder(here.keep_client()));
    });
    commits("upload_folder, everything in trouble", [](scene& here) {
        here.world.make_it_hard();
        here.begin(push_folder(here.keep_client()));
    });
    commits("upload_folder with a thread", [](scene& here) {
        here.world.threads = 1;
        here.begin(push_folder(here.keep_client()));
    });
    commits("upload_folder, the large file forgotten", [](scene& here) {
        here.world.hub->forgets_objects_once = true;
        here.begin(push_folder(here.keep_client()));
    });
    commits("upload_folder with progress", on_client([](const client& hub) {
                return hub.upload_folder("acme/x", "/run", progress([](const progress_view&) {}));
            }));
    commits("upload_folder as a pull request", on_client([](const client& hub) {
                return hub.upload_folder("acme/x", "/run", message("once"), create_pr());
            }));
    all.back().follow_up = 1;  // a draft is opened for review
    commits("create_commit on a branch that has moved", [](scene& here) {
        const std::string parent = here.world.hub->commits.back().oid;
        here.world.hub->stranger_commits("main", "theirs.txt", "x");
        here.begin(
            here.keep_client().create_commit("acme/x", add("config.json", content(std::string(push_world::regular))),
                                             message("once"), parent_commit(parent), on_conflict::rebase_if_disjoint));
    });
    commits("async_upload_folder", on_client([](const client& hub) {
                return hub.async_upload_folder("acme/x", "/run", message("once"), asio::use_awaitable);
            }));
    commits("timeout of upload_folder",
            [](scene& here) { here.begin(timeout(push_folder(here.keep_client()), 1h, here.world.seams.clock)); });
    commits("all of a push and a question", on_client(push_and_ask));
    commits("a pipeline with tap, batch and retry, async_run", [](scene& here) {
        client& hub = here.keep_client();
        const auto look = [](const file&) {};
        const auto same = [](set_of<file> group) { return group; };
        auto push = scan("/run") | tap(look) | batch(2) | map(same) | classify() | transfer() |
                    retry(commit("once"), retry_policy());
        here.begin(push.async_run(hub, "acme/x", asio::use_awaitable));
    });
    commits("a pipeline with map and each", [](scene& here) {
        client& hub = here.keep_client();
        const auto same = [](file one) { return one; };
        auto push = scan("/run") | map(same) | each(renamed, in_flight(2)) | classify() | transfer(in_flight(2)) |
                    commit("once");
        here.begin(push(hub, "acme/x"));
    });
    all.push_back({"upload_folder, nothing to do",
                   on_client([](const client& hub) { return hub.upload_folder("acme/x", "/run", allow()); })});
    all.push_back(
        {"create_repo", [](scene& here) { here.begin(here.keep_client().create_repo("acme/x", exist_ok())); }});
    all.push_back({"whoami", [](scene& here) { here.begin(here.keep_client().whoami()); }});
    return all;
}

/// `commits`: the second job pushes. Then the queue is on a strand of its context, which must end last.
template <class Result>
std::vector<operation> queue_operations(const std::string& of, queued<Result> (*submit)(scene&), bool commits) {
    std::vector<operation> all;
    const auto operation = [&](const std::string& name, std::function<void(scene&)> start, bool gives, bool waits) {
        all.push_back({name + of, std::move(start), gives && commits, waits, !commits});
    };
    const auto get = [submit](scene& here) {
        const job<Result> second = submit(here).second;
        here.begin(second.async_get());
    };
    const auto cancel = [submit](scene& here) {
        const job<Result> second = submit(here).second;
        here.stop = [second] { second.cancel(); };
        here.begin(second.async_get());
    };
    const auto stop = [submit](scene& here) {
        const queued<Result> both = submit(here);
        here.stop = [&queue = both.queue] { queue.stop(); };
        here.begin(both.second.async_get());
    };
    const auto drain = [submit](scene& here) { here.begin(submit(here).queue.async_drain()); };
    const auto drain_until = [submit](scene& here) {
        const steady_time soon = here.world.seams.clock->now() + 500ms;
        here.begin(submit(here).queue.async_drain_until(soon));
    };
    const auto close = [submit](scene& here) { here.begin(submit(here).queue.close()); };
    operation("job.async_get", get, true, true);
    operation("job.cancel", cancel, true, false);
    operation("queue.stop", stop, true, false);
    operation("queue.async_drain", drain, false, true);
    operation("queue.async_drain_until", drain_until, false, true);
    operation("queue.close", close, false, true);
    return all;
}

std::vector<operation> small_operations() {
    std::vector<operation> all;
    all.push_back({"http_client::send", [](scene& here) {
                       http_client& one = here.keep<http_client>(here.world.seams.get(), here.world.network,
                                                                 here.world.budget, retry_policy());
                       here.begin(three_requests(one));
                   }});
    all.push_back({"sleep_for", [](scene& here) { here.begin(sleep_for(*here.world.seams.clock, 1s)); }});
    all.push_back({"task_group", [](scene& here) { here.begin(group_of_sleepers(*here.world.seams.clock)); }});
    all.push_back({"stream", [](scene& here) {
                       stream<int>& items = here.keep<stream<int>>(here.world.context->get_executor());
                       here.begin(stream_between_two(items, *here.world.seams.clock));
                   }});
    all.push_back({"memory_budget::acquire", [](scene& here) {
                       here.begin(three_of_too_much_memory(here.world.budget, *here.world.seams.clock));
                   }});
    return all;
}

// How they are stopped.

enum class stopping { terminal, partial, total, in_its_own_way, objects_first, context_first };

const char* name_of(stopping how) {
    switch (how) {
        case stopping::terminal:
            return "terminal";
        case stopping::partial:
            return "partial";
        case stopping::total:
            return "total";
        case stopping::in_its_own_way:
            return "called";
        case stopping::objects_first:
            return "destroyed, objects first";
        case stopping::context_first:
            break;
    }
    return "destroyed, context first";
}

void stop(scene& here, stopping how) {
    switch (how) {
        case stopping::terminal:
            return here.signal.emit(asio::cancellation_type::terminal);
        case stopping::partial:
            return here.signal.emit(asio::cancellation_type::partial);
        case stopping::total:
            return here.signal.emit(asio::cancellation_type::total);
        case stopping::in_its_own_way:
            return here.stop();
        case stopping::objects_first:
            here.drop_objects();
            here.world.context.reset();
            return;
        case stopping::context_first:
            here.world.context.reset();
            here.drop_objects();
            return;
    }
}

std::string leftovers(const scene& here) {
    const push_world& world = here.world;
    if (world.seams.clock->pending() != 0) return "leaves a timer running";
    if (world.budget.used() != 0) return "keeps memory of the budget";
    if (world.files->open_files() != 0) return "keeps a file open";
    return "";
}

/// The commits of no stranger, on the branch and on pull requests.
std::set<std::string> pushed_commits(const model_hub& hub) {
    std::set<std::string> found;
    const auto look_at = [&found](const std::vector<model_commit>& history) {
        for (const model_commit& each : history) {
            if (each.summary != "initial commit" && each.summary != "somebody else") found.insert(each.oid);
        }
    };
    look_at(hub.commits);
    for (const auto& [ref, history] : hub.pull_requests) look_at(history);
    return found;
}

/// The outcome of something that was stopped, or not.
std::string problem_of(const operation& what, const scene& here, judgement& result) {
    const ended_as& end = here.end;
    if (end.handlers != 1) return end.handlers == 0 ? "never ends" : "ends twice";
    const std::set<std::string> commits = pushed_commits(*here.world.hub);
    if (commits.size() > 1) return "commits twice";
    result.succeeded = !end.failure;
    if (!end.failure) {
        const bool told_right = !what.commits || commits.contains(end.oid);
        return told_right ? leftovers(here) : "reports a success that is none";
    }
    result.kind = detail::kind_of(translate(end.failure));
    const std::string text = describe(end.failure);
    if (result.kind == errc::cancelled) {
        return commits.empty() || what.waits ? leftovers(here) : "has committed and says: " + text;
    }
    return result.kind == errc::outcome_unknown && what.commits ? leftovers(here) : "ends in an odd way: " + text;
}

/// Requests that have arrived, without those that ask what became of a commit.
std::size_t requests_of(const operation& what, const scene& here) {
    const model_hub& hub = *here.world.hub;
    return hub.requests.size() - (what.commits ? hub.count("GET", "") : 0);
}

/// What is stopped stops: no time passes, but for the last look at a commit; no request begins.
std::string delay_of(const operation& what, const scene& here, std::chrono::nanoseconds stopped_at,
                     std::size_t requests) {
    const std::chrono::nanoseconds last_look = what.commits && !what.waits ? 10s : 0s;
    if (here.ended_at > stopped_at + last_look) return "goes on although it was stopped";
    return !what.waits && requests_of(what, here) > requests + 1 + what.follow_up
               ? "begins requests although it was stopped"
               : "";
}

/// Stops the operation after `steps` handlers; `again` handlers later once more.
judgement run(const operation& what, stopping how, std::size_t steps, bool& over, std::size_t again = 0,
              stopping second = stopping::terminal) {
    return judged([&] {
        judgement result;
        scene here;
        here.world.network->piecewise(one_piece);
        what.start(here);
        for (std::size_t i = 0; i < steps && here.end.handlers == 0; ++i) here.world.step();
        over = here.end.handlers != 0;
        const std::chrono::nanoseconds stopped_at = here.world.seams.clock->elapsed();
        const std::size_t requests = requests_of(what, here);
        if (!over) stop(here, how);
        for (std::size_t i = 0; i < again && here.end.handlers == 0; ++i) here.world.step();
        if (again != 0 && here.end.handlers == 0) stop(here, second);
        if (here.world.context) {
            for (int limit = 0; limit < 100'000 && here.world.step(); ++limit) {
            }
            result.problem = problem_of(what, here, result);
            if (!over && result.problem.empty()) result.problem = delay_of(what, here, stopped_at, requests);
            here.drop_objects();
            here.world.context.reset();
        } else if (here.end.handlers != 0) {
            result.problem = "calls its handler although it was destroyed";
        } else {
            result.problem = leftovers(here);
        }
        if (result.problem.empty() && here.world.network->connections() != 0) result.problem = "keeps a connection";
        result.elapsed = here.world.seams.clock->elapsed();
        if (result.problem.empty() && here.world.log->leaks != 0) result.problem = "tells the token";
        return result;
    });
}

void stop_everywhere(report& table, const operation& what, stopping how) {
    bool over = false;
    run(what, how, 100'000, over);  // what is made once per program is made here
    for (std::size_t steps = 0; steps < 100'000; ++steps) {
        const judgement result = run(what, how, steps, over);
        table.add(what.name + ", " + name_of(how), "after " + std::to_string(steps) + " handlers", result);
        if (over) return;
    }
    FAIL_CHECK(what.name << " has no end");
}

/// Cancelled by a handler of its own, in the middle of its work.
void cancel_inside_everywhere(report& table, const operation& what) {
    for (const auto& [how, name] : {std::pair(asio::cancellation_type::terminal, ", terminal, inside"),
                                    std::pair(asio::cancellation_type::total, ", total, inside")}) {
        bool reached = true;
        for (std::size_t n = 1; reached; ++n) {
            const judgement result = judged([&] {
                judgement one;
                scene here;
                here.cancel_inside(n, how);
                what.start(here);
                for (int limit = 0; limit < 100'000 && here.world.step(); ++limit) {
                }
                reached = here.calls >= n;
                one.problem = problem_of(what, here, one);
                here.drop_objects();
                here.world.context.reset();
                one.elapsed = here.world.seams.clock->elapsed();
                return one;
            });
            table.add(what.name + name, "in call " + std::to_string(n), result);
        }
    }
}

/// Every third point, and every second moment of the cleaning up behind it.
void stop_twice_everywhere(report& table, const operation& what, stopping second) {
    bool over = false;
    run(what, stopping::terminal, 100'000, over);
    over = false;
    for (std::size_t steps = 0; !over; steps += 3) {
        for (std::size_t again = 1; again < 24 && !over; again += 2) {
            const judgement result = run(what, stopping::terminal, steps, over, again, second);
            table.add(what.name + ", cancelled, then " + name_of(second),
                      "after " + std::to_string(steps) + " and " + std::to_string(again) + " handlers", result);
        }
    }
}

void stop_everywhere(report& table, const std::vector<operation>& all) {
    for (const operation& what : all) {
        scene probe;
        what.start(probe);
        const bool own_way = probe.stop != nullptr;
        probe.drop_objects();
        if (own_way) {
            stop_everywhere(table, what, stopping::in_its_own_way);
            continue;
        }
        for (const stopping how : {stopping::terminal, stopping::partial, stopping::total, stopping::objects_first})
            stop_everywhere(table, what, how);
        if (what.either_order) stop_everywhere(table, what, stopping::context_first);
    }
}

}  // namespace

TEST_CASE("every suspension point: calls of a client", "[suspension]") {
    report table("stopped at every point: client");
    stop_everywhere(table, client_operations());
    for (const operation& what : client_operations()) cancel_inside_everywhere(table, what);
    table.print();
}

TEST_CASE("every suspension point: the queue", "[suspension]") {
    report table("stopped at every point: queue");
    stop_everywhere(table, queue_operations(" of pushes", queued_push, true));
    stop_everywhere(table, queue_operations(" of pauses", queued_pauses, false));
    table.print();
}

TEST_CASE("every suspension point: stopped, and a little later destroyed or stopped again", "[suspension]") {
    report table("stopped twice");
    for (const operation& what : client_operations()) {
        if (what.name != "upload_folder" && what.name != "upload_folder, the commit's answer lost") continue;
        for (const stopping second : {stopping::terminal, stopping::objects_first})
            stop_twice_everywhere(table, what, second);
    }
    table.print();
}

TEST_CASE("every suspension point: the parts", "[suspension]") {
    report table("stopped at every point: parts");
    stop_everywhere(table, small_operations());
    table.print();
}
