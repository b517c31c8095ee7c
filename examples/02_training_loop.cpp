// Pushes checkpoints next to a training loop. Queuing one takes microseconds and never throws for a network reason;
// they are pushed in order; drain() tells what became of each.
//
//   02_training_loop USER/NAME               with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

namespace fs = std::filesystem;

void train(int) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }  // yours

/// Every checkpoint has a folder of its own: a folder is read when its job runs, not when it is queued.
fs::path save(int step) {
    const fs::path folder = fs::temp_directory_path() / "hubpush_training_loop" / std::to_string(step);
    fs::create_directories(folder);
    std::ofstream(folder / "trainer_state.json") << "{\"global_step\": " << step << "}\n";
    return folder;
}

int main(int count, char** words) {
    if (count != 2) return 2;
    hubpush::background hub;
    for (int step = 1; step <= 1000; ++step) {
        train(step);
        if (step % 100 == 0) {
            hub.upload_folder(words[1], save(step), hubpush::message("step " + std::to_string(step)));
        }
    }
    auto outcome = hub.drain();  // every outcome, in order; nothing is lost
    for (const auto& each : outcome.outcomes) {
        std::cout << each.name() << ": " << (each ? each.result() : hubpush::describe(each.failure())) << '\n';
    }
    std::cout << outcome.done << " pushed, " << outcome.failed << " failed\n";
    return outcome ? 0 : 1;
}
