#pragma once

#include <hubpush/hub/repo_id.hpp>

#include <hubpush/core/ascii.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/utf8.hpp>
#include <hubpush/net/http_message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t longest_repo_id_part = 96;
inline constexpr std::size_t longest_revision = 255;
inline constexpr std::size_t longest_path = 4096;
inline constexpr std::size_t longest_path_component = 255;  // the limit of the file systems that a clone goes to

[[noreturn]] inline void refuse_name(std::string_view what, std::string_view name, std::string_view rule) {
    throw_error(errc::invalid_argument, std::string(what) + " '" + printable(name, 200) + "' " + std::string(rule),
                error_details().reached_server(false));
}

inline bool has_control_byte(std::string_view text) {
    return !consists_of(text, [](char byte) { return byte != '\x7f' && (byte < '\0' || byte >= ' '); });
}

/// One part of a repository id: `\b[\w\-.]{1,96}\b`.
inline bool is_repo_id_part(std::string_view part) {
    if (part.empty() || part.size() > longest_repo_id_part) return false;
    if (!is_word_byte(part.front()) || !is_word_byte(part.back())) return false;
    return consists_of(part, [](char byte) { return is_word_byte(byte) || byte == '-' || byte == '.'; });
}

/// A name that git takes for its own folder on some system and refuses: in any case, followed by dots, blanks or a
/// stream name (NTFS), as a short name (FAT), or with characters that HFS+ does not see.
inline bool is_git_folder(std::string_view component) {
    std::string seen;
    while (!component.empty()) {
        const std::size_t length = std::max<std::size_t>(utf8_length(component), 1);
        const std::string_view character = component.substr(0, length);
        component.remove_prefix(length);
        const bool unseen = (character >= "\u200c" && character <= "\u200f") ||
                            (character >= "\u202a" && character <= "\u202e") ||
                            (character >= "\u206a" && character <= "\u206f") || character == "\ufeff";
        if (!unseen) seen += character;
    }
    seen.resize(std::min(seen.find(':'), seen.size()));
    seen.resize(seen.find_last_not_of(". ") + 1);
    return equal_without_case(seen, ".git") || equal_without_case(seen, "git~1");
}

/// The rule that a component of a path breaks, or nothing.
inline std::string_view broken_path_rule(std::string_view component) {
    if (component.empty()) return "has an empty component";
    if (component == "." || component == "..") return "has a component '.' or '..'";
    const bool blank = component.find(' ') != std::string_view::npos;
    if (blank && component.find_first_not_of(". ") == std::string_view::npos) {
        return "has a component of dots and blanks alone, which Windows takes for another folder";
    }
    if (component.size() > longest_path_component) return "has a component of more than 255 bytes";
    if (component == ".cache") return "has a component '.cache', which the Hub's tools keep for themselves";
    return is_git_folder(component) ? "has a component '.git', or one that is the same on some system"
                                    : std::string_view();
}

/// The rule that a whole path breaks, or nothing.
inline std::string_view broken_path_text_rule(std::string_view path) {
    if (path.empty()) return "is empty";
    if (path.size() > longest_path) return "is longer than 4096 bytes";
    if (path.find('\\') != std::string_view::npos) return "has a backslash";
    if (has_control_byte(path)) return "has a control byte";
    if (!is_utf8(path)) return "is not valid UTF-8";
    const bool drive = path.size() >= 2 && path[1] == ':' && (path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z';
    return drive ? "begins with a drive letter" : std::string_view();
}

/// The rule of git's names that a revision breaks, or nothing.
inline std::string_view broken_revision_rule(std::string_view text) {
    if (text.empty()) return "is empty";
    if (text.size() > longest_revision) return "is longer than 255 bytes";
    if (has_control_byte(text) || text.find_first_of(" ~^:?*[\\") != std::string_view::npos) {
        return "has a character that git does not allow in names";
    }
    if (!is_utf8(text)) return "is not valid UTF-8";
    if (text.find("..") != std::string_view::npos || text.find("@{") != std::string_view::npos)
        return "has '..' or '@{'";
    if (text.find("//") != std::string_view::npos || text.front() == '/' || text.back() == '/')
        return "has an empty component";
    if (text.front() == '.' || text.find("/.") != std::string_view::npos || text.back() == '.') {
        return "has a component that begins with '.', or ends with '.'";
    }
    return text.front() == '-' ? "begins with '-'" : std::string_view();
}

}  // namespace detail

HUBPUSH_DECL std::string_view plural(repo_type type) noexcept {
    switch (type) {
        case repo_type::dataset:
            return "datasets";
        case repo_type::space:
            return "spaces";
        case repo_type::kernel:
            return "kernels";
        default:
            return "models";
    }
}

HUBPUSH_DECL std::string_view singular(repo_type type) noexcept {
    const std::string_view several = plural(type);
    return several.substr(0, several.size() - 1);
}

HUBPUSH_DECL repository::repository(std::string id, repo_type type) : id_(std::move(id)), type_(type) {
    check_repo_id(id_);
}

HUBPUSH_DECL std::string repository::api_path() const { return "/api/" + std::string(plural(type_)) + "/" + id_; }

HUBPUSH_DECL std::string repository::page_path() const {
    return (type_ == repo_type::model ? "/" : "/" + std::string(plural(type_)) + "/") + id_;
}

HUBPUSH_DECL void check_repo_id(std::string_view id) {
    const auto refuse = [&](std::string_view rule) { detail::refuse_name("the repository id", id, rule); };
    if (std::count(id.begin(), id.end(), '/') > 1)
        refuse("has more than one '/'; it must be 'name' or 'namespace/name'");
    const std::size_t slash = id.find('/');
    const bool parts_are_valid = slash == std::string_view::npos ? detail::is_repo_id_part(id)
                                                                 : detail::is_repo_id_part(id.substr(0, slash)) &&
                                                                       detail::is_repo_id_part(id.substr(slash + 1));
    if (!parts_are_valid) {
        refuse(
            "must have parts of 1 to 96 letters, digits, '-', '_' or '.' that begin and end with a letter, digit or "
            "'_'");
    }
    if (id.find("--") != std::string_view::npos || id.find("..") != std::string_view::npos) refuse("has '--' or '..'");
    if (id.ends_with(".git")) refuse("ends with '.git'");
}

HUBPUSH_DECL void check_revision(std::string_view text) {
    const std::string_view rule = detail::broken_revision_rule(text);
    if (!rule.empty()) detail::refuse_name("the revision", text, rule);
}

HUBPUSH_DECL void check_parent_commit(std::string_view text) {
    const bool is_hexadecimal = text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    if (!is_hexadecimal || text.size() < 5 || text.size() > 40) {
        detail::refuse_name("the parent commit", text, "is not 5 to 40 hexadecimal digits");
    }
}

HUBPUSH_DECL std::string normalize_path_in_repo(std::string_view path) {
    std::string_view rest = path;
    if (rest.starts_with('/')) rest.remove_prefix(1);
    if (rest.starts_with("./")) rest.remove_prefix(2);
    const auto demand = [&](std::string_view rule) {
        if (!rule.empty()) detail::refuse_name("the path in the repository", path, rule);
    };
    demand(detail::broken_path_text_rule(rest));
    for (std::size_t begin = 0; begin <= rest.size();) {
        const std::size_t end = std::min(rest.find('/', begin), rest.size());
        demand(detail::broken_path_rule(rest.substr(begin, end - begin)));
        begin = end + 1;
    }
    return std::string(rest);
}

}  // namespace hubpush::inline v0
