#include <hubpush/core/asio.hpp>

// No other header before the one above: that is the test.
#if defined(_GLIBCXX_HAVE_ALIGNED_ALLOC) && ASIO_VERSION < 103300 && !defined(ASIO_HAS_STD_ALIGNED_ALLOC)
#error "Asio allocates in another way here than where a standard header comes first"
#endif

#include "catch.hpp"

#include <cstdlib>

TEST_CASE("what Asio allocates and what it frees agree, whatever a unit includes first") {
    std::free(asio::aligned_new(alignof(std::max_align_t), 100));
}
