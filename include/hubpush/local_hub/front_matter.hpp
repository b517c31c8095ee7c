#pragma once

/// \file
/// The YAML at the top of a README, looked through for what no YAML reader accepts (spec/hub-http-api.md §4.8, §14.6).

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush::inline v0::detail {

/// Follows the blocks of a YAML text line by line: indentation, keys, lists, quotes and brackets. It finds the mistakes
/// that people make and accepts some texts that are none of YAML; nothing that is YAML is refused, rare forms
/// (complex keys, directives) are not looked into. The first complaint ends it, as it ends every reader.
class yaml_outline {
public:
    HUBPUSH_DECL void line(std::string_view text);
    HUBPUSH_DECL void finish();
    /// Empty while there is none.
    const std::string& complaint() const noexcept { return complaint_; }

private:
    /// What the last entry allows the next line to be.
    enum class after { nothing, empty_value, plain_text };
    class level {
    public:
        std::size_t indent = 0;
        bool list = false;
        std::set<std::string, std::less<>> keys;
    };

    HUBPUSH_DECL void complain(std::string_view what);
    HUBPUSH_DECL void entry(std::size_t indent, std::string_view text);
    HUBPUSH_DECL void list_item(std::size_t indent, std::string_view text);
    HUBPUSH_DECL void mapping_entry(std::size_t indent, std::string_view key, std::string_view value);
    HUBPUSH_DECL void lone_value(std::size_t indent, std::string_view text);
    HUBPUSH_DECL bool open_level(std::size_t indent, bool list);
    HUBPUSH_DECL void value(std::string_view text);
    HUBPUSH_DECL void scan_flow(std::string_view text);
    HUBPUSH_DECL void end_of_value(std::string_view rest);

    std::size_t number_ = 0;
    std::string complaint_;
    std::vector<level> levels_;
    after after_ = after::nothing;
    std::optional<std::size_t> block_text_;  // a text whose lines are indented more than this
    std::string open_;                       // brackets and quotes that wait for their other half
    bool given_up_ = false;
};

/// What is between a first line `---` and the next one.
class front_matter {
public:
    HUBPUSH_DECL explicit front_matter(std::string_view text);

    /// There is none, or it says nothing.
    bool missing() const noexcept { return missing_; }
    /// Why it is not YAML; empty when it is.
    const std::vector<std::string>& complaints() const noexcept { return complaints_; }

private:
    bool missing_ = true;
    std::vector<std::string> complaints_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/front_matter.ipp>
#endif
