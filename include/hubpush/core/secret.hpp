#pragma once

/// \file
/// A string that cannot be printed by accident (spec/reliability.md §4, SEC03 and SEC23).

#include <hubpush/core/config.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush::inline v0 {

/// Holds a token. There is no stream operator and no conversion; `reveal()` is the only way to the text, so that a
/// search for it lists every place that could leak. The text is overwritten when the object ends. Not thread-safe.
class secret {
public:
    secret() = default;
    explicit secret(std::string text) : text_(std::move(text)) {}
    secret(const secret&) = default;
    secret(secret&& other) noexcept : text_(std::exchange(other.text_, std::string())) {}
    secret& operator=(secret other) noexcept {
        text_.swap(other.text_);
        return *this;
    }
    ~secret() { wipe(); }

    bool empty() const noexcept { return text_.empty(); }
    std::string_view reveal() const noexcept { return text_; }

    /// Takes the same time wherever the texts differ.
    friend bool operator==(const secret& left, const secret& right) noexcept { return left.equals(right.text_); }

    bool equals(std::string_view other) const noexcept {
        unsigned char difference = text_.size() == other.size() ? 0 : 1;
        const std::size_t shared = std::min(text_.size(), other.size());
        for (std::size_t i = 0; i < shared; ++i) {
            difference = static_cast<unsigned char>(
                difference | (static_cast<unsigned char>(text_[i]) ^ static_cast<unsigned char>(other[i])));
        }
        return difference == 0;
    }

    /// `text` with `***` wherever the secret stands in it. Time and memory grow with the length of `text` only, however
    /// often a server repeats the secret, and also when the secret is made of stars itself.
    std::string hidden_in(std::string text) const {
        if (text_.empty() || text.find(text_) == std::string::npos) return text;
        std::string shown;
        std::size_t begin = 0;
        for (std::size_t end; (end = text.find(text_, begin)) != std::string::npos; begin = end + text_.size()) {
            shown.append(text, begin, end - begin).append("***");
        }
        return shown.append(text, begin);
    }

private:
    void wipe() noexcept {
        volatile char* bytes = text_.data();
        for (std::size_t i = 0; i < text_.size(); ++i) bytes[i] = '\0';
    }

    std::string text_;
};

}  // namespace hubpush::inline v0
