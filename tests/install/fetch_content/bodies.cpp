// The bodies of hubpush, once for the whole program.

#include <hubpush/src.hpp>
#include <hubpush/src_local_hub.hpp>
