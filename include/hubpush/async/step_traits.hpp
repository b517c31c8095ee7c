#pragma once

/// \file
/// What the compiler can find out about a step, and the sentences it says when steps do not fit. The UPPER_CASE names
/// are text: they appear in error messages, with the guilty types as their arguments (style/anchors.md recs. 2 and 3).

#include <hubpush/async/stream.hpp>
#include <hubpush/async/task.hpp>

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// The base of every step: what `operator|` looks for.
class step_base {};

/// Anything that may stand in a pipeline.
template <class Candidate>
concept step = std::derived_from<std::remove_cvref_t<Candidate>, step_base>;

/// All items of a stream at once. A step that takes one is a barrier.
template <class Item>
class set_of {
public:
    set_of() = default;
    explicit set_of(std::vector<Item> items) : files(std::move(items)) {}

    std::vector<Item> files;
};

template <class Head, class... Tail>
class pipeline;

namespace detail {

/// What a mistake gives, as a step and as a task: it swallows every further `|`, call and `co_await`, so that one
/// mistake is one error.
class poisoned : public step_base, public task<poisoned> {
public:
    template <class... Arguments>
    poisoned operator()(Arguments&&...) const;
};

template <class Value>
inline constexpr bool is_set = false;
template <class Item>
inline constexpr bool is_set<set_of<Item>> = true;

template <class Candidate>
inline constexpr bool is_pipeline = false;
template <class Head, class... Tail>
inline constexpr bool is_pipeline<pipeline<Head, Tail...>> = true;

/// The type of one item of a value: a set's element, anything else itself.
template <class Value>
struct item_of {
    using type = Value;
};
template <class Item>
struct item_of<set_of<Item>> {
    using type = Item;
};

struct nothing {};

/// One value in, one value out; `In` is `nothing` for a source.
template <class In, class Out>
struct whole_call {
    static constexpr bool streaming = false;
    static constexpr bool source = std::same_as<In, nothing>;
    using takes = In;
    using gives = Out;
    using item_in = typename item_of<In>::type;
    using item_out = typename item_of<Out>::type;
    using gathered = Out;
};

/// Items as they come.
template <class In, class Out>
struct streaming_call {
    static constexpr bool streaming = true;
    static constexpr bool source = std::same_as<In, nothing>;
    using takes = stream<In>;
    using gives = stream<Out>;
    using item_in = In;
    using item_out = Out;
    using gathered = set_of<Out>;
};

template <class Member>
struct call_signature {};
template <class Step, class Context, class Out>
struct call_signature<task<Out> (Step::*)(Context&) const> : whole_call<nothing, Out> {};
template <class Step, class Context, class In, class Out>
struct call_signature<task<Out> (Step::*)(Context&, In) const> : whole_call<std::remove_cvref_t<In>, Out> {};
template <class Step, class Context, class Out>
struct call_signature<task<void> (Step::*)(Context&, stream<Out>&) const> : streaming_call<nothing, Out> {};
template <class Step, class Context, class In, class Out>
struct call_signature<task<void> (Step::*)(Context&, stream<In>&, stream<Out>&) const> : streaming_call<In, Out> {};

/// How a step is called: what it says itself (`using call`), else what its only call operator says.
template <class Step>
struct call_of {};
template <class Step>
    requires requires { typename Step::call; }
struct call_of<Step> : Step::call {};
template <class Step>
    requires(
        !requires { typename Step::call; } && requires { &Step::operator(); })
struct call_of<Step> : call_signature<decltype(&Step::operator())> {};

template <class Candidate>
concept callable_step = step<Candidate> && requires { typename call_of<Candidate>::gives; };

template <class Candidate>
concept source_step = callable_step<Candidate> && call_of<Candidate>::source;

template <class Candidate>
concept whole_value_step = callable_step<Candidate> && !call_of<Candidate>::streaming;

template <class Step>
using item_given_by = typename call_of<Step>::item_out;

/// A step that takes whatever comes: behind a step that gives items of this type it becomes `behind<Item>()`.
template <class Candidate, class Item>
concept adapting_step = step<Candidate> && requires(const Candidate& candidate) {
    { candidate.template behind<Item>() } -> callable_step;
};

struct THIS_STEP_HAS_NO_USABLE_CALL_OPERATOR {};

template <class Step>
struct given {
    using type = THIS_STEP_HAS_NO_USABLE_CALL_OPERATOR;
};
template <callable_step Step>
struct given<Step> {
    using type = typename call_of<Step>::gives;
};
template <class Step>
struct taken {
    using type = THIS_STEP_HAS_NO_USABLE_CALL_OPERATOR;
};
template <callable_step Step>
struct taken<Step> {
    using type = typename call_of<Step>::takes;
};
template <class Step>
using given_by = typename given<Step>::type;
template <class Step>
using taken_by = typename taken<Step>::type;

template <class Left, class Right>
constexpr bool check_fit() {
    if constexpr (callable_step<Left> && callable_step<Right>) {
        return std::same_as<typename call_of<Left>::item_out, typename call_of<Right>::item_in>;
    } else {
        return false;
    }
}
template <class Left, class Right>
inline constexpr bool steps_fit = check_fit<Left, Right>();

/// A function of one argument: what it takes, what it gives, and whether it is a coroutine.
template <class In, class Out>
struct plain_function {
    using input = std::remove_cvref_t<In>;
    using output = Out;
    static constexpr bool asynchronous = false;
};
template <class In, class Out>
struct plain_function<In, task<Out>> {
    using input = std::remove_cvref_t<In>;
    using output = Out;
    static constexpr bool asynchronous = true;
};

template <class Member>
struct member_function {};
template <class Class, class In, class Out>
struct member_function<Out (Class::*)(In) const> : plain_function<In, Out> {};
template <class Class, class In, class Out>
struct member_function<Out (Class::*)(In) const noexcept> : plain_function<In, Out> {};

template <class Function>
struct function_of {};
template <class Function>
    requires requires { &Function::operator(); }
struct function_of<Function> : member_function<decltype(&Function::operator())> {};
template <class In, class Out>
struct function_of<Out (*)(In)> : plain_function<In, Out> {};
template <class In, class Out>
struct function_of<Out (*)(In) noexcept> : plain_function<In, Out> {};

template <class Function>
concept function_of_one_item =
    requires { typename function_of<Function>::output; } && !std::is_void_v<typename function_of<Function>::output>;

template <class Function>
concept watcher_of_one_item = requires { typename function_of<Function>::input; } &&
                              std::invocable<const Function&, const typename function_of<Function>::input&>;

template <class Function>
constexpr bool returns_a_task() {
    if constexpr (function_of_one_item<Function>) {
        return function_of<Function>::asynchronous;
    } else {
        return false;
    }
}

template <class Type>
struct LEFT {};
template <class Type>
struct RIGHT {};
template <class Type>
struct GIVES {};
template <class Type>
struct TAKES {};
template <class Type>
struct FUNCTION {};
template <class Type>
struct STEP {};
template <class Type>
struct POLICY {};
template <class Type>
struct ARGUMENT {};

template <class Left, class Gives, class Right, class Takes>
inline constexpr bool STEPS_DO_NOT_FIT = false;
template <class Side>
inline constexpr bool NOT_A_STEP = false;
template <class Side>
inline constexpr bool PIPELINE_ON_THE_RIGHT = false;
template <class Side>
inline constexpr bool DOES_NOT_BEGIN_WITH_A_SOURCE = false;
template <class Function>
inline constexpr bool HAS_ONE_PLAIN_PARAMETER = false;
template <function_of_one_item Type>
inline constexpr bool HAS_ONE_PLAIN_PARAMETER<FUNCTION<Type>> = true;
template <class Function>
inline constexpr bool TAKES_ONE_ITEM_BY_CONST_REFERENCE = false;
template <watcher_of_one_item Type>
inline constexpr bool TAKES_ONE_ITEM_BY_CONST_REFERENCE<FUNCTION<Type>> = true;
template <class Step>
inline constexpr bool TAKES_AND_GIVES_A_WHOLE_VALUE = false;
template <class Type>
inline constexpr bool IS_A_TASK_OR_ONE_STEP = false;
template <class... Types>
inline constexpr bool ALL_ARE_TASKS = false;
template <class... Types>
inline constexpr bool IS_A_COMPLETION_TOKEN = false;
template <class Policy>
inline constexpr bool DECIDES_ABOUT_RETRIES = false;
template <class Function>
inline constexpr bool RETURNS_A_TASK = false;
template <class Type>
    requires(returns_a_task<Type>())
inline constexpr bool RETURNS_A_TASK<FUNCTION<Type>> = true;

}  // namespace detail

}  // namespace hubpush::inline v0
