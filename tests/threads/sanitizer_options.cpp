/// The address sanitizer of g++ 12 keeps its locks across a fork. It writes down, under one of them, where memory comes
/// from: a child whose parent's threads do that just then would wait for ever at its first allocation. Here it writes
/// nothing down; ASAN_OPTIONS=malloc_context_size=30 overrides it.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "malloc_context_size=0"; }
