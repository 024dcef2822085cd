// send_exception: lets an exception class of your own arrive as itself.
#pragma once

#include <string>
#include <type_traits>

#include "lambdapool/codec.hpp"
#include "lambdapool/detail/exceptions.hpp"

namespace lambdapool {

// To be called in main before init, so that both sides know E. E derives from std::exception, is not
// final, and travels with its fields (see codec.hpp: `static auto lambdapool_fields(auto& self)`) or, where
// it has none, is built again from its what(). Classes not told of arrive as their standard base.
template <class E>
void send_exception() {
  static_assert(
      std::is_base_of_v<std::exception, E> && !std::is_final_v<E>,
      "lambdapool: send_exception<E>() needs a class that derives from std::exception and is not final");
  constexpr bool by_fields = Sendable<E>;
  static_assert(by_fields || std::is_constructible_v<E, const std::string&>,
                "lambdapool: send_exception<E>() needs an E with lambdapool_fields, or one that can be built "
                "from a std::string");
  detail::register_exception(
      {&typeid(E),
       [](Writer& out, const std::exception& error) {
         if constexpr (by_fields) Codec<E>::write(out, static_cast<const E&>(error));
         (void)out, (void)error;
       },
       [](Reader& in, std::vector<RemoteError::Cause> chain, std::exception_ptr nested) {
         if constexpr (by_fields) {
           E error = Codec<E>::read(in);
           detail::raise(Remote<E>(std::move(error), std::move(chain)), nested);
         } else {
           (void)in;
           E error(chain.front().what);
           detail::raise(Remote<E>(std::move(error), std::move(chain)), nested);
         }
       }});
}

}  // namespace lambdapool
