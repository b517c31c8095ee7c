#pragma once

#include <hubpush/local_hub/rate_windows.hpp>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL rate_windows::standing rate_windows::take(const std::string& key, steady_time now) {
    window& current = windows_[key];
    if (current.used == 0 || now - current.begin >= quota_.window()) {
        current.begin = now;
        current.used = 0;
    }
    standing result;
    result.allowed = current.used < quota_.count();
    if (result.allowed) ++current.used;
    result.remaining = quota_.count() - current.used;
    result.reset = std::chrono::ceil<std::chrono::seconds>(current.begin + quota_.window() - now);
    return result;
}

}  // namespace hubpush::inline v0::detail
