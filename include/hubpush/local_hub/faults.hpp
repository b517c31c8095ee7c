#pragma once

/// \file
/// Faults on demand: which requests they hit and what happens to them. A decision core without I/O; the connection
/// carries the decision out (spec/hub-http-api.md §14.4).

#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/ledger.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// A status the server answers with instead of the truth.
class fault_answer {
public:
    fault_answer() = default;
    explicit fault_answer(int status, std::string body = "{\"error\":\"fault injected\"}")
        : status_(status), body_(std::move(body)) {}
    /// For example `header("Retry-After", "2")`, or another `Content-Type`.
    fault_answer& header(std::string name, std::string value) {
        headers_.emplace_back(std::move(name), std::move(value));
        return *this;
    }

    int status() const noexcept { return status_; }
    const std::string& body() const noexcept { return body_; }
    const std::vector<std::pair<std::string, std::string>>& headers() const noexcept { return headers_; }

private:
    int status_ = 503;
    std::string body_;
    std::vector<std::pair<std::string, std::string>> headers_;
};

/// What goes wrong.
class fault {
public:
    enum class kind {
        reset_request,      ///< the connection is reset after `bytes` of the request's body; with 0 before any is read
        stall_request,      ///< nothing more is read after `bytes` of the body; the connection stays open
        answer_early,       ///< answered before the body is read; nothing is applied, the connection closes
        answer_instead,     ///< the body is read to its end, nothing is applied, answered
        apply_then_answer,  ///< applied, then answered differently
        apply_then_reset,   ///< applied, then reset without a byte of the answer
        answer_then_apply,  ///< answered, the connection ended, and applied some time later
        cut_answer,         ///< applied; the answer ends after `bytes` of it, by FIN
        cut_answer_reset,   ///< the same, by RST
        delay_answer,       ///< applied, the answer comes late
        drop_field,         ///< applied, the answer lacks a field
        store_nothing,      ///< PUT to the storage: answered as if the bytes had been kept
        store_flipped       ///< PUT to the storage: kept with one byte changed
    };

    fault() = default;

    static fault reset_after(std::uint64_t body_bytes) { return fault(kind::reset_request, body_bytes); }
    static fault stall_after(std::uint64_t body_bytes) { return fault(kind::stall_request, body_bytes); }
    static fault answer_early(fault_answer answer) { return fault(kind::answer_early, std::move(answer)); }
    static fault answer_instead(fault_answer answer) { return fault(kind::answer_instead, std::move(answer)); }
    static fault apply_then_answer(fault_answer answer) { return fault(kind::apply_then_answer, std::move(answer)); }
    static fault apply_then_reset() { return fault(kind::apply_then_reset, 0); }
    /// Whoever looks at once finds nothing. For requests of at most 64 MiB.
    static fault answer_then_apply(fault_answer answer, std::chrono::milliseconds later) {
        fault result(kind::answer_then_apply, std::move(answer));
        result.delay_ = later;
        return result;
    }
    /// `answer_bytes` counts head and body.
    static fault cut_answer_after(std::uint64_t answer_bytes) { return fault(kind::cut_answer, answer_bytes); }
    static fault reset_answer_after(std::uint64_t answer_bytes) { return fault(kind::cut_answer_reset, answer_bytes); }
    static fault delay_answer(std::chrono::milliseconds by) {
        fault result(kind::delay_answer, 0);
        result.delay_ = by;
        return result;
    }

    /// For example `ETag`; case does not matter. Without `Content-Length` the answer is chunked. What the server adds
    /// to every answer stays: `RateLimit`, `Connection`, `X-Request-Id`.
    static fault drop_field(std::string name) {
        fault result(kind::drop_field, 0);
        result.field_ = std::move(name);
        return result;
    }
    static fault store_nothing() { return fault(kind::store_nothing, 0); }
    static fault store_flipped() { return fault(kind::store_flipped, 0); }

    kind what() const noexcept { return kind_; }
    std::uint64_t bytes() const noexcept { return bytes_; }
    std::chrono::milliseconds delay() const noexcept { return delay_; }
    const fault_answer& answer() const noexcept { return answer_; }
    const std::string& field() const noexcept { return field_; }
    /// One word for the ledger.
    HUBPUSH_DECL std::string name() const;

private:
    fault(kind what, std::uint64_t bytes) : kind_(what), bytes_(bytes) {}
    fault(kind what, fault_answer answer) : kind_(what), answer_(std::move(answer)) {}

    kind kind_ = kind::answer_instead;
    std::uint64_t bytes_ = 0;
    std::chrono::milliseconds delay_{0};
    fault_answer answer_;
    std::string field_;
};

/// Names and values of a request's head.
using request_fields = std::vector<std::pair<std::string, std::string>>;

/// Which requests a fault hits. Method "" is any. The pattern is a part of the path; with `*` (any run, also of '/') or
/// `?` in it, it must match the whole path. Without a choice of calls it hits every one.
class fault_rule {
public:
    fault_rule(std::string method, std::string path_pattern, fault effect)
        : method_(std::move(method)), pattern_(std::move(path_pattern)), effect_(std::move(effect)) {}

    fault_rule& on(hub_listener listener) {
        listener_ = listener;
        return *this;
    }
    /// Only requests whose query has this text in it, for example `create_pr=1`.
    fault_rule& with_query(std::string part) {
        query_ = std::move(part);
        return *this;
    }
    /// Only requests with this field, whose value has this text in it: a client that marks what it sends chooses its
    /// faults.
    fault_rule& with_header(std::string name, std::string part = "") {
        header_ = std::move(name);
        header_part_ = std::move(part);
        return *this;
    }
    /// Only the n-th matching call, counted from 1.
    fault_rule& nth(std::uint64_t n) {
        first_ = n;
        last_ = n;
        return *this;
    }
    fault_rule& first(std::uint64_t count) {
        first_ = 1;
        last_ = count;
        return *this;
    }
    /// Calls k, 2k, 3k …
    fault_rule& every(std::uint64_t k) {
        step_ = k == 0 ? 1 : k;
        return *this;
    }
    /// Each call on its own, from a generator that starts at `seed`.
    fault_rule& with_probability(double probability, std::uint64_t seed) {
        probability_ = probability;
        random_.seed(seed);
        return *this;
    }

    /// Counts the call when it matches and says whether the fault hits it.
    HUBPUSH_DECL bool hits(hub_listener listener, std::string_view method, std::string_view target,
                           const request_fields& fields = {});
    const fault& effect() const noexcept { return effect_; }

private:
    HUBPUSH_DECL bool matches(hub_listener listener, std::string_view method, std::string_view target,
                              const request_fields& fields) const;

    std::string method_;
    std::string pattern_;
    fault effect_;
    std::optional<hub_listener> listener_;
    std::string query_;
    std::string header_;
    std::string header_part_;
    std::uint64_t first_ = 1;
    std::uint64_t last_ = UINT64_MAX;
    std::uint64_t step_ = 1;
    double probability_ = 1.0;
    std::mt19937_64 random_;
    std::uint64_t calls_ = 0;
};

/// The rules in force. Thread-safe: tests add and remove them while the server runs.
class fault_plan {
public:
    HUBPUSH_DECL void add(fault_rule rule);
    HUBPUSH_DECL void clear();
    /// What happens to a request. Every rule counts the call; the first one that hits wins.
    HUBPUSH_DECL std::optional<fault> decide(hub_listener listener, std::string_view method, std::string_view target,
                                             const request_fields& fields = {});

private:
    std::mutex mutex_;
    std::vector<fault_rule> rules_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/faults.ipp>
#endif
