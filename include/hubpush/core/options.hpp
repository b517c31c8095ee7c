#pragma once

/// \file
/// Named, order-free options that the compiler checks: a call lists what it takes, and anything else is one error that
/// names the option and the call (design.md §3).

#include <hubpush/core/config.hpp>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

template <class Type>
struct CALL {};
template <class Type>
struct OPTION {};
template <class Call, class Option>
inline constexpr bool OPTION_IS_NOT_TAKEN_BY_THIS_CALL = false;
template <class Call, class Option>
inline constexpr bool OPTION_IS_GIVEN_TWICE = false;

template <class Option, class... Options>
inline constexpr std::size_t count_of = (std::size_t{0} + ... + (std::is_same_v<Option, Options> ? 1 : 0));

}  // namespace detail

/// The options a call takes, each at most once: `using takes = option_set<message, revision>;`.
template <class... Options>
class option_set {
public:
    template <class Option>
    static constexpr bool accepts = detail::count_of<Option, Options...> == 1;

    template <class Option>
    void put(Option option) {
        std::get<std::optional<Option>>(values_) = std::move(option);
    }

    /// Puts every option that `given`, the set of another call, holds and this one accepts.
    template <class... Others>
    void put_from(const option_set<Others...>& given) {
        (put_one_from<Options>(given), ...);
    }

    /// The option, or nothing when it was not given.
    template <class Option>
    const std::optional<Option>& get() const noexcept {
        return std::get<std::optional<Option>>(values_);
    }

    /// The option, or what it would be without arguments.
    template <class Option>
    Option get_or_default() const {
        const std::optional<Option>& given = get<Option>();
        return given ? *given : Option();
    }

private:
    template <class Option, class Others>
    void put_one_from(const Others& given) {
        if constexpr (Others::template accepts<Option>) {
            if (given.template get<Option>()) put(*given.template get<Option>());
        }
    }

    std::tuple<std::optional<Options>...> values_;
};

namespace detail {

template <class Call, class... Given>
constexpr bool options_are_right() {
    constexpr bool known = (Call::takes::template accepts<Given> && ...);
    constexpr bool once = ((count_of<Given, Given...> == 1) && ...);
    return known && once;
}

template <class Call, class Option, class... Given>
constexpr void check_option() {
    if constexpr (!Call::takes::template accepts<Option>) {
        static_assert(OPTION_IS_NOT_TAKEN_BY_THIS_CALL<CALL<Call>, OPTION<Option>>,
                      "hubpush: this call does not take this option");
    } else if constexpr (count_of<Option, Given...> != 1) {
        static_assert(OPTION_IS_GIVEN_TWICE<CALL<Call>, OPTION<Option>>, "hubpush: this option is given twice");
    }
}

/// Turns the arguments of a call into its option set, or says which argument is wrong.
template <class Call, class... Given>
typename Call::takes collect_options(Given... given) {
    typename Call::takes result;
    if constexpr (options_are_right<Call, Given...>()) {
        (result.put(std::move(given)), ...);
    } else {
        (check_option<Call, Given, Given...>(), ...);
    }
    return result;
}

}  // namespace detail

}  // namespace hubpush::inline v0
