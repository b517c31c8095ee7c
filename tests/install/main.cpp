// What a program in another project does: include the umbrella header and use something that needs every dependency.

#include <hubpush/hubpush.hpp>

#include <cstdio>

int main() {
    try {
        hubpush::background hub(hubpush::endpoint("http://127.0.0.1:1"), hubpush::token("none"));
        return hub.drain() ? 0 : 1;
    } catch (const hubpush::error& failure) {
        std::puts(failure.what());
        return 1;
    }
}
