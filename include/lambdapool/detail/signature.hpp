// What a callable takes and returns, without calling it. Callables whose operator() is a template or
// overloaded have no signature of their own; theirs follows from the arguments.
#pragma once

#include <type_traits>

#include "lambdapool/codec/schema.hpp"
#include "lambdapool/fn.hpp"
#include "lambdapool/with.hpp"

namespace lambdapool::detail {

template <class R, class... P>
struct Signature {
  using Result = R;
  using Parameters = Types<P...>;
  static constexpr bool known = true;
};

struct NoSignature {
  static constexpr bool known = false;
};

template <class Pointer>
struct FunctionSignature : NoSignature {};
template <class R, class... P>
struct FunctionSignature<R (*)(P...)> : Signature<R, P...> {};
template <class R, class... P>
struct FunctionSignature<R (*)(P...) noexcept> : Signature<R, P...> {};

// Of a member function: the object first.
template <class Pointer>
struct MemberSignature : NoSignature {};
// NOLINTBEGIN(bugprone-macro-parentheses): qualifiers cannot be parenthesised
#define LAMBDAPOOL_MEMBER_SIGNATURE(QUALIFIERS)                                     \
  template <class R, class C, class... P>                                           \
  struct MemberSignature<R (C::*)(P...) QUALIFIERS> : Signature<R, P...> {          \
    using Class = C;                                                                \
    using WithObject = Signature<R, C, P...>;                                       \
  };                                                                                \
  template <class R, class C, class... P>                                           \
  struct MemberSignature<R (C::*)(P...) QUALIFIERS noexcept> : Signature<R, P...> { \
    using Class = C;                                                                \
    using WithObject = Signature<R, C, P...>;                                       \
  };
LAMBDAPOOL_MEMBER_SIGNATURE()
LAMBDAPOOL_MEMBER_SIGNATURE(const)
LAMBDAPOOL_MEMBER_SIGNATURE(&)
LAMBDAPOOL_MEMBER_SIGNATURE(const&)
LAMBDAPOOL_MEMBER_SIGNATURE(&&)
#undef LAMBDAPOOL_MEMBER_SIGNATURE
// NOLINTEND(bugprone-macro-parentheses)

template <class F>
concept FunctionPointer = std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;
template <class F>
concept MemberPointer = std::is_member_function_pointer_v<F>;

template <class F>
struct OwnSignature : NoSignature {};
template <FunctionPointer F>
struct OwnSignature<F> : FunctionSignature<F> {};
template <MemberPointer F>
  requires MemberSignature<F>::known
struct OwnSignature<F> : MemberSignature<F>::WithObject {};
template <class F>
  requires(std::is_class_v<F> && requires { &F::operator(); })
struct OwnSignature<F> : MemberSignature<decltype(&F::operator())> {};
template <auto function>
struct OwnSignature<Fn<function>> : OwnSignature<std::remove_const_t<decltype(function)>> {};

template <class F, class... Args>
struct DeducedSignature : NoSignature {};
template <class F, class... Args>
  requires std::is_invocable_v<F&, typename SentAs<Args>::type...>
struct DeducedSignature<F, Args...>
    : Signature<std::invoke_result_t<F&, typename SentAs<Args>::type...>, typename SentAs<Args>::type...> {};

// The signature with which F is called for these arguments.
template <class F, class... Args>
struct SignatureFor : DeducedSignature<F, Args...> {};
template <class F, class... Args>
  requires OwnSignature<F>::known
struct SignatureFor<F, Args...> : OwnSignature<F> {};

// with(f, state...): f's signature, whose first parameters are the state.
template <class G, class... State, class... Args>
struct SignatureFor<With<G, State...>, Args...> : SignatureFor<G, State..., Args...> {};

// Splits a list after its first N.
template <std::size_t N, class Front, class Back>
struct Split;
template <class... Front, class... Back>
struct Split<0, Types<Front...>, Types<Back...>> {
  using front = Types<Front...>;
  using back = Types<Back...>;
};
template <std::size_t N, class... Front>
  requires(N > 0)
struct Split<N, Types<Front...>, Types<>> {  // too few: everything is front
  using front = Types<Front...>;
  using back = Types<>;
};
template <std::size_t N, class... Front, class Next, class... Back>
  requires(N > 0)
struct Split<N, Types<Front...>, Types<Next, Back...>> : Split<N - 1, Types<Front..., Next>, Types<Back...>> {
};

}  // namespace lambdapool::detail
