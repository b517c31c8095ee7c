// expect: this call does not take this option
// note: OPTION_IS_NOT_TAKEN_BY_THIS_CALL<.*CALL<.*upload_file_call.*>.*OPTION<.*delete_patterns_tag
#include <hubpush/upload/calls.hpp>

auto wrong = hubpush::detail::collect_options<hubpush::upload_file_call>(hubpush::repo_type::dataset,
                                                                         hubpush::delete_patterns("*.bin"));
