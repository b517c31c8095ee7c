#pragma once

/// \file
/// What was asked of an embedded Hub, in order. Most promises of an uploader (no duplicate, no byte sent twice, the
/// token to one origin only) are statements about this record (spec/hub-http-api.md §14.4).

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// The two listeners of an embedded Hub: its API, and the storage that signed URLs name.
enum class hub_listener { hub, storage };

/// What the Hub made of the credentials of a request. The token itself is never recorded.
enum class token_state { none, known, unknown };

/// One request as the server saw it.
class request_record {
public:
    std::uint64_t number = 0;      ///< counted from 1 over both listeners
    std::uint64_t connection = 0;  ///< counted from 1 over both listeners
    hub_listener listener = hub_listener::hub;
    std::string method;
    std::string target;  ///< path and query as sent
    /// In order, without `Authorization`.
    std::vector<std::pair<std::string, std::string>> headers;
    bool authorization = false;  ///< an `Authorization` field came, whatever it held
    token_state token = token_state::none;
    std::uint64_t body_bytes = 0;  ///< bytes of the body that were read
    std::string body_sha256;       ///< of the whole body; empty unless it was read to its end
    int status = 0;                ///< 0 while no answer was begun
    std::string fault;             ///< which fault hit it; empty for none
    bool finished = false;         ///< the exchange is over, well or not

    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
};

/// Thread-safe. Numbers stay valid for ever; only records are forgotten, by `clear` and, the oldest ones first, when
/// there are more than the limit.
class request_ledger {
public:
    explicit request_ledger(std::size_t limit) : limit_(limit) {}

    /// Adds a record and gives its number, which it also writes into the record.
    HUBPUSH_DECL std::uint64_t begin(request_record record);

    /// Changes the record of that number under the lock; nothing happens when it is forgotten.
    template <class Change>
    void update(std::uint64_t number, Change change) {
        const std::lock_guard lock(mutex_);
        if (number > forgotten_ && number <= forgotten_ + records_.size()) {
            change(records_[static_cast<std::size_t>(number - forgotten_ - 1)]);
        }
    }

    /// A copy of all records that are not forgotten, in the order in which the heads of the requests were read.
    HUBPUSH_DECL std::vector<request_record> snapshot() const;
    /// How many of them have this method and a path that holds `part`.
    HUBPUSH_DECL std::size_t count(std::string_view method, std::string_view part) const;
    HUBPUSH_DECL void clear();

private:
    const std::size_t limit_;
    mutable std::mutex mutex_;
    std::uint64_t forgotten_ = 0;
    std::deque<request_record> records_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/ledger.ipp>
#endif
