#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "simulation.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

namespace {

/// Hits the n-th request whose method and target match, once.
auto once(model_fault what, std::string method, std::string part, int nth = 1) {
    return [=, seen = 0](const std::string& asked, const std::string& target) mutable {
        if (asked != method || target.find(part) == std::string::npos) return model_fault::none;
        return ++seen == nth ? what : model_fault::none;
    };
}

void write_two_files(simulation& world) {
    world.files->write("/run/config.json", "{\"a\":1}");
    world.files->write("/run/model.safetensors", std::string(70'000, 'w'));
}

}  // namespace

TEST_CASE("every request may fail once in every way, and the push makes exactly one commit") {
    const std::vector<model_fault> faults{model_fault::reset_before, model_fault::apply_then_reset,
                                          model_fault::apply_then_504, model_fault::status_503,
                                          model_fault::status_429};
    for (const model_fault what : faults) {
        for (int nth = 1; nth <= 5; ++nth) {
            simulation world;
            write_two_files(world);
            world.hub->fault = [what, nth, seen = 0](const std::string& method, const std::string&) mutable {
                return method != "CONNECT" && ++seen == nth ? what : model_fault::none;
            };
            const client hub = world.client();
            const commit_info info = world.run(hub.upload_folder("acme/x", "/run", message("once")));
            INFO("fault " << static_cast<int>(what) << " at request " << nth);
            CHECK(world.hub->summaries() == std::vector<std::string>{"once"});
            CHECK(info.oid == world.hub->commits.back().oid);
        }
    }
}

TEST_CASE("a commit whose answer was lost is found in the history, not sent again") {
    for (const model_fault what : {model_fault::apply_then_reset, model_fault::apply_then_504}) {
        simulation world;
        write_two_files(world);
        world.hub->fault = once(what, "POST", "/commit/");
        const client hub = world.client();
        const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
        CHECK(info.oid == world.hub->commits.back().oid);
        CHECK(world.hub->count("POST", "/commit/") == 1);
        CHECK(world.hub->count("GET", "/commits/") == 1);
    }
}

TEST_CASE(
    "a file that changes before any call: the push fails and commits nothing, or what it committed is one version") {
    const std::string before(70'000, 'w');
    const std::string after(70'000, 'v');
    std::size_t failed = 0;
    for (const std::string name : {"/run/model.safetensors", "/run/notes.txt"}) {
        for (const bool unnoticed : {false, true}) {
            for (std::size_t call = 1; call < 200; ++call) {
                simulation world;
                world.files->write(name, before);
                bool changed = false;
                world.files->before_call(call, [&] {
                    changed = true;
                    unnoticed ? world.files->write_unnoticed(name, after) : world.files->write(name, after);
                });
                const client hub = world.client();
                try {
                    world.run(hub.upload_folder("acme/x", "/run"));
                    const std::string committed = world.hub->files.begin()->second;
                    const auto names = [&](const std::string& bytes) {
                        return committed == to_hex(sha256::of(as_bytes(bytes))) ||
                               committed == to_hex(git_blob_hash::of(as_bytes(bytes)));
                    };
                    INFO(name << " changed before call " << call);
                    CHECK((names(before) || names(after)));
                } catch (const error& failure) {
                    CHECK(failure.kind() == errc::file_changed);
                    CHECK(world.hub->commits.size() == 1);
                    ++failed;
                }
                if (!changed) break;  // the push has fewer calls than that
            }
        }
    }
    CHECK(failed > 10);
}

TEST_CASE("a file that cannot be read fails the push by name, whichever call it is") {
    for (std::size_t call = 1; call < 200; ++call) {
        simulation world;
        write_two_files(world);
        world.files->fail_call(call, errc::file_unreadable);
        const client hub = world.client();
        try {
            world.run(hub.upload_folder("acme/x", "/run"));
            break;  // the push has fewer calls than that
        } catch (const error& failure) {
            CHECK(failure.kind() == errc::file_unreadable);
            CHECK(world.hub->commits.size() == 1);
        }
    }
}

TEST_CASE("a file that cannot be opened fails the push before the first request, however far back it is") {
    simulation world;
    for (int i = 0; i < 300; ++i) world.files->write("/run/" + std::to_string(i) + ".json", std::to_string(i));
    world.files->write("/run/z.json", "the last one");
    world.files->make_unreadable("/run/z.json");
    const client hub = world.client();
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::file_unreadable);
    CHECK(world.hub->requests.empty());
}

TEST_CASE("an expired link is renewed once, and only that") {
    simulation world;
    write_two_files(world);
    world.hub->fault = once(model_fault::forbid, "PUT", "/o/");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.hub->count("POST", "/objects/batch") == 2);

    simulation refused;
    write_two_files(refused);
    refused.hub->fault = [](const std::string& method, const std::string&) {
        return method == "PUT" ? model_fault::forbid : model_fault::none;
    };
    const client other = refused.client();
    CHECK(refused.error_of(other.upload_folder("acme/x", "/run")) == errc::forbidden);
    CHECK(refused.hub->count("PUT", "/o/") == 2);
    CHECK(refused.hub->commits.size() == 1);
}

TEST_CASE("after the first file that cannot be stored, no more are asked about or read") {
    simulation world;
    for (int i = 0; i < 3000; ++i)
        world.files->write("/run/" + std::to_string(i) + ".safetensors", "weights " + std::to_string(i));
    world.hub->instead = [](const model_request& request) -> std::optional<std::string> {
        if (request.method != "PUT") return std::nullopt;
        return "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
    };
    const client hub = world.client();
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::payload_too_large);
    CHECK(world.hub->count("PUT", "/o/") <= 4);
    CHECK(world.hub->count("POST", "/objects/batch") == 1);
    CHECK(world.hub->count("POST", "/preupload/") <= 3);
}

TEST_CASE("an object that did not arrive is sent once more") {
    simulation world;
    write_two_files(world);
    world.hub->corrupts_first_object = true;
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.hub->count("PUT", "/o/") == 2);
    CHECK(world.hub->objects.begin()->second == std::string(70'000, 'w'));
}

TEST_CASE("an object that the Hub has forgotten when the commit names it is sent again, and the commit too") {
    simulation world;
    write_two_files(world);
    world.hub->forgets_objects_once = true;
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run", message("once")));
    CHECK(world.hub->count("PUT", "/o/") == 2);
    CHECK(world.hub->summaries() == std::vector<std::string>{"once"});
}

TEST_CASE("a server that demands parts is refused before the first content byte") {
    simulation world;
    write_two_files(world);
    world.hub->demands_parts = true;
    const client hub = world.client();
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::no_transport);
    CHECK(world.hub->count("PUT", "") == 0);
}

TEST_CASE("more large files than one commit may name are refused before the first content byte") {
    simulation world;
    for (int i = 0; i <= 25'000; ++i) world.files->write("/run/" + std::to_string(i) + ".bin", "x" + std::to_string(i));
    const client hub = world.client();
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::limit_exceeded);
    CHECK(world.hub->count("PUT", "") == 0);
    CHECK(world.hub->count("POST", "/objects/batch") == 0);
}

TEST_CASE("more regular content than one commit may hold is refused before the first content byte") {
    simulation world;
    const std::string ten_megabytes(10'000'000, 'x');
    for (int i = 0; i <= 100; ++i) world.files->write("/run/" + std::to_string(i) + ".txt", ten_megabytes);
    world.files->write("/run/z.bin", "content that would have been sent");
    const client hub = world.client();
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::limit_exceeded);
    CHECK(world.hub->count("PUT", "") == 0);
    CHECK(world.hub->count("POST", "/commit/") == 0);
}

TEST_CASE("the token is found in the Authorization field to the Hub and nowhere else") {
    for (int nth = 1; nth <= 6; ++nth) {
        simulation world;
        write_two_files(world);
        world.hub->fault = [nth, seen = 0](const std::string& method, const std::string&) mutable {
            return method != "CONNECT" && ++seen >= nth ? model_fault::status_503 : model_fault::none;
        };
        const client hub = world.client();
        try {
            world.run(hub.upload_folder("acme/x", "/run"));
        } catch (const error& failure) {
            CHECK(describe(std::current_exception()).find(canary) == std::string::npos);
        }
        std::size_t in_fields = 0;
        for (const model_request& request : world.hub->requests) {
            const std::string field = std::string("Authorization: Bearer ") + canary;
            const bool carries = request.head.find(field) != std::string::npos;
            CHECK(carries == (request.origin == "hub"));
            in_fields += carries ? 1 : 0;
        }
        std::size_t anywhere = 0;
        for (std::size_t at = world.hub->bytes_seen.find(canary); at != std::string::npos;
             at = world.hub->bytes_seen.find(canary, at + 1)) {
            ++anywhere;
        }
        CHECK(anywhere == in_fields);
        for (const std::string& line : world.seams.log->lines()) CHECK(line.find(canary) == std::string::npos);
    }
}

TEST_CASE("a push cancelled after any number of handlers has committed, has not and says cancelled, or cannot know") {
    std::size_t cancelled_pushes = 0;
    for (int steps = 0;; ++steps) {
        simulation world;
        write_two_files(world);
        const client hub = world.client();
        asio::cancellation_signal signal;
        std::exception_ptr outcome;
        bool ended = false;
        initiate(world.context.get_executor(), hub.upload_folder("acme/x", "/run"),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure, const commit_info&) {
                     outcome = failure;
                     ended = true;
                 }));
        for (int i = 0; i < steps; ++i) world.context.poll_one();
        if (ended) break;
        asio::post(hub.get_executor(), [&] { signal.emit(asio::cancellation_type::terminal); });
        run_virtual(world.context, *world.seams.clock);
        REQUIRE(ended);
        INFO("cancelled after " << steps << " handlers");
        if (!outcome) {
            CHECK(world.hub->commits.size() == 2);
            continue;
        }
        ++cancelled_pushes;
        try {
            std::rethrow_exception(translate(outcome));
        } catch (const cancelled&) {
            CHECK(world.hub->commits.size() == 1);
        } catch (const outcome_unknown&) {
            CHECK(world.hub->count("POST", "/commit/") <= 1);  // never sent again by someone who wants to stop
        }
    }
    CHECK(cancelled_pushes > 10);
}

TEST_CASE("a push destroyed after any number of handlers leaves nothing behind") {
    for (int steps = 0; steps < 400; steps += 3) {
        simulation world;
        write_two_files(world);
        bool ended = false;
        {
            const client hub = world.client();
            initiate(world.context.get_executor(), hub.upload_folder("acme/x", "/run"),
                     [&](std::exception_ptr, const commit_info&) { ended = true; });
        }
        for (int i = 0; i < steps; ++i) world.context.poll_one();
        if (ended) break;
    }
    SUCCEED("the sanitizers saw nothing");
}
