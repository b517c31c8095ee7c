#include <hubpush/hub/endpoint.hpp>

#include "catch.hpp"

#include <hubpush/core/error.hpp>

#include <map>

using namespace hubpush;

namespace {

constexpr const char* canary = "hf_canaryCANARYcanary";

class fake_environment final : public environment {
public:
    std::map<std::string, std::string> variables;
    std::map<std::string, std::string> files;
    std::optional<std::string> home_folder = "/home/alice";

    std::optional<std::string> get(const std::string& name) override { return find(variables, name); }
    std::optional<std::string> home() override { return home_folder; }
    std::optional<std::string> read_file(const std::string& path) override { return find(files, path); }

private:
    static std::optional<std::string> find(const std::map<std::string, std::string>& entries, const std::string& key) {
        const auto found = entries.find(key);
        return found == entries.end() ? std::nullopt : std::optional<std::string>(found->second);
    }
};

hub_settings resolve(std::map<std::string, std::string> variables, std::map<std::string, std::string> files = {}) {
    fake_environment environment;
    environment.variables = std::move(variables);
    environment.files = std::move(files);
    return resolve_settings(environment);
}

errc failure_of(std::map<std::string, std::string> variables, const std::string& named) {
    try {
        resolve(std::move(variables));
    } catch (const error& failure) {
        CHECK(std::string(failure.what()).find(named) != std::string::npos);
        CHECK(describe(std::current_exception()).find("canary") == std::string::npos);
        CHECK_FALSE(failure.reached_server());
        return failure.kind();
    }
    return errc::internal;
}

}  // namespace

TEST_CASE("without any setting the public Hub is used, without a token") {
    const hub_settings settings = resolve({});
    CHECK(settings.endpoint() == "https://huggingface.co");
    CHECK(settings.token().empty());
    CHECK(settings.token_source().empty());
    CHECK(settings.offline().empty());
    CHECK(settings.at("/api/whoami-v2").text() == "https://huggingface.co/api/whoami-v2");
}

TEST_CASE("the endpoint comes from HF_ENDPOINT, without slashes at its end") {
    CHECK(resolve({{"HF_ENDPOINT", "http://127.0.0.1:8080/"}}).endpoint() == "http://127.0.0.1:8080");
    CHECK(resolve({{"HF_ENDPOINT", " https://hub.corp/mirror// "}}).endpoint() == "https://hub.corp/mirror");
    CHECK(resolve({{"HF_ENDPOINT", "https://hub.corp/mirror"}}).at("/api/x").text() == "https://hub.corp/mirror/api/x");
    CHECK(resolve({{"HF_ENDPOINT", ""}}).endpoint() == "https://huggingface.co");
}

TEST_CASE("an unusable HF_ENDPOINT is named") {
    for (const char* text :
         {"hub.corp", "ftp://hub.corp", "https://", "https://user:pw@hub.corp", "https://hub.corp?x=1",
          "https://hub.corp#x", "https://hub.corp:99999", "http://[::1%eth0]"}) {
        CAPTURE(text);
        CHECK(failure_of({{"HF_ENDPOINT", text}, {"HF_TOKEN", canary}}, "HF_ENDPOINT") == errc::bad_environment);
    }
}

TEST_CASE("staging replaces the default endpoint and the place of the token, not HF_ENDPOINT") {
    const std::map<std::string, std::string> files{{"/home/alice/.cache/huggingface_staging/token", "hf_staging"},
                                                   {"/home/alice/.cache/huggingface/token", "hf_production"}};
    for (const char* yes : {"1", "on", "Yes", "TRUE"}) {
        const hub_settings settings = resolve({{"HUGGINGFACE_CO_STAGING", yes}}, files);
        CHECK(settings.endpoint() == "https://hub-ci.huggingface.co");
        CHECK(settings.token().equals("hf_staging"));
    }
    for (const char* no : {"0", "off", "", "2", "y"}) {
        CHECK(resolve({{"HUGGINGFACE_CO_STAGING", no}}, files).token().equals("hf_production"));
    }
    CHECK(resolve({{"HUGGINGFACE_CO_STAGING", "1"}, {"HF_ENDPOINT", "https://hub.corp"}}).endpoint() ==
          "https://hub.corp");
}

TEST_CASE("the first source that has a token wins, and says so") {
    struct row {
        std::map<std::string, std::string> variables;
        const char* token;
        const char* source;
    };
    const std::map<std::string, std::string> files{{"/home/alice/.cache/huggingface/token", "hf_home\n"},
                                                   {"/cache/huggingface/token", "hf_cache"},
                                                   {"/data/hf/token", "hf_data"},
                                                   {"/home/alice/hf/token", "hf_tilde"},
                                                   {"/secrets/alice/tok", "hf_path"}};
    const std::vector<row> rows{
        {{}, "hf_home", "/home/alice/.cache/huggingface/token"},
        {{{"XDG_CACHE_HOME", "/cache"}}, "hf_cache", "/cache/huggingface/token"},
        {{{"HF_HOME", "/data/hf"}, {"XDG_CACHE_HOME", "/cache"}}, "hf_data", "/data/hf/token"},
        {{{"HF_HOME", "~/hf"}}, "hf_tilde", "/home/alice/hf/token"},
        {{{"HF_HOME", "$ROOT/hf"}, {"ROOT", "/data"}}, "hf_data", "/data/hf/token"},
        {{{"HF_TOKEN_PATH", "/secrets/${WHO}/tok"}, {"WHO", "alice"}, {"HF_HOME", "/data/hf"}},
         "hf_path",
         "/secrets/alice/tok"},
        {{{"HF_TOKEN_PATH", "/nowhere/$UNSET"}}, "", ""},
        {{{"HUGGING_FACE_HUB_TOKEN", "hf_old"}}, "hf_old", "HUGGING_FACE_HUB_TOKEN"},
        {{{"HUGGING_FACE_HUB_TOKEN", "hf_old"}, {"HF_TOKEN", "hf_new"}}, "hf_new", "HF_TOKEN"},
        {{{"HF_TOKEN", " \r\n"}, {"HUGGING_FACE_HUB_TOKEN", "hf_old"}}, "hf_old", "HUGGING_FACE_HUB_TOKEN"},
        {{{"HF_TOKEN", "hf_a\r\nb \n"}}, "hf_ab", "HF_TOKEN"},
        {{{"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}, {"HF_TOKEN", "hf_new"}}, "", ""},
    };
    for (const row& each : rows) {
        const hub_settings settings = resolve(each.variables, files);
        CHECK(settings.token().reveal() == each.token);
        CHECK(settings.token_source() == each.source);
    }
}

TEST_CASE("who asks for a token by OIDC gets no other one") {
    CHECK(failure_of({{"HF_OIDC_RESOURCE", "acme/m"}, {"HF_TOKEN", canary}}, "HF_OIDC_RESOURCE") ==
          errc::bad_environment);
    CHECK(resolve({{"HF_OIDC_RESOURCE", " "}, {"HF_TOKEN", "hf_a"}}).token().reveal() == "hf_a");
    fake_environment environment;
    environment.variables = {{"HF_OIDC_RESOURCE", "acme/m"}};
    CHECK(resolve_settings(environment, std::nullopt, secret("hf_given")).token().reveal() == "hf_given");
}

TEST_CASE("a process without a home has no token file and no error") {
    fake_environment environment;
    environment.home_folder.reset();
    CHECK(resolve_settings(environment).token().empty());
}

TEST_CASE("a token that cannot be sent is refused without showing it") {
    for (const std::string& bad :
         {std::string(canary) + " x", std::string(canary) + "\x01", std::string(canary) + "\xc3\xa9",
          std::string(canary) + "\t" + canary, std::string(canary) + std::string(20'000, 'a')}) {
        CHECK(failure_of({{"HF_TOKEN", bad}}, "HF_TOKEN") == errc::bad_environment);
    }
}

TEST_CASE("a token does not travel over plain http to another machine unless that is allowed by name") {
    const std::map<std::string, std::string> remote{{"HF_ENDPOINT", "http://hub.corp"}, {"HF_TOKEN", canary}};
    CHECK(failure_of(remote, "unencrypted") == errc::invalid_argument);
    fake_environment environment;
    environment.variables = remote;
    try {
        resolve_settings(environment);
    } catch (const error& failure) {
        CHECK(failure.hint().find("allow_plain_http()") != std::string::npos);
    }
    CHECK(resolve_settings(environment, std::nullopt, std::nullopt, true).token().equals(canary));
    CHECK(resolve_settings(environment, std::nullopt, secret()).token().empty());
    for (const char* local : {"http://localhost:80", "http://127.3.4.5", "http://[::1]:8080"}) {
        environment.variables["HF_ENDPOINT"] = local;
        CHECK(resolve_settings(environment).token().equals(canary));
    }
}

TEST_CASE("options win over the environment, and an unusable one is the caller's mistake") {
    fake_environment environment;
    environment.variables = {{"HF_ENDPOINT", "https://hub.corp"}, {"HF_TOKEN", "hf_environment"}};
    const hub_settings settings = resolve_settings(environment, "https://other.corp/", secret("hf_option"));
    CHECK(settings.endpoint() == "https://other.corp");
    CHECK(settings.token().equals("hf_option"));
    CHECK(settings.token_source() == "option");
    CHECK_THROWS_AS(resolve_settings(environment, "other.corp"), invalid_argument);
    CHECK_THROWS_AS(resolve_settings(environment, std::nullopt, secret("two words")), invalid_argument);
}

TEST_CASE("offline mode names the variable that asks for it") {
    CHECK(resolve({{"HF_HUB_OFFLINE", "1"}}).offline() == "HF_HUB_OFFLINE");
    CHECK(resolve({{"TRANSFORMERS_OFFLINE", "true"}}).offline() == "TRANSFORMERS_OFFLINE");
    CHECK(resolve({{"HF_HUB_OFFLINE", "0"}}).offline().empty());
}

TEST_CASE("the origin of the user agent must be sendable") {
    CHECK(resolve({{"HF_HUB_USER_AGENT_ORIGIN", " ci "}}).user_agent_origin() == "ci");
    CHECK(failure_of({{"HF_HUB_USER_AGENT_ORIGIN", "a\nb"}}, "HF_HUB_USER_AGENT_ORIGIN") == errc::bad_environment);
}

TEST_CASE("URLs of the public Hubs lead to the endpoint when that is another one") {
    const hub_settings mirror = resolve({{"HF_ENDPOINT", "http://127.0.0.1:8080/hub"}});
    CHECK(mirror.server_url("https://huggingface.co/api/x?y=1")->text() == "http://127.0.0.1:8080/hub/api/x?y=1");
    CHECK(mirror.server_url("https://hub-ci.huggingface.co/a")->text() == "http://127.0.0.1:8080/hub/a");
    CHECK(mirror.server_url("https://huggingface.co.evil.org/a")->text() == "https://huggingface.co.evil.org/a");
    CHECK(mirror.server_url("https://cdn.huggingface.co/a")->text() == "https://cdn.huggingface.co/a");
    CHECK(mirror.server_url("http://huggingface.co/a")->text() == "http://huggingface.co/a");
    CHECK_FALSE(mirror.server_url("https://huggingface.co@evil.org/a"));
    CHECK_FALSE(mirror.server_url("file:///etc/passwd"));
    CHECK(resolve({}).server_url("https://hub-ci.huggingface.co/a")->text() == "https://hub-ci.huggingface.co/a");
}

TEST_CASE("links of the server are followed only where content may go") {
    const auto may = [](const std::string& endpoint, const std::string& link, bool allowed = false) {
        fake_environment environment;
        return resolve_settings(environment, endpoint, std::nullopt, allowed).may_contact(url::parse(link)->origin());
    };
    CHECK(may("https://hub.corp", "https://store.corp"));
    CHECK_FALSE(may("https://hub.corp", "http://store.corp"));
    CHECK_FALSE(may("https://hub.corp", "http://hub.corp"));
    CHECK_FALSE(may("https://hub.corp", "http://store.corp", true));
    CHECK_FALSE(may("https://hub.corp", "https://127.0.0.1"));
    CHECK_FALSE(may("https://hub.corp", "https://localhost"));
    CHECK(may("http://127.0.0.1:1", "http://127.0.0.1:2"));
    CHECK(may("http://127.0.0.1:1", "https://store.corp"));
    CHECK_FALSE(may("http://127.0.0.1:1", "http://store.corp"));
    CHECK(may("http://127.0.0.1:1", "http://store.corp", true));
    CHECK(may("http://hub.corp", "http://hub.corp:9000"));
    CHECK_FALSE(may("http://hub.corp", "http://store.corp"));
    CHECK_FALSE(may("http://hub.corp", "http://127.0.0.1", true));
}
