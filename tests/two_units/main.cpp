// Two translation units include everything and are linked: whatever is not inline would be defined twice.

#include <hubpush/hubpush.hpp>
#include <hubpush/hubpush_local_hub.hpp>

#include <cstdio>

const char* version_seen_by_the_other_unit();

int main() { return std::puts(version_seen_by_the_other_unit()) < 0; }
