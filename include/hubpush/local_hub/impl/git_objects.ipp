#pragma once

#include <hubpush/core/ascii.hpp>
#include <hubpush/local_hub/git_objects.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

/// True when every `/`-separated component of `text` pleases `accept`.
template <class Predicate>
bool all_components(std::string_view text, Predicate accept) noexcept {
    for (;;) {
        const std::size_t slash = text.find('/');
        if (!accept(text.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        text.remove_prefix(slash + 1);
    }
}

inline bool is_ref_component(std::string_view name) noexcept {
    return !name.empty() && name.front() != '.' && !name.ends_with(".lock");
}

inline bool is_ref_byte(char byte) noexcept {
    return static_cast<unsigned char>(byte) > 0x20 && byte != 0x7f &&
           std::string_view("~^:?*[\\").find(byte) == std::string_view::npos;
}

/// True when `text` begins with a character that names on HFS+ are compared without: U+200C to U+200F, U+202A to
/// U+202E, U+206A to U+206F, U+FEFF.
inline bool begins_invisibly(std::string_view text) noexcept {
    const unsigned char last = text.size() < 3 ? 0 : static_cast<unsigned char>(text[2]);
    if (text.starts_with("\xe2\x80")) return (last >= 0x8c && last <= 0x8f) || (last >= 0xaa && last <= 0xae);
    if (text.starts_with("\xe2\x81")) return last >= 0xaa && last <= 0xaf;
    return text.starts_with("\xef\xbb\xbf");
}

/// `name` looks like `word`, in any case and with invisible characters anywhere.
inline bool looks_like(std::string_view name, std::string_view word) noexcept {
    for (;;) {
        while (begins_invisibly(name)) name.remove_prefix(3);
        if (name.empty() || word.empty()) return name.empty() && word.empty();
        if (lower_case(name.front()) != word.front()) return false;
        name.remove_prefix(1);
        word.remove_prefix(1);
    }
}

/// `.git` as some file system or other reads it: any case, invisible characters, the short name of Windows, trailing
/// dots and spaces, and alternate streams. git refuses all of them in a tree, whatever the system it runs on.
inline bool reads_as_dot_git(std::string_view name) noexcept {
    name = name.substr(0, name.find_first_of(":\\"));
    while (name.ends_with('.') || name.ends_with(' ')) name.remove_suffix(1);
    return looks_like(name, ".git") || looks_like(name, "git~1");
}

inline bool is_path_component(std::string_view name) noexcept {
    return !name.empty() && name != "." && name != ".." && !reads_as_dot_git(name);
}

/// A full ref name that git may be given: `refs/heads/x`, `refs/pr/3`.
inline bool is_full_ref(std::string_view ref) noexcept {
    return ref.starts_with("refs/") && ref.find('/', 5) != std::string_view::npos && is_ref_name(ref.substr(5));
}

}  // namespace detail

HUBPUSH_DECL bool is_ref_name(std::string_view name) noexcept {
    if (name.size() > 200 || name.starts_with('-') || name.starts_with("refs/") || name.ends_with('.') || name == "@")
        return false;
    if (name.find("..") != std::string_view::npos || name.find("@{") != std::string_view::npos) return false;
    return std::ranges::all_of(name, detail::is_ref_byte) && detail::all_components(name, detail::is_ref_component);
}

HUBPUSH_DECL bool is_object_id(std::string_view text) noexcept { return text.size() == 40 && is_commit_prefix(text); }

HUBPUSH_DECL bool is_commit_prefix(std::string_view text) noexcept {
    const bool hexadecimal = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return hexadecimal && text.size() >= 5 && text.size() <= 40;
}

HUBPUSH_DECL bool is_git_path(std::string_view path) noexcept {
    return path.size() <= 4096 && path.find('\0') == std::string_view::npos &&
           detail::all_components(path, detail::is_path_component);
}

}  // namespace hubpush::inline v0
