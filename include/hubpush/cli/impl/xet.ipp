#pragma once

#include <hubpush/cli/xet.hpp>

#include <hubpush/cli/chunk_sample.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/utf8.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/json.hpp>
#include <hubpush/xet/file_pass.hpp>
#include <hubpush/xet/xorb.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

/// Reads that end within a page cost several times as much (design.md §7).
class alignas(4096) xet_input_page {
public:
    std::array<std::byte, 4096> bytes;
};

/// A few chunks at a time: large enough that most chunks lie within one read, small enough for the processor's cache.
inline constexpr std::size_t xet_input_pages = 128;

[[noreturn]] inline void throw_input_error(const std::filesystem::path& path) {
    const int code = errno;
    const std::string reason = std::generic_category().message(code);
    throw_error(code == ENOENT ? errc::file_not_found : errc::file_unreadable,
                "cannot read '" + path.string() + "': " + reason, error_details().file(path.string()));
}

/// A file or pipe that is open for reading.
class xet_input {
public:
    explicit xet_input(std::filesystem::path path)
        : path_(std::move(path)), file_(std::fopen(path_.c_str(), "rb"), &std::fclose) {
        if (!file_) throw_input_error(path_);
        std::setbuf(file_.get(), nullptr);
    }

    /// As much as fits, unless it ends before.
    std::size_t read(std::span<std::byte> out) {
        const std::size_t got = std::fread(out.data(), 1, out.size(), file_.get());
        if (std::ferror(file_.get()) != 0) throw_input_error(path_);
        return got;
    }

private:
    std::filesystem::path path_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// One pass over what is left of the input; `take` is called for each of its chunks, in order.
template <class Take>
file_pass pass_over(xet_input& input, bool with_sha256, Take&& take) {
    std::vector<xet_input_page> pages(xet_input_pages);
    const std::span<std::byte> buffer = std::as_writable_bytes(std::span(pages));
    file_pass pass(with_sha256);
    for (std::size_t got = buffer.size(); got == buffer.size();) {
        got = input.read(buffer);
        for (const xet_chunk& chunk : pass.update(buffer.first(got))) take(chunk);
    }
    if (const std::optional<xet_chunk> last = pass.finish()) take(*last);
    return pass;
}

inline void require_written(std::ostream& out) {
    if (!out.flush()) throw_error(errc::file_unwritable, "cannot write what was found out");
}

/// Counts the xorbs that chunks are packed into one after the other (spec/xet-protocol.md §3.2).
class xorb_count {
public:
    void add(std::uint32_t chunk_length) {
        if (count_ == 0 || !limits_.allow(chunks_ + 1, bytes_ + chunk_length)) {
            ++count_;
            chunks_ = 0;
            bytes_ = 0;
        }
        ++chunks_;
        bytes_ += chunk_length;
    }
    std::uint64_t value() const noexcept { return count_; }

private:
    xorb_limits limits_;
    std::uint64_t count_ = 0;
    std::size_t chunks_ = 0;
    std::uint64_t bytes_ = 0;
};

/// What `inspect` says about one file, gathered chunk by chunk.
class xet_inspection {
public:
    /// Chunks by length: entry i has those of more than i and up to i + 1 times 8 KiB.
    using histogram = std::array<std::uint64_t, largest_chunk / smallest_chunk>;

    void add(const xet_chunk& chunk) {
        ++chunk_count;
        bytes += chunk.length;
        ++lengths[(chunk.length - 1) / smallest_chunk];
        const bool repeated = seen_.contains(chunk.hash);
        seen_.insert(chunk.hash);
        const std::uint64_t weight = seen_.weight(chunk.hash);
        if (repeated) duplicate_bytes_ += weight * chunk.length;
        for (std::uint64_t i = 0; i != weight && !repeated; ++i) xorbs.add(chunk.length);
    }

    /// Bytes in chunks that came before in the same file.
    std::uint64_t duplicate_bytes() const noexcept { return std::min(duplicate_bytes_, bytes); }
    bool is_estimate() const noexcept { return !seen_.is_complete(); }

    std::uint64_t chunk_count = 0;
    std::uint64_t bytes = 0;
    histogram lengths{};
    xorb_count xorbs;

private:
    chunk_sample seen_;
    std::uint64_t duplicate_bytes_ = 0;
};

inline std::string percentage(std::uint64_t part, std::uint64_t whole) {
    std::array<char, 16> text{};
    const double percent = whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    std::snprintf(text.data(), text.size(), "%.1f %%", percent);
    return text.data();
}

/// A path need not be UTF-8, but JSON must: then whatever is not ASCII is shown as U+FFFD.
inline std::string json_path(const std::filesystem::path& path) {
    const std::string bytes = path.string();
    if (is_utf8(bytes)) return json_quoted(bytes);
    std::string text;
    for (const char byte : bytes) {
        if (static_cast<unsigned char>(byte) < 0x80) {
            text += byte;
        } else {
            text += "\xEF\xBF\xBD";
        }
    }
    return json_quoted(text);
}

/// The chunks come before the rest of the object, since they are printed as they are found.
class xet_json_report {
public:
    xet_json_report(const xet_inspect_options& options, std::ostream& out) : options_(options), out_(out) {}

    void begin(const std::filesystem::path& path) {
        out_ << "{\"path\":" << json_path(path) << (options_.chunks ? ",\"chunks\":[" : "");
    }
    void add(const xet_chunk& chunk, std::uint64_t offset) {
        json_object entry;
        entry.number("offset", offset).number("length", chunk.length).text("hash", chunk.hash.text());
        out_ << (offset == 0 ? "" : ",") << entry.str();
    }
    void end(const xet_inspection& found, const file_pass& pass) {
        std::vector<std::string> lengths;
        for (const std::uint64_t count : found.lengths) lengths.push_back(std::to_string(count));
        json_object rest;
        rest.number("size", pass.size()).text("file_hash", pass.file_hash().text());
        rest.number("chunk_count", found.chunk_count).raw("chunks_by_8_kib", json_array(lengths));
        rest.number("xorb_count", found.xorbs.value()).number("duplicate_bytes", found.duplicate_bytes());
        rest.raw("estimated", found.is_estimate() ? "true" : "false");
        if (pass.sha256()) rest.text("sha256", to_hex(*pass.sha256()));
        out_ << (options_.chunks ? "]," : ",") << rest.str().substr(1) << std::endl;
    }

private:
    const xet_inspect_options& options_;
    std::ostream& out_;
};

class xet_text_report {
public:
    explicit xet_text_report(std::ostream& out) : out_(out) {}

    void begin(const std::filesystem::path& path) {
        const std::string text = path.string();
        out_ << printable(text, text.size() * 4) << '\n';
    }
    void add(const xet_chunk& chunk, std::uint64_t offset) {
        out_ << "  " << offset << ' ' << chunk.length << ' ' << chunk.hash.text() << '\n';
    }
    void end(const xet_inspection& found, const file_pass& pass) {
        const char* const about = found.is_estimate() ? "about " : "";
        out_ << "  file hash   " << pass.file_hash().text() << '\n';
        if (pass.sha256()) out_ << "  SHA-256     " << to_hex(*pass.sha256()) << '\n';
        out_ << "  size        " << pass.size() << " bytes\n"
             << "  chunks      " << found.chunk_count << '\n';
        for (std::size_t i = 0; i != found.lengths.size(); ++i) {
            if (found.lengths[i] == 0) continue;
            out_ << "    up to " << (i + 1) * smallest_chunk << " bytes: " << found.lengths[i] << '\n';
        }
        out_ << "  xorbs       " << about << found.xorbs.value() << '\n'
             << "  duplicate   " << about << found.duplicate_bytes() << " bytes ("
             << percentage(found.duplicate_bytes(), pass.size()) << ")" << std::endl;
    }

private:
    std::ostream& out_;
};

template <class Report>
void inspect_with(const xet_inspect_options& options, Report report) {
    for (const std::filesystem::path& path : options.files) {
        xet_input input(path);
        xet_inspection found;
        report.begin(path);
        const file_pass pass = pass_over(input, options.sha256, [&](const xet_chunk& chunk) {
            if (options.chunks) report.add(chunk, found.bytes);
            found.add(chunk);
        });
        report.end(found, pass);
    }
}

}  // namespace detail

HUBPUSH_DECL void inspect_xet(const xet_inspect_options& options, std::ostream& out) {
    if (options.json) {
        detail::inspect_with(options, detail::xet_json_report(options, out));
    } else {
        detail::inspect_with(options, detail::xet_text_report(out));
    }
    detail::require_written(out);
}

HUBPUSH_DECL void compare_xet(const xet_compare_options& options, std::ostream& out) {
    detail::xet_input old_input(options.old_file);
    chunk_sample old_chunks;
    detail::pass_over(old_input, false, [&](const xet_chunk& chunk) { old_chunks.insert(chunk.hash); });
    detail::xet_input new_input(options.new_file);
    std::uint64_t found = 0;
    const file_pass pass = detail::pass_over(new_input, false, [&](const xet_chunk& chunk) {
        if (old_chunks.contains(chunk.hash)) found += old_chunks.weight(chunk.hash) * chunk.length;
    });
    const std::uint64_t known = std::min(found, pass.size());
    const bool is_estimate = !old_chunks.is_complete();
    if (options.json) {
        json_object result;
        result.number("size", pass.size()).number("known_bytes", known).number("new_bytes", pass.size() - known);
        out << result.raw("estimated", is_estimate ? "true" : "false").str() << '\n';
    } else {
        const char* const about = is_estimate ? "about " : "";
        out << "size   " << pass.size() << " bytes\n"
            << "known  " << about << known << " bytes (" << detail::percentage(known, pass.size()) << ")\n"
            << "new    " << about << pass.size() - known << " bytes\n";
    }
    detail::require_written(out);
}

}  // namespace hubpush::inline v0
