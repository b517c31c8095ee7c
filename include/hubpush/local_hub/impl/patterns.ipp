#pragma once

#include <hubpush/local_hub/patterns.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace hubpush::inline v0::detail {

/// Which prefixes of the text the pattern read so far can match: one flag per length. Following all of them at once
/// takes time in proportion to pattern times text, whatever stands in a pattern that a client sent.
class wildcard_match {
public:
    wildcard_match(std::string_view text, wildcards rule) : text_(text), rule_(rule), reached_(text.size() + 1, 0) {
        reached_[0] = 1;
    }

    bool complete() const { return reached_.back() != 0; }

    /// Exactly one character that `accepts`.
    template <class Accepts>
    void one(Accepts accepts) {
        for (std::size_t i = text_.size(); i > 0; --i) {
            reached_[i] = static_cast<char>(reached_[i - 1] != 0 && accepts(text_[i - 1]));
        }
        reached_[0] = 0;
    }

    void any_one() {
        one([this](char each) { return each != '/' || rule_ == wildcards::cross_slashes; });
    }

    void any_run(bool slashes) {
        for (std::size_t i = 1; i <= text_.size(); ++i) {
            if (reached_[i - 1] != 0 && (slashes || text_[i - 1] != '/')) reached_[i] = 1;
        }
    }

    /// `**` with its slash: nothing at all, or any number of whole components.
    void any_folders() {
        bool begun = false;
        for (std::size_t i = 0; i <= text_.size(); ++i) {
            if (begun && text_[i - 1] == '/') reached_[i] = 1;
            begun = begun || reached_[i] != 0;
        }
    }

private:
    std::string_view text_;
    wildcards rule_;
    std::vector<char> reached_;
};

/// The characters between brackets: `[abc]`, `[a-z]`, `[!a]`, `[[:space:]]`.
class bracket_set {
public:
    /// Takes the set off the front of `pattern`; nothing when it has no end, so that the bracket stands for itself.
    static std::optional<bracket_set> take(std::string_view& pattern) {
        bracket_set result;
        std::size_t at = 1;
        if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) {
            result.negated_ = true;
            ++at;
        }
        const std::size_t first = at;
        while (at < pattern.size() && (pattern[at] != ']' || at == first)) at = result.add(pattern, at);
        if (at >= pattern.size()) return std::nullopt;
        pattern.remove_prefix(at + 1);
        return result;
    }

    bool contains(char each) const { return members_[static_cast<unsigned char>(each)] != negated_; }

private:
    std::size_t add(std::string_view pattern, std::size_t at) {
        static constexpr std::string_view space_class = "[:space:]";
        if (pattern.substr(at).starts_with(space_class)) {
            for (const char each : std::string_view(" \t\n\v\f\r")) add_range(each, each);
            return at + space_class.size();
        }
        if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
            add_range(pattern[at], pattern[at + 2]);
            return at + 3;
        }
        add_range(pattern[at], pattern[at]);
        return at + 1;
    }

    void add_range(char from, char to) {
        for (unsigned each = static_cast<unsigned char>(from); each <= static_cast<unsigned char>(to); ++each)
            members_[each] = true;
    }

    std::array<bool, 256> members_{};
    bool negated_ = false;
};

/// Applies the first element of `pattern` and removes it.
inline void match_element(std::string_view& pattern, wildcard_match& match, wildcards rule) {
    if (rule == wildcards::within_segment && pattern.starts_with("**/")) {
        pattern.remove_prefix(3);
        return match.any_folders();
    }
    if (pattern.front() == '*') {
        const bool slashes = rule == wildcards::cross_slashes || pattern.starts_with("**");
        pattern.remove_prefix(std::min(pattern.size(), pattern.find_first_not_of('*')));
        return match.any_run(slashes);
    }
    if (pattern.front() == '[') {
        if (const std::optional<bracket_set> set = bracket_set::take(pattern)) {
            return match.one([&set](char each) { return set->contains(each); });
        }
    }
    if (pattern.front() == '?') {
        pattern.remove_prefix(1);
        return match.any_one();
    }
    if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    const char literal = pattern.front();
    pattern.remove_prefix(1);
    match.one([literal](char each) { return each == literal; });
}

HUBPUSH_DECL bool matches_wildcards(std::string_view pattern, std::string_view text, wildcards rule) {
    wildcard_match match(text, rule);
    while (!pattern.empty()) match_element(pattern, match, rule);
    return match.complete();
}

HUBPUSH_DECL bool matches_git_pattern(std::string_view pattern, std::string_view path) {
    if (pattern.find('/') == std::string_view::npos) path.remove_prefix(path.rfind('/') + 1);
    if (pattern.starts_with('/')) pattern.remove_prefix(1);
    return matches_wildcards(pattern, path, wildcards::within_segment);
}

/// Calls `use` with each line, without its end and without what makes it a comment.
template <class Use>
void for_each_rule_line(std::string_view text, Use use) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
        if (!line.empty() && line.front() != '#') use(line);
    }
}

HUBPUSH_DECL lfs_attributes::lfs_attributes(std::string_view text) {
    for_each_rule_line(text, [this](std::string_view line) {
        std::size_t at = std::min(line.find_first_of(" \t"), line.size());
        const std::string_view pattern = line.substr(0, at);
        while (at < line.size()) {
            const std::size_t begin = std::min(line.find_first_not_of(" \t", at), line.size());
            at = std::min(line.find_first_of(" \t", begin), line.size());
            const std::string_view attribute = line.substr(begin, at - begin);
            const bool about_filter =
                attribute.starts_with("filter=") || attribute == "-filter" || attribute == "!filter";
            if (about_filter) add_rule(pattern, attribute == "filter=lfs");
        }
    });
}

HUBPUSH_DECL void lfs_attributes::add_rule(std::string_view pattern, bool lfs) {
    const verdict decided{++rule_count_, lfs};
    if (pattern.find_first_of("*?[\\") != std::string_view::npos) {
        wildcard_rules_.emplace_back(pattern, decided);
    } else if (pattern.find('/') == std::string_view::npos) {
        names_.insert_or_assign(std::string(pattern), decided);
    } else {
        paths_.insert_or_assign(std::string(pattern.substr(pattern.front() == '/' ? 1 : 0)), decided);
    }
}

HUBPUSH_DECL lfs_attributes::verdict lfs_attributes::find(const literal_rules& rules, std::string_view text) {
    const auto found = rules.find(text);
    return found == rules.end() ? verdict() : found->second;
}

HUBPUSH_DECL bool lfs_attributes::tracks(std::string_view path) const {
    const verdict by_path = find(paths_, path);
    const verdict by_name = find(names_, path.substr(path.rfind('/') + 1));
    const verdict literal = by_path.rank > by_name.rank ? by_path : by_name;
    for (auto rule = wildcard_rules_.rbegin(); rule != wildcard_rules_.rend(); ++rule) {
        const auto& [pattern, decided] = *rule;
        if (decided.rank < literal.rank) break;
        if (matches_git_pattern(pattern, path)) return decided.lfs;
    }
    return literal.lfs;
}

HUBPUSH_DECL std::string lfs_attributes::line_for(std::string_view path) {
    std::string line;
    for (const char each : path) {
        if (each == ' ') {
            line += "[[:space:]]";
            continue;
        }
        const bool special_at_front = line.empty() && std::string_view("#!\"").find(each) != std::string_view::npos;
        if (special_at_front || std::string_view("*?[\\").find(each) != std::string_view::npos) line += '\\';
        line += each;
    }
    return line + " filter=lfs diff=lfs merge=lfs -text\n";
}

HUBPUSH_DECL std::string lfs_attributes::initial_text(bool dataset) {
    static constexpr std::string_view everywhere =
        "*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz "
        "*.onnx *.ot "
        "*.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz "
        "*.wasm "
        "*.xz *.zip *.zst *tfevents*";
    static constexpr std::string_view datasets =
        " *.lz4 *.mds *.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff *.jpg *.jpeg *.webp "
        "*.mp4 *.webm";
    std::string patterns(everywhere);
    if (dataset) patterns += datasets;
    std::string text;
    std::size_t begin = 0;
    while (begin < patterns.size()) {
        const std::size_t end = std::min(patterns.find(' ', begin), patterns.size());
        text += patterns.substr(begin, end - begin) + " filter=lfs diff=lfs merge=lfs -text\n";
        begin = end + 1;
    }
    return text;
}

HUBPUSH_DECL ignore_rules::ignore_rules(std::string_view text) {
    for_each_rule_line(text, [this](std::string_view line) {
        rule next;
        next.negated = line.starts_with('!');
        if (next.negated) line.remove_prefix(1);
        next.folders_only = line.ends_with('/');
        if (next.folders_only) line.remove_suffix(1);
        next.pattern = line;
        if (!next.pattern.empty()) rules_.push_back(std::move(next));
    });
}

HUBPUSH_DECL bool ignore_rules::ignores(std::string_view path) const {
    const auto matches = [path](const rule& each) {
        if (!each.folders_only && matches_git_pattern(each.pattern, path)) return true;
        for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
            if (matches_git_pattern(each.pattern, path.substr(0, slash))) return true;
        }
        return false;
    };
    const auto last = std::find_if(rules_.rbegin(), rules_.rend(), matches);
    return last != rules_.rend() && !last->negated;
}

}  // namespace hubpush::inline v0::detail
