// The other unit: what users write, the way they write it. It is compiled, not run.

#include <hubpush/hubpush.hpp>
#include <hubpush/hubpush_local_hub.hpp>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

const char* version_seen_by_the_other_unit() { return HUBPUSH_VERSION; }

namespace calls {

void log(const std::string& text) { std::cout << text << '\n'; }
void train(int) {}
std::filesystem::path save(int step) { return "step-" + std::to_string(step); }
hubpush::file lower_case_name(hubpush::file f) { return f; }
std::string card;

void push_in_ten_lines() {
    hubpush::background hub;  // HF_TOKEN, HF_ENDPOINT
    auto job = hub.upload_folder("acme/tiny-bert", "runs/42", hubpush::message("epoch 3"),
                                 hubpush::ignore("*.tmp", "optimizer*"));
    std::cout << job.get().url << '\n';
}

asio::awaitable<void> on_checkpoint(hubpush::client& hub, std::filesystem::path dir) {
    try {
        auto info = co_await hub.upload_folder("acme/tiny-bert", dir, hubpush::message("nightly"));
        log("pushed " + info.oid);
    } catch (const hubpush::error& e) {
        log(std::string(e.what()) + " - " + e.hint());
    }
}

int next_to_a_training_loop() {
    hubpush::background hub;
    for (int step = 1; step <= 1000; ++step) {
        train(step);
        if (step % 100 == 0)  // returns at once, never throws for a network reason
            hub.upload_folder("acme/tiny-bert", save(step), hubpush::message("step " + std::to_string(step)));
    }
    auto outcome = hub.drain();  // every outcome, in order; nothing is lost
    std::cout << outcome.done << " pushed, " << outcome.failed << " failed\n";
    return outcome ? 0 : 1;
}

class only_weights : public hubpush::step_base {
public:
    using input_type = hubpush::file_set;  // optional; makes the error sentence exact
    asio::awaitable<hubpush::file_set> operator()(hubpush::context&, hubpush::file_set in) const {
        std::erase_if(in.files, [](const auto& f) { return f.extension() != ".safetensors"; });
        co_return in;
    }
};

asio::awaitable<void> push_weights(hubpush::client& hub) {
    auto push = hubpush::scan("ckpt") | only_weights() | hubpush::map(&lower_case_name) | hubpush::classify() |
                hubpush::transfer(hubpush::in_flight(8)) | hubpush::commit("weights");
    co_await push(hub, "acme/tiny-bert");
}

asio::awaitable<void> with_bar(hubpush::client& hub) {
    hubpush::progress bar([](const hubpush::progress_view& p) {
        std::fprintf(stderr, "\r%-9.*s %5.1f%%", int(p.phase.size()), p.phase.data(), p.percent());
    });
    co_await hub.upload_folder("acme/tiny-bert", "ckpt", std::move(bar));
}

asio::awaitable<void> one_commit(hubpush::client& hub) {
    auto info =
        co_await hub.create_commit("acme/tiny-bert", hubpush::add("README.md", hubpush::content(card)),
                                   hubpush::add("model.safetensors", std::filesystem::path("out/model.safetensors")),
                                   hubpush::remove("pytorch_model.bin"), hubpush::message("tidy up"));
    log(info.url);
}

asio::awaitable<void> save_nightly(hubpush::client& hub) {
    auto commit = co_await hub.upload_folder("user/model", "out", hubpush::message("nightly"));
    log(commit.url);
}

void bounded_patience(std::vector<std::byte> bytes) {
    hubpush::background hub(hubpush::give_up_after(20s), hubpush::close_within(1min), hubpush::queue_limit(100));
    hub.create_repo("user/model", hubpush::exist_ok(), hubpush::private_repo()).get();
    auto job = hub.upload_file("user/model", hubpush::content(std::move(bytes)), "config.json");
    try {
        job.get();
    } catch (const hubpush::error& e) {
        log(std::string(e.what()) + " - " + e.hint());
    }
    log(std::to_string(hub.drain_until(std::chrono::steady_clock::now() + 1s).remaining));
}

}  // namespace calls
