#pragma once

#include <hubpush/local_hub/git_formats.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t tree_entry_limit = 2'000'000;

[[noreturn]] inline void throw_unreadable_git_output() {
    throw_error(errc::server_error, "git answered in an unknown format");
}

/// Takes everything up to `end` off the front of `text`, and `end` too.
inline std::string_view take_until(std::string_view& text, char end) {
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) throw_unreadable_git_output();
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at + 1);
    return taken;
}

inline std::uint64_t parse_git_number(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed != std::errc() || end != digits.data() + digits.size()) throw_unreadable_git_output();
    return value;
}

/// A name or mail address without the bytes that have a meaning in a commit object.
inline std::string author_text(std::string_view text) {
    std::string result;
    for (const char byte : text) {
        if (static_cast<unsigned char>(byte) >= 0x20 && byte != '<' && byte != '>' && byte != 0x7f) result += byte;
    }
    return result.empty() ? "unknown" : result;
}

inline std::string author_line(std::string_view role, const git_author& author) {
    const auto seconds = std::max<std::int64_t>(author.date().time_since_epoch().count(), 0);
    return std::string(role) + ' ' + author_text(author.name()) + " <" + author_text(author.mail()) + "> " +
           std::to_string(seconds) + " +0000\n";
}

inline std::string import_data(std::string_view data) {
    return "data " + std::to_string(data.size()) + '\n' + std::string(data) + '\n';
}

inline void require_message(std::string_view text) {
    if (text.find('\0') != std::string_view::npos)
        throw_error(errc::invalid_argument, "a message cannot hold a NUL byte");
}

inline std::string import_message(std::string_view text) {
    require_message(text);
    return import_data(text);
}

/// Marks are numbers above zero; the commit has the first.
inline std::string mark_of_content(std::size_t index) { return ":" + std::to_string(index + 2); }

}  // namespace detail

HUBPUSH_DECL void detail::throw_git_failure(std::string_view errors) {
    const auto says = [errors](std::string_view text) { return errors.find(text) != std::string_view::npos; };
    const bool taken = says("reference already exists") || says("exists; cannot create");
    // fast-import met another head than it was told to build on; update-ref did not find the one it was to move from.
    const bool moved = says("Not updating refs/") || (says("cannot lock ref") && says("but expected"));
    throw_error(taken || moved ? errc::conflict : errc::server_error, "git failed: " + std::string(errors));
}

HUBPUSH_DECL std::string detail::quote_git_path(std::string_view path) {
    std::string quoted = "\"";
    for (const char byte : path) {
        const auto code = static_cast<unsigned char>(byte);
        if ((code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z')) {
            quoted += byte;
        } else {
            quoted += '\\';
            for (const int shift : {6, 3, 0}) quoted += static_cast<char>('0' + (code >> shift & 7));
        }
    }
    return quoted + '"';
}

HUBPUSH_DECL std::string detail::import_blob(std::size_t index, std::uint64_t size) {
    return "blob\nmark " + mark_of_content(index) + "\ndata " + std::to_string(size) + '\n';
}

HUBPUSH_DECL std::string detail::import_commit(std::string_view ref, std::string_view parent,
                                               const std::vector<git_change>& changes, std::string_view message_text,
                                               const git_author& author) {
    std::string text = "commit " + std::string(ref) + "\nmark :1\n";
    text += author_line("author", author) + author_line("committer", author) + import_message(message_text);
    if (!parent.empty()) text += "from " + std::string(parent) + '\n';
    for (std::size_t i = 0; i < changes.size(); ++i) {
        text += changes[i].content() ? "M 100644 " + mark_of_content(i) + ' ' : "D ";
        text += quote_git_path(changes[i].path()) + '\n';
    }
    return text + "\nget-mark :1\n";
}

HUBPUSH_DECL std::string detail::import_tag(std::string_view name, std::string_view commit,
                                            std::string_view message_text, const git_author& author) {
    return "tag " + std::string(name) + "\nfrom " + std::string(commit) + '\n' + author_line("tagger", author) +
           import_message(message_text);
}

HUBPUSH_DECL std::vector<std::string> detail::commits_found(std::string_view output) {
    std::vector<std::string> ids;
    while (!output.empty()) {
        const std::string_view line = take_until(output, '\n');
        const std::string_view id = line.substr(0, line.find(' '));
        if (is_object_id(id) && line.substr(id.size()).starts_with(" commit ")) ids.emplace_back(id);
    }
    return ids;
}

HUBPUSH_DECL void detail::tree_listing_parser::feed(std::string_view bytes) {
    for (std::size_t end = bytes.find('\0'); end != std::string_view::npos; end = bytes.find('\0')) {
        if (partial_record_.empty()) {
            add(bytes.substr(0, end));
        } else {
            add(partial_record_.append(bytes.substr(0, end)));
            partial_record_.clear();
        }
        bytes.remove_prefix(end + 1);
    }
    partial_record_.append(bytes);
}

/// `<mode> <type> <id> <size, padded, or - for what is no blob>\t<path>`
HUBPUSH_DECL void detail::tree_listing_parser::add(std::string_view record) {
    if (entries_.size() == tree_entry_limit) throw_error(errc::limit_exceeded, "the repository has too many files");
    take_until(record, ' ');
    const bool folder = take_until(record, ' ') == "tree";
    const std::string_view id = take_until(record, ' ');
    std::string_view size = take_until(record, '\t');
    size.remove_prefix(std::min(size.find_first_not_of(' '), size.size()));
    entries_.emplace_back(std::string(record), std::string(id), size == "-" ? 0 : parse_git_number(size), folder);
}

HUBPUSH_DECL std::vector<git_tree_entry> detail::tree_listing_parser::finish() {
    if (!partial_record_.empty()) throw_unreadable_git_output();
    return std::move(entries_);
}

/// Per object `<id> <type> <size>\n<content>\n`, or `<id> missing\n`.
HUBPUSH_DECL std::vector<std::string> detail::parse_blobs(std::string_view output, std::size_t count) {
    std::vector<std::string> blobs;
    while (blobs.size() < count) {
        std::string_view line = take_until(output, '\n');
        const std::string_view id = take_until(line, ' ');
        if (!line.starts_with("blob "))
            throw_error(errc::entry_not_found, "no file content has the id " + std::string(id));
        const std::uint64_t size = parse_git_number(line.substr(5));
        if (size >= output.size()) throw_unreadable_git_output();
        blobs.emplace_back(output.substr(0, size));
        output.remove_prefix(size + 1);
    }
    return blobs;
}

HUBPUSH_DECL std::vector<git_log_entry> detail::parse_log(std::string_view output) {
    std::vector<git_log_entry> commits;
    while (!output.empty()) {
        std::array<std::string_view, 6> fields;
        for (std::string_view& field : fields) field = take_until(output, '\0');
        auto& [id, name, mail, date, title, body] = fields;
        while (body.ends_with('\n')) body.remove_suffix(1);
        const std::chrono::sys_seconds when{std::chrono::seconds(parse_git_number(date))};
        git_author author{std::string(name), std::string(mail), when};
        commits.emplace_back(std::string(id), std::move(author), std::string(title), std::string(body));
    }
    return commits;
}

HUBPUSH_DECL git_merge detail::parse_merge(std::string_view output, std::string_view our_tree) {
    const std::string_view tree = take_until(output, '\0');
    std::vector<std::string> conflicts;
    while (!output.empty()) conflicts.emplace_back(take_until(output, '\0'));
    return git_merge(std::string(tree), tree == our_tree, std::move(conflicts));
}

HUBPUSH_DECL std::vector<git_ref> detail::parse_refs(std::string_view output) {
    std::vector<git_ref> refs;
    while (!output.empty()) {
        std::string_view line = take_until(output, '\n');
        const std::string_view name = take_until(line, ' ');
        const std::string_view object = take_until(line, ' ');
        refs.emplace_back(std::string(name), std::string(line.empty() ? object : line));
    }
    return refs;
}

}  // namespace hubpush::inline v0
