#pragma once

#include <hubpush/local_hub/form_text.hpp>
#include <hubpush/local_hub/front_matter.hpp>

#include <algorithm>

namespace hubpush::inline v0::detail {

inline std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

inline bool is_quote(char each) noexcept { return each == '"' || each == '\''; }
inline bool is_blank_or_end(std::string_view text, std::size_t at) noexcept {
    return at >= text.size() || text[at] == ' ' || text[at] == '\t';
}

/// Where the quote that `text` begins with ends; nothing when it goes on. `''` and `\"` are no ends.
inline std::optional<std::size_t> end_of_quote(std::string_view text, char quote, std::size_t from) {
    for (std::size_t i = from; i < text.size(); ++i) {
        if (quote == '"' && text[i] == '\\') {
            ++i;
        } else if (text[i] == quote) {
            if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return i;
            ++i;
        }
    }
    return std::nullopt;
}

/// Where the `:` behind a key is; nothing when `text` has no key.
inline std::optional<std::size_t> end_of_key(std::string_view text) {
    std::size_t i = 0;
    if (!text.empty() && (text[0] == '[' || text[0] == '{')) return std::nullopt;
    if (!text.empty() && is_quote(text[0])) {
        const std::optional<std::size_t> end = end_of_quote(text, text[0], 1);
        if (!end) return std::nullopt;
        i = text.find_first_not_of(" \t", *end + 1);
        if (i == std::string_view::npos || text[i] != ':' || !is_blank_or_end(text, i + 1)) return std::nullopt;
        return i;
    }
    for (; i < text.size(); ++i) {
        if (text[i] == ':' && is_blank_or_end(text, i + 1)) return i;
        if (text[i] == '#' && i != 0 && is_blank_or_end(text, i - 1)) break;
    }
    return std::nullopt;
}

HUBPUSH_DECL void yaml_outline::complain(std::string_view what) {
    if (complaint_.empty()) complaint_ = "line " + std::to_string(number_) + ": " + std::string(what);
}

HUBPUSH_DECL void yaml_outline::line(std::string_view text) {
    ++number_;
    if (given_up_ || !complaint_.empty()) return;
    if (text.ends_with('\r')) text.remove_suffix(1);
    const std::size_t indent = std::min(text.find_first_not_of(' '), text.size());
    const std::string_view content = without_blanks(text);
    if (content.empty()) return;
    if (block_text_ && indent > *block_text_) return;
    block_text_.reset();
    if (!open_.empty()) return scan_flow(content);
    if (content.front() == '#') return;
    if (text[indent] == '\t') return complain("found a tab where the indentation must be of spaces");
    entry(indent, content);
}

HUBPUSH_DECL void yaml_outline::entry(std::size_t indent, std::string_view text) {
    if (text.starts_with("? ") || text.front() == '%') {
        given_up_ = true;
    } else if (text.front() == '-' && is_blank_or_end(text, 1)) {
        list_item(indent, text);
    } else if (const std::optional<std::size_t> colon = end_of_key(text)) {
        mapping_entry(indent, without_blanks(text.substr(0, *colon)), without_blanks(text.substr(*colon + 1)));
    } else {
        lone_value(indent, text);
    }
}

HUBPUSH_DECL void yaml_outline::list_item(std::size_t indent, std::string_view text) {
    if (!open_level(indent, true)) return;
    after_ = after::empty_value;
    const std::size_t content = text.find_first_not_of(" \t", 1);
    if (content == std::string_view::npos || text[content] == '#') return;
    entry(indent + content, text.substr(content));
}

HUBPUSH_DECL void yaml_outline::mapping_entry(std::size_t indent, std::string_view key, std::string_view text) {
    if (after_ == after::plain_text && !levels_.empty() && indent > levels_.back().indent) {
        return complain("mapping values are not allowed here");
    }
    if (!open_level(indent, false)) return;
    if (!levels_.back().keys.emplace(key).second && key != "<<") return complain("duplicated mapping key");
    value(text);
}

/// A text on lines of its own: the value of the key above, or the next line of a longer text.
HUBPUSH_DECL void yaml_outline::lone_value(std::size_t indent, std::string_view text) {
    if (levels_.empty() && text.front() == '{') return scan_flow(text);
    const bool below = !levels_.empty() && indent > levels_.back().indent;
    if (!below || after_ == after::nothing) return complain("neither a key with a value nor an item of a list");
    if (after_ == after::empty_value) value(text);
}

/// Goes back or down to the block that a line with this indentation belongs to.
HUBPUSH_DECL bool yaml_outline::open_level(std::size_t indent, bool list) {
    const bool deeper = levels_.empty() || indent > levels_.back().indent;
    while (!levels_.empty() && levels_.back().indent > indent) levels_.pop_back();
    const bool list_ended = levels_.size() > 1 && levels_.back().list && !list && levels_.back().indent == indent;
    if (list_ended && levels_[levels_.size() - 2].indent == indent) levels_.pop_back();
    const bool at_level = !levels_.empty() && levels_.back().indent == indent;
    const bool value_begins = levels_.empty() || after_ == after::empty_value;
    if (at_level && levels_.back().list == list) return true;
    const bool list_of_key = at_level && list && value_begins;  // a list may stand right below its key
    if (!list_of_key && !(deeper && value_begins)) return complain("bad indentation"), false;
    level opened;
    opened.indent = indent;
    opened.list = list;
    levels_.push_back(std::move(opened));
    return true;
}

HUBPUSH_DECL void yaml_outline::value(std::string_view text) {
    after_ = after::nothing;
    while (!text.empty() && (text.front() == '&' || text.front() == '!')) {  // a name or a type before the value
        text = without_blanks(text.substr(std::min(text.find_first_of(" \t"), text.size())));
    }
    if (text.empty() || text.front() == '#') {
        after_ = after::empty_value;
    } else if (text.front() == '|' || text.front() == '>') {
        block_text_ = levels_.back().indent;
    } else if (is_quote(text.front()) || text.front() == '[' || text.front() == '{') {
        scan_flow(text);
    } else if (std::string_view("%@`,]}").find(text.front()) != std::string_view::npos) {
        complain("a text that begins like this needs quotes");
    } else if (end_of_key(text)) {
        complain("mapping values are not allowed here");
    } else {
        after_ = after::plain_text;
    }
}

HUBPUSH_DECL void yaml_outline::scan_flow(std::string_view text) {
    char before = open_.empty() ? ',' : ' ';  // the last character that is no blank; a value begins after some only
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char each = text[i];
        if (!open_.empty() && is_quote(open_.back())) {
            const std::optional<std::size_t> end = end_of_quote(text, open_.back(), i);
            if (!end) return;
            i = *end;
            open_.pop_back();
            before = '"';
        } else if (each == '#' && (i == 0 || is_blank_or_end(text, i - 1))) {
            return;
        } else if (is_quote(each) && std::string_view("[{,: ").find(before) != std::string_view::npos) {
            open_.push_back(each);
        } else if (each == '[' || each == '{') {
            open_.push_back(each == '[' ? ']' : '}');
            before = each;
        } else if (each == ']' || each == '}') {
            if (open_.empty() || open_.back() != each) return complain("a bracket that does not fit");
            open_.pop_back();
            before = each;
        } else if (each != ' ' && each != '\t') {
            before = each;
        }
        if (open_.empty()) return end_of_value(text.substr(i + 1));
    }
}

HUBPUSH_DECL void yaml_outline::end_of_value(std::string_view rest) {
    const std::string_view left = without_blanks(rest);
    const bool comment = !left.empty() && left.front() == '#' && left.size() < rest.size();
    if (!left.empty() && !comment) complain("unexpected text behind a value");
}

HUBPUSH_DECL void yaml_outline::finish() {
    if (!given_up_ && !open_.empty()) complain("a quote or a bracket is not closed");
}

HUBPUSH_DECL front_matter::front_matter(std::string_view text) {
    static constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    yaml_outline outline;
    bool says_something = false;
    std::size_t number = 0;
    bool closed = false;
    for_each_part(text, '\n', [&](std::string_view line) {
        const bool mark = without_blanks(line) == "---" && line.starts_with("---");
        closed = closed || (number != 0 && mark) || (number == 0 && !mark);
        if (number++ == 0 || closed) return;
        const std::string_view content = without_blanks(line);
        says_something = says_something || (!content.empty() && content.front() != '#');
        outline.line(line);
    });
    missing_ = true;
    if (!closed || !says_something) return;
    outline.finish();
    missing_ = false;
    if (!outline.complaint().empty()) complaints_.push_back(outline.complaint());
}

}  // namespace hubpush::inline v0::detail
