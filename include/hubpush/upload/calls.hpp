#pragma once

/// \file
/// What each named call takes. The names of these types appear in the error for an option that does not belong to a
/// call.

#include <hubpush/core/options.hpp>
#include <hubpush/hub/on_conflict.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/options.hpp>
#include <hubpush/upload/progress.hpp>
#include <hubpush/upload/scan.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

struct upload_file_call {
    using takes = option_set<message, description, revision, progress, repo_type, gitignore, parent_commit, create_pr,
                             on_conflict>;
};
struct upload_folder_call {
    using takes = option_set<message, description, revision, path_in_repo, allow, ignore, progress, repo_type,
                             gitignore, delete_patterns, links_inside_only, parent_commit, create_pr, on_conflict>;
};
struct create_commit_call {
    using takes = option_set<message, description, revision, progress, repo_type, gitignore, parent_commit, create_pr,
                             on_conflict>;
};
struct create_repo_call {
    using takes = option_set<exist_ok, private_repo, repo_type, space_sdk>;
};
/// `pipeline(client, repo_id, options...)`
struct pipeline_call {
    using takes = option_set<revision, progress, repo_type, gitignore, create_pr>;
};

/// The operations of a commit, each at its place.
class operation_list {
public:
    void take(add operation) { additions_.emplace_back(std::move(operation), next_++); }
    void take(remove operation) { removals_.emplace_back(operation.path(), next_++); }

    const std::vector<placed_addition>& additions() const noexcept { return additions_; }
    const std::vector<removal>& removals() const noexcept { return removals_; }

private:
    std::uint64_t next_ = 0;
    std::vector<placed_addition> additions_;
    std::vector<removal> removals_;
};

namespace detail {

template <class Argument>
inline constexpr bool is_operation = std::is_same_v<Argument, add> || std::is_same_v<Argument, remove>;

template <class Call, class Argument, class... Arguments>
void take_argument(operation_list& operations, typename Call::takes& options, Argument argument) {
    if constexpr (is_operation<Argument>) {
        operations.take(std::move(argument));
    } else if constexpr (Call::takes::template accepts<Argument> && count_of<Argument, Arguments...> == 1) {
        options.put(std::move(argument));
    } else {
        check_option<Call, Argument, Arguments...>();
    }
}

/// Sorts the arguments of a commit into operations and options, or says which one is wrong.
template <class Call, class... Arguments>
typename Call::takes collect_operations(operation_list& operations, Arguments... arguments) {
    typename Call::takes options;
    (take_argument<Call, Arguments, Arguments...>(operations, options, std::move(arguments)), ...);
    return options;
}

}  // namespace detail

}  // namespace hubpush::inline v0
