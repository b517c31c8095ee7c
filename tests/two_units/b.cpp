#include <hubpush/hubpush.hpp>
#include <hubpush/hubpush_local_hub.hpp>

const char* version_seen_by_the_other_unit() { return HUBPUSH_VERSION; }
