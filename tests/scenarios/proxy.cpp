#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "proxy_environment.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"
#include "tiny_proxy.hpp"

#include <hubpush/local_hub/local_hub_thread.hpp>
#include <hubpush/queue/background.hpp>

#include <optional>
#include <string>
#include <thread>

using namespace hubpush;
using namespace hubpush_test;

namespace {

constexpr const char* canary = "hf_canaryToken0123456789";
const std::string password = "hf_canary_password";

/// A proxy with a thread of its own.
class proxy_thread {
public:
    proxy_thread() {
        initiate(context_.get_executor(), inside->run(), [](std::exception_ptr) {});
        thread_ = std::thread([this] { context_.run(); });
    }
    ~proxy_thread() { stop(); }

    std::string address() const { return "http://u:" + password + "@127.0.0.1:" + std::to_string(inside->port()); }
    /// After this its records may be read.
    void stop() {
        asio::post(context_, [this] { inside->acceptor.close(); });
        if (thread_.joinable()) thread_.join();
    }

private:
    asio::io_context context_;

public:
    std::shared_ptr<tiny_proxy> inside = std::make_shared<tiny_proxy>(context_.get_executor(), 0);

private:
    std::thread thread_;
};

struct world {
    temporary_folder folder;
    local_hub_thread hub{
        local_hub_options(folder.path() / "hub").token(hub_token("tester", secret(canary), token_role::write))};
    proxy_thread between;
    std::shared_ptr<capturing_log> log = std::make_shared<capturing_log>();
    std::filesystem::path run = folder.write("run/model.safetensors", std::string(300'000, 'w')).parent_path();

    /// Pushes a small and a large file; every connection is in the trace.
    template <class... Options>
    std::vector<trace_event> push(Options... options) {
        folder.write("run/config.json", "{}");
        background pusher(endpoint(hub.url()), token(std::string(canary)), log_to(log), std::move(options)...);
        pusher.create_repo("acme/x").get();
        CHECK(pusher.upload_folder("acme/x", run, message("step 1")).get().files_committed == 2);
        return pusher.trace();
    }
    std::size_t asked_for(const std::string& url) const {
        const std::string authority = url.substr(url.find("//") + 2);
        std::size_t count = 0;
        for (const std::string& head : between.inside->heads) {
            if (head.starts_with("CONNECT " + authority)) ++count;
        }
        return count;
    }
};

std::size_t opened(const std::vector<trace_event>& trace) {
    std::size_t count = 0;
    for (const trace_event& event : trace) {
        if (event.kind() == trace_kind::connection_opened) ++count;
        CHECK(to_string(event).find("hf_canary") == std::string::npos);
    }
    return count;
}

}  // namespace

TEST_CASE("a push whose every connection goes through a proxy, and one host that does not") {
    world test;
    proxy_environment variables;
    std::vector<trace_event> trace;
    SECTION("named by the program") {
        trace = test.push(proxy(test.between.address()));
        test.between.stop();
        CHECK(test.between.inside->heads.size() == opened(trace));
        CHECK(test.asked_for(test.hub.url()) >= 1);
        CHECK(test.asked_for(test.hub.storage_url()) >= 1);
    }
    SECTION("named by the environment") {
        variables.set("HTTP_PROXY", test.between.address());
        trace = test.push();
        test.between.stop();
        CHECK(test.between.inside->heads.size() == opened(trace));
    }
    SECTION("with one exception") {
        const std::string storage = test.hub.storage_url();
        variables.set("http_proxy", test.between.address());
        variables.set("no_proxy", storage.substr(storage.find("//") + 2));
        trace = test.push();
        test.between.stop();
        CHECK(test.asked_for(test.hub.url()) >= 1);
        CHECK(test.asked_for(storage) == 0);
        CHECK(test.between.inside->heads.size() < opened(trace));
    }
    SECTION("switched off by the program") {
        variables.set("HTTP_PROXY", "http://127.0.0.1:1");
        trace = test.push(proxy());
        test.between.stop();
        CHECK(test.between.inside->heads.empty());
    }
    for (const std::string& head : test.between.inside->heads) CHECK(head.find(canary) == std::string::npos);
    for (const std::string& line : test.log->lines()) CHECK(line.find("hf_canary") == std::string::npos);
}

TEST_CASE("a proxy that does not know the password fails the job with its name") {
    world test;
    test.between.inside->answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    background pusher(endpoint(test.hub.url()), token(std::string(canary)), log_to(test.log),
                      proxy(test.between.address()));
    try {
        pusher.create_repo("acme/x").get();
        FAIL("no error");
    } catch (const error& failure) {
        CHECK(failure.kind() == errc::proxy_failed);
        CHECK(std::string(failure.what()).find("127.0.0.1:" + std::to_string(test.between.inside->port())) !=
              std::string::npos);
        CHECK(describe(std::current_exception()).find("hf_canary") == std::string::npos);
    }
}

TEST_CASE("an unusable variable is an error before the first request") {
    proxy_environment variables;
    variables.set("HTTPS_PROXY", "socks5://u:" + password + "@h:1");
    asio::io_context context;
    CHECK_THROWS_AS(client(context.get_executor(), endpoint("https://hub.example")), error);
    const client direct(context.get_executor(), endpoint("https://hub.example"), proxy());
    CHECK(direct.trace().empty());
}
