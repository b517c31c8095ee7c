#pragma once

#include <hubpush/hub/endpoint.hpp>

#include <hubpush/core/ascii.hpp>
#include <hubpush/core/error.hpp>

#include <algorithm>
#include <array>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::string_view production_endpoint = "https://huggingface.co";
inline constexpr std::string_view staging_endpoint = "https://hub-ci.huggingface.co";
inline constexpr std::size_t longest_token = 16 * 1024;  // Hub tokens are 37 bytes, but OIDC ones are signed documents

/// §1.1: the spellings of "yes" in a variable; everything else, also an unset one, is "no".
inline bool is_truthy(environment& environment, const std::string& name) {
    std::string value = environment.get(name).value_or("");
    std::transform(value.begin(), value.end(), value.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

inline std::string_view trim(std::string_view text) { return trimmed(text, white_space); }

/// The name at the start of `text`, which follows a '$': `NAME` or `{NAME}`; with how many bytes it takes. Length 0:
/// none.
inline std::pair<std::string, std::size_t> variable_name(std::string_view text) {
    if (text.starts_with('{')) {
        const std::size_t end = text.find('}');
        if (end == std::string_view::npos) return {};
        return {std::string(text.substr(1, end - 1)), end + 1};
    }
    const auto end = std::find_if_not(text.begin(), text.end(), is_word_byte);
    const auto length = static_cast<std::size_t>(end - text.begin());
    return {std::string(text.substr(0, length)), length};
}

/// A path with `~` and `$VAR` replaced; variables that are not set stay as they are, as in a Python program.
inline std::string expand_path(environment& environment, std::string_view path) {
    std::string result;
    if (path == "~" || path.starts_with("~/")) {
        result = environment.home().value_or("~");
        path.remove_prefix(1);
    }
    while (!path.empty()) {
        const std::size_t plain = std::min(path.find('$'), path.size());
        result += path.substr(0, plain);
        path.remove_prefix(plain);
        if (path.empty()) break;
        const auto [name, length] = variable_name(path.substr(1));
        const std::optional<std::string> value = length != 0 ? environment.get(name) : std::nullopt;
        result += value ? *value : std::string(path.substr(0, length + 1));
        path.remove_prefix(length + 1);
    }
    return result;
}

/// Where the active token lies (§1.2, §1.4).
inline std::string token_path(environment& environment, bool staging) {
    if (staging) return expand_path(environment, "~/.cache/huggingface_staging/token");
    if (const auto path = environment.get("HF_TOKEN_PATH"); path && !path->empty())
        return expand_path(environment, *path);
    if (const auto home = environment.get("HF_HOME"); home && !home->empty())
        return expand_path(environment, *home + "/token");
    const auto cache = environment.get("XDG_CACHE_HOME");
    return expand_path(environment, (cache && !cache->empty() ? *cache : "~/.cache") + "/huggingface/token");
}

/// §1.3: line ends removed, white space around it removed.
inline std::string clean_token(std::string text) {
    std::erase_if(text, [](char byte) { return byte == '\r' || byte == '\n'; });
    return std::string(trim(text));
}

/// A token becomes a header field: one line of printable ASCII without spaces.
inline bool is_sendable(std::string_view token) {
    return token.size() <= longest_token && consists_of(token, is_visible_byte);
}

/// Sets the token of `settings` if `text` holds one; tells whether it did.
inline bool take_token(hub_settings& settings, const std::optional<std::string>& text, const std::string& source,
                       errc blame) {
    if (!text) return false;
    std::string cleaned = clean_token(*text);
    if (cleaned.empty()) return false;
    if (!is_sendable(cleaned)) {
        throw_error(blame, "the token from " + source + " holds characters that cannot be sent",
                    error_details().hint("put nothing but the token there").reached_server(false));
    }
    settings.token(secret(std::move(cleaned)), source);
    return true;
}

/// It comes before all other sources, and whoever sets it does not want another token (§1.3).
inline void refuse_oidc(environment& environment) {
    if (trim(environment.get("HF_OIDC_RESOURCE").value_or("")).empty()) return;
    throw_error(errc::bad_environment, "HF_OIDC_RESOURCE asks for a token by OIDC, which hubpush cannot get",
                error_details()
                    .hint("unset it and set HF_TOKEN, or pass the option token, with a token that was exchanged")
                    .reached_server(false));
}

/// §1.3: the first source that has a token.
inline void find_token(hub_settings& settings, environment& environment, bool staging) {
    if (is_truthy(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN")) return;
    refuse_oidc(environment);
    for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
        if (take_token(settings, environment.get(name), name, errc::bad_environment)) return;
    }
    const std::string path = token_path(environment, staging);
    take_token(settings, environment.read_file(path), path, errc::bad_environment);
}

/// An endpoint is an origin and perhaps a path; nothing else fits before `/api/…`.
inline hub_settings parse_endpoint(std::string_view text, const std::string& source, errc blame) {
    const std::optional<url> parsed = url::parse(trim(text));
    if (!parsed || parsed->target().find('?') != std::string::npos || text.find('#') != std::string_view::npos) {
        throw_error(blame, source + " is not the address of a Hub",
                    error_details()
                        .hint("set it to a URL such as https://hub.example.org or http://127.0.0.1:8080")
                        .reached_server(false));
    }
    std::string prefix = parsed->target();
    while (prefix.ends_with('/')) prefix.pop_back();
    return hub_settings(parsed->origin(), std::move(prefix));
}

inline hub_settings find_endpoint(environment& environment, bool staging) {
    const std::string variable(trim(environment.get("HF_ENDPOINT").value_or("")));
    if (!variable.empty()) return parse_endpoint(variable, "HF_ENDPOINT", errc::bad_environment);
    return parse_endpoint(staging ? staging_endpoint : production_endpoint, "the default", errc::internal);
}

inline std::string find_user_agent_origin(environment& environment) {
    std::string value(trim(environment.get("HF_HUB_USER_AGENT_ORIGIN").value_or("")));
    const bool printable_ascii = consists_of(value, [](char byte) { return byte == ' ' || is_visible_byte(byte); });
    if (!printable_ascii || value.size() > 200) {
        throw_error(errc::bad_environment, "HF_HUB_USER_AGENT_ORIGIN holds characters that cannot be sent",
                    error_details().reached_server(false));
    }
    return value;
}

inline void refuse_token_in_the_clear(const hub_settings& settings) {
    const bool exposed = !settings.token().empty() && !settings.origin().secure() && !settings.origin().loopback();
    if (!exposed || settings.allow_plain_http()) return;
    throw_error(
        errc::invalid_argument,
        "the token from " + settings.token_source() + " would travel unencrypted to " + settings.endpoint(),
        error_details().hint("use https, or pass allow_plain_http() if that network is trusted").reached_server(false));
}

}  // namespace detail

HUBPUSH_DECL std::optional<url> hub_settings::server_url(std::string_view text) const {
    const std::optional<url> parsed = url::parse(text);
    if (!parsed) return std::nullopt;
    static const std::array<hubpush::origin, 2> defaults{url::parse(detail::production_endpoint)->origin(),
                                                         url::parse(detail::staging_endpoint)->origin()};
    const auto is_default = [](const hubpush::origin& where) {
        return std::find(defaults.begin(), defaults.end(), where) != defaults.end();
    };
    return !is_default(origin_) && is_default(parsed->origin()) ? at(parsed->target()) : parsed;
}

HUBPUSH_DECL bool hub_settings::may_contact(const hubpush::origin& where) const {
    if (where == origin_) return true;
    if (where.loopback() && !origin_.loopback()) return false;
    if (where.secure()) return true;
    if (origin_.secure()) return false;
    return allow_plain_http_ || where.loopback() || where.host() == origin_.host();
}

HUBPUSH_DECL hub_settings resolve_settings(environment& environment, std::optional<std::string> endpoint,
                                           std::optional<secret> token, bool allow_plain_http) {
    const bool staging = detail::is_truthy(environment, "HUGGINGFACE_CO_STAGING");
    hub_settings settings = endpoint ? detail::parse_endpoint(*endpoint, "the endpoint option", errc::invalid_argument)
                                     : detail::find_endpoint(environment, staging);
    settings.allow_plain_http(allow_plain_http);
    if (token) {
        detail::take_token(settings, std::string(token->reveal()), "option", errc::invalid_argument);
    } else {
        detail::find_token(settings, environment, staging);
    }
    for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
        if (settings.offline().empty() && detail::is_truthy(environment, name)) settings.offline(name);
    }
    settings.user_agent_origin(detail::find_user_agent_origin(environment));
    detail::refuse_token_in_the_clear(settings);
    return settings;
}

}  // namespace hubpush::inline v0
