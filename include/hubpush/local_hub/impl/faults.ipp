#pragma once

#include <hubpush/local_hub/faults.hpp>
#include <hubpush/local_hub/patterns.hpp>
#include <hubpush/local_hub/request_head.hpp>

namespace hubpush::inline v0 {

HUBPUSH_DECL std::string fault::name() const {
    switch (kind_) {
        case kind::reset_request:
            return "reset_request";
        case kind::stall_request:
            return "stall_request";
        case kind::answer_early:
            return "answer_early";
        case kind::answer_instead:
            return "answer_instead";
        case kind::apply_then_answer:
            return "apply_then_answer";
        case kind::apply_then_reset:
            return "apply_then_reset";
        case kind::answer_then_apply:
            return "answer_then_apply";
        case kind::cut_answer:
            return "cut_answer";
        case kind::cut_answer_reset:
            return "cut_answer_reset";
        case kind::delay_answer:
            return "delay_answer";
        case kind::drop_field:
            return "drop_field";
        case kind::store_nothing:
            return "store_nothing";
        case kind::store_flipped:
            return "store_flipped";
    }
    return "unknown";
}

HUBPUSH_DECL bool fault_rule::matches(hub_listener listener, std::string_view method, std::string_view target,
                                      const request_fields& fields) const {
    const std::string_view path = target.substr(0, target.find('?'));
    if (listener_ && *listener_ != listener) return false;
    if (!method_.empty() && method_ != method) return false;
    if (target.find(query_, path.size()) == std::string_view::npos) return false;
    const std::optional<std::string_view> field = detail::find_field(fields, header_);
    if (!header_.empty() && (!field || field->find(header_part_) == std::string_view::npos)) return false;
    if (pattern_.find_first_of("*?") == std::string::npos) return path.find(pattern_) != std::string_view::npos;
    return detail::matches_wildcards(pattern_, path, detail::wildcards::cross_slashes);
}

HUBPUSH_DECL bool fault_rule::hits(hub_listener listener, std::string_view method, std::string_view target,
                                   const request_fields& fields) {
    if (!matches(listener, method, target, fields)) return false;
    ++calls_;
    if (calls_ < first_ || calls_ > last_ || calls_ % step_ != 0) return false;
    // The draw does not depend on how the library's distributions are written: the same seed hits the same calls
    // everywhere.
    return probability_ >= 1.0 || static_cast<double>(random_() >> 11) * 0x1.0p-53 < probability_;
}

HUBPUSH_DECL void fault_plan::add(fault_rule rule) {
    const std::lock_guard lock(mutex_);
    rules_.push_back(std::move(rule));
}

HUBPUSH_DECL void fault_plan::clear() {
    const std::lock_guard lock(mutex_);
    rules_.clear();
}

HUBPUSH_DECL std::optional<fault> fault_plan::decide(hub_listener listener, std::string_view method,
                                                     std::string_view target, const request_fields& fields) {
    const std::lock_guard lock(mutex_);
    std::optional<fault> decision;
    for (fault_rule& rule : rules_) {
        if (rule.hits(listener, method, target, fields) && !decision) decision = rule.effect();
    }
    return decision;
}

}  // namespace hubpush::inline v0
