// expect: use of deleted function|call to deleted constructor
#include <hubpush/upload/options.hpp>

hubpush::content wrong(std::string_view borrowed) { return hubpush::content(borrowed); }
