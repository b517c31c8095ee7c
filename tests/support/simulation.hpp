#pragma once

#include "failing_files.hpp"
#include "model_hub.hpp"
#include "test_seams.hpp"

#include <hubpush/upload/client.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hubpush_test {

inline constexpr const char* canary = "hf_canaryToken0123456789";

/// A client, its Hub, its files and its clock, all in memory and on one thread: a push takes microseconds and repeats
/// exactly from its seed.
struct simulation {
    explicit simulation(std::uint64_t seed = 1) : seams(seed) {}

    test_seams seams;
    std::shared_ptr<model_hub> hub = std::make_shared<model_hub>();
    std::shared_ptr<failing_files> files = std::make_shared<failing_files>();
    asio::io_context context;

    template <class... Options>
    hubpush::client client(Options... options) {
        return hubpush::client(context.get_executor(), hubpush::endpoint(model_hub::endpoint),
                               hubpush::token(std::string(canary)), hubpush::use_connector(hub),
                               hubpush::use_file_system(files), hubpush::use_seams(seams.get()),
                               hubpush::worker_threads(0), std::move(options)...);
    }

    /// Runs one call to its end in virtual time; gives its result or throws its error.
    template <class Result>
    Result run(hubpush::task<Result> work) {
        std::optional<Result> result;
        std::exception_ptr failure;
        hubpush::initiate(context.get_executor(), std::move(work), [&](std::exception_ptr error, Result value) {
            failure = error;
            result = std::move(value);
        });
        run_virtual(context, *seams.clock);
        if (!result) throw std::runtime_error("the call waits for something that never comes");
        if (failure) std::rethrow_exception(failure);
        return std::move(*result);
    }

    /// The code of the error that a call ends with.
    template <class Result>
    hubpush::errc error_of(hubpush::task<Result> work) {
        try {
            run(std::move(work));
        } catch (const hubpush::error& failure) {
            last_error = std::string(failure.what()) + " - " + failure.hint();
            return failure.kind();
        }
        throw std::runtime_error("the call succeeds");
    }

    std::string last_error;
};

}  // namespace hubpush_test
