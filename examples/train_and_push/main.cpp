// Trains a character-level language model and pushes every checkpoint behind the loop, in order.
//
//   train_and_push [--steps N] [--every N] [--repo USER/NAME] [--dir DIR] [--out FILE.svg]
//
// With HF_ENDPOINT (and HF_TOKEN) set the checkpoints go there; otherwise to a Hub embedded in this program, which
// keeps its repositories in DIR/hub as bare git repositories. To use hubpush in a loop of your own, read train().

#include "model.hpp"
#include "options.hpp"
#include "plot.hpp"
#include "pushes.hpp"

#include <hubpush/hubpush.hpp>
#include <hubpush/hubpush_local_hub.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

namespace fs = std::filesystem;

/// A checkpoint is a folder; hubpush reads it when its turn comes.
fs::path save_checkpoint(language_model& model, int step, float loss, const fs::path& parent) {
    const fs::path folder = parent / ("step-" + std::to_string(step));
    fs::create_directories(folder);
    hubpush::write_safetensors(folder / "model.safetensors", model.tensors(),
                               hubpush::safetensors_metadata{{"format", "pt"}});
    std::ofstream(folder / "config.json")
        << "{\"model_type\": \"character_mlp\", \"vocab_size\": " << vocabulary_size
        << ", \"context\": " << model.context << ", \"embedding_size\": " << model.embedding
        << ", \"hidden_size\": " << model.hidden << "}\n";
    std::ofstream(folder / "trainer_state.json") << "{\"global_step\": " << step << ", \"loss\": " << loss << "}\n";
    return folder;
}

std::vector<training_step> train(const example_options& options, hubpush::background& hub, checkpoint_pushes& pushes) {
    std::mt19937 random(1);
    const training_text text;
    language_model model(random);
    std::vector<training_step> steps;
    float mean_loss = 0;
    std::printf("learning from %zu characters, a checkpoint every %d of %d steps\n", text.size(), options.every,
                options.steps);
    for (int step = 1; step <= options.steps; ++step) {
        const double begin = now();
        const float loss = model.train(text.random_batch<model.samples, model.context>(random));
        steps.push_back({begin, now(), loss});
        mean_loss = step == 1 ? loss : 0.98F * mean_loss + 0.02F * loss;
        if (step % options.every == 0) {
            std::printf("step %d, loss %.3f: checkpoint queued\n", step, mean_loss);
            pushes.push(hub, options.repo_id, step,
                        save_checkpoint(model, step, mean_loss, options.folder / "checkpoints"));
        }
        pushes.report_ended();
    }
    return steps;
}

void report(const example_options& options, const std::vector<training_step>& steps,
            const std::vector<push_record>& pushes) {
    std::printf("\ncommits, in order:\n");
    for (const push_record& push : pushes) {
        std::printf("  %s  step %d\n", push.commit.empty() ? "failed" : push.commit.c_str(), push.step);
    }
    std::printf("%s\n", step_times(steps, pushes).summary().c_str());
    run_plot(steps, pushes).write(options.picture);
    std::printf("picture: %s\n", options.picture.c_str());
}

/// HF_ENDPOINT, or nothing when it is blank, as a `${HF_ENDPOINT:-}` of docker-compose can leave it: to the library
/// that is the same as unset.
std::string given_endpoint() {
    const char* const value = std::getenv("HF_ENDPOINT");
    const std::string text = value == nullptr ? "" : value;
    return text.find_first_not_of(" \t\r\n\v\f") == std::string::npos ? "" : text;
}

int run(example_options options) {
    std::optional<hubpush::local_hub_thread> embedded;
    checkpoint_pushes pushes;  // before the hub, whose thread tells it how far pushes are
    std::optional<hubpush::background> hub;
    const std::string endpoint = given_endpoint();
    if (!endpoint.empty()) {
        hub.emplace();
    } else {
        embedded.emplace(hubpush::local_hub_options(options.folder / "hub"));
        hub.emplace(hubpush::endpoint(embedded->url()), hubpush::token(embedded->token()));
    }
    if (options.repo_id.empty()) options.repo_id = hub->whoami().get().name() + "/tiny-language-model";
    hub->create_repo(options.repo_id, hubpush::exist_ok()).get();
    const std::vector<training_step> steps = train(options, *hub, pushes);
    pushes.wait_for_all();
    const auto outcome = hub->drain();
    report(options, steps, pushes.records());
    const std::string address =
        embedded ? embedded->repository_path(options.repo_id).string() : endpoint + "/" + options.repo_id;
    std::printf("git clone %s\n", address.c_str());
    return outcome ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char** words) {
    try {
        return run(example_options(count, words));
    } catch (const hubpush::error& failure) {
        std::fprintf(stderr, "train_and_push: %s - %s\n", failure.what(), failure.hint().c_str());
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "train_and_push: %s\n", failure.what());
    }
    return EXIT_FAILURE;
}
