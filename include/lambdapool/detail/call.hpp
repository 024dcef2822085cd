// What may be called, and with what. Everything that cannot work is found here, before any other template
// sees it, so that the compiler's first error is one of these sentences.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>

#include "lambdapool/codec.hpp"
#include "lambdapool/detail/carrier.hpp"
#include "lambdapool/detail/signature.hpp"

namespace lambdapool::detail {

enum class Misuse {
  none,
  std_function,
  bind,
  reference_wrapper,
  captures,
  state,
  not_callable,
  pointer,
  reference,
  parameter,
  count,
  conversion,
  borrowed_result,
  pointer_result,
  result,
};

template <class P>
constexpr Misuse parameter_misuse() {
  using T = std::remove_cvref_t<P>;
  if (std::is_pointer_v<T>) return Misuse::pointer;
  if (std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>) return Misuse::reference;
  if (!Sendable<T>) return Misuse::parameter;
  return Misuse::none;
}

template <class R>
constexpr Misuse result_misuse() {
  using T = std::remove_cvref_t<R>;
  if constexpr (std::is_void_v<T>) {
    return Misuse::none;
  } else {
    if (std::is_pointer_v<T>) return Misuse::pointer_result;
    if (std::is_same_v<T, std::string_view>) return Misuse::borrowed_result;
    if constexpr (requires { []<class U, std::size_t N>(std::span<U, N>*) {}(static_cast<T*>(nullptr)); }) {
      return Misuse::borrowed_result;
    }
    return Sendable<T> ? Misuse::none : Misuse::result;
  }
}

constexpr Misuse first_of(std::initializer_list<Misuse> found) {
  for (Misuse misuse : found) {
    if (misuse != Misuse::none) return misuse;
  }
  return Misuse::none;
}

template <class... P, class... Args>
constexpr Misuse arguments_misuse(Types<P...>, Types<Args...>) {
  if constexpr (constexpr Misuse bad = first_of({Misuse::none, parameter_misuse<P>()...});
                bad != Misuse::none) {
    return bad;
  } else if constexpr (sizeof...(P) != sizeof...(Args)) {
    return Misuse::count;
  } else {
    return (std::is_convertible_v<Args, std::remove_cvref_t<P>> && ...) ? Misuse::none : Misuse::conversion;
  }
}

template <class F>
constexpr Misuse callable_misuse() {
  if (is_std_function<F>) return Misuse::std_function;
  if (std::is_bind_expression_v<F>) return Misuse::bind;
  if (is_reference_wrapper<F>) return Misuse::reference_wrapper;
  if (std::is_class_v<F> && !Carrier<F>::possible) return Misuse::captures;
  return Misuse::none;
}

template <class F>
struct StateOf {
  using Function = F;
  using type = Types<>;
  static constexpr std::size_t count = 0;
  static constexpr Misuse misuse = Misuse::none;
};
template <class G, class... State>
struct StateOf<With<G, State...>> {
  using Function = G;
  using type = Types<State...>;
  static constexpr std::size_t count = sizeof...(State);
  static constexpr Misuse misuse = (Sendable<State> && ...) ? Misuse::none : Misuse::state;
};

template <class... P, class... State>
constexpr Misuse state_parameters_misuse(Types<P...>, Types<State...>) {
  if constexpr (sizeof...(P) != sizeof...(State)) {
    return Misuse::count;
  } else {
    const bool reference =
        ((std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>) || ...);
    if (reference) return Misuse::reference;
    return (std::is_convertible_v<const State&, P> && ...) ? Misuse::none : Misuse::conversion;
  }
}

// F called with Args: what it returns and takes, once it is known to be possible.
template <class F, class... Args>
struct CallTypes {
  using Signature = SignatureFor<F, Args...>;
  using State = StateOf<F>;

  static constexpr Misuse misuse = [] {
    if constexpr (constexpr Misuse bad =
                      first_of({State::misuse, callable_misuse<typename State::Function>()});
                  bad != Misuse::none) {
      return bad;
    } else if constexpr (!Signature::known) {
      return Misuse::not_callable;
    } else {
      using Parts = Split<State::count, Types<>, typename Signature::Parameters>;
      return first_of({state_parameters_misuse(typename Parts::front{}, typename State::type{}),
                       arguments_misuse(typename Parts::back{}, Types<Args...>{}),
                       result_misuse<typename Signature::Result>()});
    }
  }();
};

template <class F, class... Args>
struct CheckedCall {
  using Checked = CallTypes<F, Args...>;
  static constexpr Misuse misuse = Checked::misuse;

  static_assert(misuse != Misuse::std_function,
                "lambdapool: a std::function cannot travel, since nobody can see what it holds; pass the "
                "function or the lambda itself");
  static_assert(
      misuse != Misuse::bind,
      "lambdapool: a std::bind expression cannot travel; use a lambda, or lambdapool::with(f, state...)");
  static_assert(
      misuse != Misuse::reference_wrapper,
      "lambdapool: a std::ref cannot travel, since what it refers to stays here; pass the object itself");
  static_assert(
      misuse != Misuse::captures,
      "lambdapool: this lambda or function object cannot travel, since it holds a reference or something "
      "that is more than its bytes (such as a std::string); capture numbers by value, and pass other "
      "state with lambdapool::with(f, state...)");
  static_assert(
      misuse != Misuse::state,
      "lambdapool: state given to lambdapool::with has a type that cannot travel; make it an aggregate, "
      "name its members in lambdapool_fields, or specialise lambdapool::Codec (lambdapool/codec.hpp)");
  static_assert(
      misuse != Misuse::not_callable,
      "lambdapool: this cannot be called with these arguments; pass a function, a member function, a "
      "lambda or a function object that takes them");
  static_assert(
      misuse != Misuse::pointer,
      "lambdapool: a task cannot take a pointer, since what it points to stays here; take a value, a "
      "std::string, or a std::span<const T>");
  static_assert(
      misuse != Misuse::reference,
      "lambdapool: a task cannot take a non-const reference, since what it writes there would stay in "
      "the worker; take a value or a const reference, and return the result");
  static_assert(misuse != Misuse::parameter,
                "lambdapool: a parameter's type cannot travel; make it an aggregate, name its members in "
                "lambdapool_fields, or specialise lambdapool::Codec (lambdapool/codec.hpp)");
  static_assert(misuse != Misuse::count, "lambdapool: the task takes another number of arguments");
  static_assert(misuse != Misuse::conversion,
                "lambdapool: an argument does not convert to the type of the task's parameter");
  static_assert(
      misuse != Misuse::pointer_result,
      "lambdapool: a task cannot return a pointer, since what it points to stays in the worker; return "
      "a value");
  static_assert(misuse != Misuse::borrowed_result,
                "lambdapool: a task cannot return a view, since what it views stays in the worker; return a "
                "std::string or a std::vector");
  static_assert(misuse != Misuse::result,
                "lambdapool: the result's type cannot travel; make it an aggregate, name its members in "
                "lambdapool_fields, or specialise lambdapool::Codec (lambdapool/codec.hpp)");
};

template <class F, class Misused, class... Args>
struct CallOf : CheckedCall<F, Args...> {
  static constexpr bool possible = false;
  using Declared = void;
  using Parameters = Types<>;
};

template <class F, class... Args>
  requires(CallTypes<F, Args...>::misuse == Misuse::none)
struct CallOf<F, void, Args...> {
  static constexpr bool possible = true;
  using Declared = typename SignatureFor<F, Args...>::Result;
  using Parameters =
      typename Split<StateOf<F>::count, Types<>, typename SignatureFor<F, Args...>::Parameters>::back;
};

template <class F, class... Args>
using Call = CallOf<std::decay_t<F>, void, Args...>;

}  // namespace lambdapool::detail

namespace lambdapool {

// What calling F with Args returns, as a value. A call that cannot travel is a compile error here.
template <class F, class... Args>
using ResultOf = std::remove_cvref_t<typename detail::Call<F, Args...>::Declared>;

}  // namespace lambdapool
