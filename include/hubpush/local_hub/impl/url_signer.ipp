#pragma once

#include <hubpush/core/secret.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/form_text.hpp>
#include <hubpush/local_hub/url_signer.hpp>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL url_signer::url_signer(random_source& random, std::chrono::seconds life) : random_(random), life_(life) {
    for (int i = 0; i < 4; ++i) key_ += std::to_string(random_.next()) + ".";
}

HUBPUSH_DECL std::string url_signer::signature(std::string_view method, std::string_view path,
                                               std::string_view parameters) const {
    const auto digest = [this](std::string text) { return to_hex(sha256::of(as_bytes(key_ + text))); };
    return digest(digest(std::string(method) + "\n" + std::string(path) + "\n" + std::string(parameters)));
}

HUBPUSH_DECL std::string url_signer::sign(std::string_view method, std::string_view path,
                                          std::chrono::system_clock::time_point now) {
    const auto expires = std::chrono::duration_cast<std::chrono::seconds>((now + life_).time_since_epoch()).count();
    const std::string parameters = "expires=" + std::to_string(expires) + "&nonce=" + std::to_string(random_.next());
    return std::string(path) + "?" + parameters + "&signature=" + signature(method, path, parameters);
}

HUBPUSH_DECL url_signer::verdict url_signer::check(std::string_view method, std::string_view path,
                                                   std::string_view query,
                                                   std::chrono::system_clock::time_point now) const {
    static constexpr std::string_view mark = "&signature=";
    const std::size_t end = query.find(mark);
    if (end == std::string_view::npos) return verdict::invalid;
    const std::string_view parameters = query.substr(0, end);
    const secret expected(signature(method, path, parameters));
    if (!expected.equals(query.substr(end + mark.size()))) return verdict::invalid;
    const long long expires = std::stoll(form_fields(parameters).first("expires").value_or("0"));
    return now.time_since_epoch() > std::chrono::seconds(expires) ? verdict::expired : verdict::valid;
}

}  // namespace hubpush::inline v0::detail
