#pragma once

/// \file
/// What a client is made of, as named values.

#include <hubpush/core/budget.hpp>
#include <hubpush/core/options.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/core/secret.hpp>
#include <hubpush/fs/file_system.hpp>
#include <hubpush/hub/commit_api.hpp>
#include <hubpush/net/address_guard.hpp>
#include <hubpush/net/connection_limits.hpp>
#include <hubpush/net/connector.hpp>
#include <hubpush/net/proxy.hpp>
#include <hubpush/net/retry_policy.hpp>
#include <hubpush/net/trace.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace hubpush::inline v0 {

/// The Hub's address, for example `https://huggingface.co`. Default: HF_ENDPOINT.
class endpoint {
public:
    explicit endpoint(std::string url) : url_(std::move(url)) {}
    const std::string& url() const noexcept { return url_; }

private:
    std::string url_;
};

/// The token to send; an empty one sends none. Default: HF_TOKEN, then the token file.
class token {
public:
    explicit token(std::string text) : value_(std::move(text)) {}
    explicit token(secret value) : value_(std::move(value)) {}
    const secret& value() const noexcept { return value_; }

private:
    secret value_;
};

/// Lets the token travel over plain http to a machine that is not this one. Without it that is an error.
class allow_plain_http {};

namespace detail {

/// A seam given by the caller; the tag tells one from another.
template <class Seam, class Tag>
class shared_option {
public:
    explicit shared_option(std::shared_ptr<Seam> seam) : seam_(std::move(seam)) {}
    const std::shared_ptr<Seam>& get() const noexcept { return seam_; }

private:
    std::shared_ptr<Seam> seam_;
};

struct log_tag;
struct connector_tag;
struct file_system_tag;

}  // namespace detail

/// Where warnings and reports go. Default: standard error.
using log_to = detail::shared_option<log_sink, detail::log_tag>;
/// Replaces the network, for simulations and tests.
using use_connector = detail::shared_option<connector, detail::connector_tag>;
/// Replaces the file system, for simulations and tests.
using use_file_system = detail::shared_option<file_system, detail::file_system_tag>;

/// Replaces clock, random numbers and log, for simulations and tests.
class use_seams {
public:
    explicit use_seams(seams value) : value_(std::move(value)) {}
    const seams& get() const noexcept { return value_; }

private:
    seams value_;
};

/// For how long the outcome of a commit is looked for after its answer was lost (spec/reliability.md §3.4). Default: 5
/// minutes; `background` looks as long as its `give_up_after`.
class commit_patience {
public:
    commit_patience() = default;
    explicit commit_patience(std::chrono::milliseconds time) : time_(time) {}
    std::chrono::milliseconds time() const noexcept { return time_; }

private:
    std::chrono::milliseconds time_ = default_commit_patience;
};

/// How many threads read and hash. Default: half of the machine's, at least one and at most four. With 0 that work runs
/// on the strand itself, for simulations.
class worker_threads {
public:
    explicit worker_threads(std::size_t count) : count_(count) {}
    std::size_t count() const noexcept { return count_; }

private:
    std::size_t count_;
};

struct client_call {
    using takes = option_set<endpoint, token, memory_budget, retry_policy, commit_patience, allow_plain_http, log_to,
                             use_seams, use_connector, use_file_system, worker_threads,
                             // of the network
                             proxy, connection_limits, trace_events, allow_private_addresses>;
};

namespace detail {

/// What the options say about clock, random numbers and log.
template <class Options>
seams seams_of(const Options& options) {
    seams result;
    if (const auto& given = options.template get<use_seams>()) result = given->get();
    if (const auto& log = options.template get<log_to>()) result.set_log(log->get());
    return result;
}

}  // namespace detail

}  // namespace hubpush::inline v0
