// Pushes a folder in one commit and prints the commit's address. Unchanged files are not sent again.
//
//   01_push_folder USER/NAME FOLDER          with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <iostream>

int main(int count, char** words) {
    if (count != 3) return 2;
    hubpush::background hub;  // HF_TOKEN, HF_ENDPOINT
    auto job =
        hub.upload_folder(words[1], words[2], hubpush::message("epoch 3"), hubpush::ignore("*.tmp", "optimizer*"));
    try {
        std::cout << job.get().url << '\n';
    } catch (const hubpush::error& failure) {
        std::cerr << failure.what() << " - " << failure.hint() << '\n';
        return 1;
    }
}
