#pragma once

#include <hubpush/local_hub/git_import.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/git_formats.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t import_chunk = 64 * 1024;
inline constexpr std::size_t import_output_limit = 4096;

/// Text and contents go through one buffer, so that a thousand small files are a few writes.
class import_feed {
public:
    explicit import_feed(child_process& child) : child_(child) {}

    void text(std::string_view text) { pending_ += text; }

    task<void> blob(std::size_t index, const git_change& change) {
        byte_source& content = *change.content();
        text(import_blob(index, content.size()));
        for (std::uint64_t offset = 0; offset < content.size();) {
            const std::size_t before = pending_.size();
            const auto wanted =
                static_cast<std::size_t>(std::min<std::uint64_t>(import_chunk, content.size() - offset));
            pending_.resize(before + wanted);
            const auto room = std::as_writable_bytes(std::span(pending_)).subspan(before);
            const std::size_t count = co_await content.read_at(offset, room);
            if (count != wanted) throw_error(errc::file_changed, "content ended early: " + change.path());
            offset += wanted;
            if (pending_.size() >= import_chunk) co_await flush();
        }
        text("\n");
    }

    task<void> flush() {
        const bool taken = co_await child_.write(std::as_bytes(std::span(pending_)));
        pending_.clear();
        if (taken) co_return;
        co_await child_.wait();  // who does not read any more is about to end
        throw_git_failure(child_.error_output());
    }

private:
    child_process& child_;
    std::string pending_;
};

}  // namespace detail

HUBPUSH_DECL task<std::string> detail::fast_import(child_command command, std::vector<git_change> changes,
                                                   std::string commands) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    child_process child(executor, command);
    import_feed feed(child);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (changes[i].content()) co_await feed.blob(i, changes[i]);
    }
    feed.text(commands + "done\n");
    co_await feed.flush();
    child.close_input();
    std::string output = co_await child.read_to_end(import_output_limit);
    if (co_await child.wait() != 0) throw_git_failure(child.error_output());
    co_return output;
}

}  // namespace hubpush::inline v0
