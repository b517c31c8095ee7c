#pragma once

#include "allocations.hpp"
#include "damaged_network.hpp"
#include "failing_files.hpp"
#include "simulation.hpp"
#include "test_seams.hpp"

#include <hubpush/core/budget.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/net/http_exchange.hpp>
#include <hubpush/upload/client.hpp>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush_test {

/// How an operation ended, as its handler was told.
struct ended_as {
    int handlers = 0;
    std::exception_ptr failure;
    std::string oid;  ///< of the commit that it reports
};

/// What a case gives. `problem` is empty when nothing that must hold was broken.
struct judgement {
    bool succeeded = false;
    hubpush::errc kind = hubpush::errc();  ///< of the failure
    std::chrono::nanoseconds elapsed{0};
    std::string problem;
};

/// Counts, looks for the token, and needs no memory.
class counting_log final : public hubpush::log_sink {
public:
    void write(hubpush::log_level, std::string_view line) noexcept override {
        ++lines;
        leaks += line.find(canary) != std::string_view::npos ? 1 : 0;
    }
    std::size_t lines = 0;
    std::size_t leaks = 0;
};

/// One small push (a regular file and a large one) against the model, in virtual time and on one thread.
class push_world {
public:
    static constexpr const char* regular = "{\"a\":1}";
    static constexpr const char* large = "eight weights";

    explicit push_world(framing how = framing::length) : network(std::make_shared<damaged_network>(hub, how)) {
        files->write("/run/config.json", regular);
        files->write("/run/model.safetensors", large);
    }

    template <class... Options>
    hubpush::client client(Options... options) {
        return hubpush::client(context->get_executor(), hubpush::endpoint(model_hub::endpoint),
                               hubpush::token(std::string(canary)), hubpush::use_connector(network),
                               hubpush::use_file_system(files),
                               hubpush::use_seams(hubpush::seams(clock_, random_, log)), budget,
                               hubpush::worker_threads(threads), std::move(options)...);
    }

    /// Replaces a seam of the clients that are made from here on. Timers still come from the virtual clock in the end.
    void use_clock(std::shared_ptr<hubpush::clock> other) { clock_ = std::move(other); }
    void use_random(std::shared_ptr<hubpush::random_source> other) { random_ = std::move(other); }
    const hubpush::clock& clock() const { return *clock_; }
    const hubpush::random_source& random() const { return *random_; }

    /// Runs `work` until its handler has been called; what is ready then is done, timers that run then are left.
    template <class Result>
    ended_as run(hubpush::task<Result> work) {
        ended_as end;
        hubpush::initiate(context->get_executor(), std::move(work), [&end](std::exception_ptr failure, Result value) {
            ++end.handlers;
            end.failure = std::move(failure);
            end.oid = std::move(value.oid);
        });
        for (std::size_t jumps = 0; jumps < 100'000; ++jumps) {
            context->restart();
            context->poll();
            if (end.handlers != 0 || !seams.clock->advance()) break;
        }
        return end;
    }

    /// Lets one handler run, or, when none is ready, the time of the next timer come; false when nothing is left.
    bool step() {
        context->restart();
        if (threads != 0) return context->run_one_for(std::chrono::seconds(10)) != 0;
        return context->poll_one() != 0 || seams.clock->advance();
    }

    /// Each request is answered with 503 when it comes for the first time, and the commit's answer is lost.
    void make_it_hard() {
        hub->fault = [seen = std::set<std::string>()](const std::string& method, const std::string& target) mutable {
            if (seen.insert(method + target).second) return model_fault::status_503;
            return target.find("/commit/") != std::string::npos ? model_fault::apply_then_reset : model_fault::none;
        };
    }

    /// What the push was to do has been done, exactly once (spec/reliability.md I1, I2, I3).
    bool committed_right() const {
        using namespace hubpush;
        const std::string large_oid = to_hex(sha256::of(as_bytes(std::string_view(large))));
        const std::map<std::string, std::string> files_wanted{
            {"config.json", to_hex(git_blob_hash::of(as_bytes(std::string_view(regular))))},
            {"model.safetensors", large_oid}};
        const auto object = hub->objects.find(large_oid);
        return hub->commits.size() == 2 && hub->files == files_wanted && object != hub->objects.end() &&
               object->second == large;
    }

    /// Judges the end of a push that nobody cancelled. `foreign`: an exception that is not hubpush's was thrown into it
    /// and may come out again.
    judgement judge(const ended_as& end, bool foreign = false) const {
        judgement result;
        result.elapsed = seams.clock->elapsed();
        result.succeeded = end.handlers == 1 && !end.failure;
        if (end.failure) result.kind = hubpush::detail::kind_of(end.failure);
        result.problem = problem_of(end, result, foreign);
        return result;
    }

    /// On the heap, so that a test can end it before its clients.
    std::unique_ptr<asio::io_context> context = std::make_unique<asio::io_context>(1);
    test_seams seams;
    std::shared_ptr<model_hub> hub = std::make_shared<model_hub>();
    std::shared_ptr<damaged_network> network;
    std::shared_ptr<failing_files> files = std::make_shared<failing_files>();
    hubpush::memory_budget budget;
    std::shared_ptr<counting_log> log = std::make_shared<counting_log>();
    std::size_t threads = 0;  ///< of the clients; then handlers come in real time

private:
    std::shared_ptr<hubpush::clock> clock_ = seams.clock;
    std::shared_ptr<hubpush::random_source> random_ = seams.random;

    std::string problem_of(const ended_as& end, const judgement& result, bool foreign) const {
        using hubpush::errc;
        if (end.handlers == 0) return "never ends";
        if (end.handlers != 1) return "ends twice";
        if (hub->commits.size() > 2) return "commits twice";
        if (seams.clock->pending() != 0) return "leaves a timer running";
        if (budget.used() != 0) return "keeps memory of the budget";
        if (files->open_files() != 0) return "keeps a file open";
        if (result.succeeded) {
            if (!committed_right()) return "reports a success that is none";
            return end.oid == hub->commits.back().oid ? "" : "reports another commit";
        }
        const std::string text = hubpush::describe(end.failure);
        if (text.find(canary) != std::string::npos || log->leaks != 0) return "tells the token";
        if (result.kind == errc::internal && !foreign) return "fails without a type: " + text;
        if (result.kind == errc::cancelled) return "says cancelled, and nobody has: " + text;
        if (hub->commits.size() == 2 && result.kind != errc::outcome_unknown) return "has committed and says: " + text;
        return "";
    }
};

/// Runs one case and then looks for what its world left behind.
template <class Case>
judgement judged(Case one) {
    const std::size_t before = memory_in_use();
    judgement result = one();
    const std::size_t after = memory_in_use();
    if (result.problem.empty() && after != before) {
        result.problem = "leaves memory behind: " + std::to_string(static_cast<std::ptrdiff_t>(after - before));
    }
    return result;
}

}  // namespace hubpush_test
