// expect: use of deleted function|uses deleted function
#include <hubpush/upload/options.hpp>

hubpush::content wrong(std::string_view borrowed) { return hubpush::content(borrowed); }
