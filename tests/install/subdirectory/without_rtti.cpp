// A program without run-time type information: its errors still have types.

#include <hubpush/hubpush.hpp>

#include <iostream>

int main() {
    hubpush::background hub(hubpush::endpoint("http://127.0.0.1:1"), hubpush::token("hf_canary_consumer"));
    try {
        hub.upload_file("not a repository", hubpush::content("text"), "notes.md").get();
    } catch (const hubpush::invalid_argument& failure) {
        std::cout << failure.what() << " - " << failure.hint() << '\n';
        return 0;
    }
    return 1;
}
