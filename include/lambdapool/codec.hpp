// How values become bytes: a binary codec over numbers, enumerations, strings, containers, pair, tuple,
// optional, variant, unique_ptr, complex, chrono, aggregates, and what you add:
//
//   struct Trade { std::string symbol; double price; };          // an aggregate travels as it is
//
//   class Model {                                                // a class names its members
//    public:
//     static auto lambdapool_fields(auto& self) { return std::tie(self.weights_, self.bias_); }
//     ...
//
// and, for a type that you cannot change, a specialisation of lambdapool::Codec (codec/schema.hpp).
// As a function's parameters, std::string_view and std::span<const T> of numbers view the message itself.
#pragma once

#include "lambdapool/codec/containers.hpp"
#include "lambdapool/codec/scalars.hpp"
#include "lambdapool/codec/vocabulary.hpp"

namespace lambdapool {

template <Sendable T>
std::string encode(const T& value) {
  Writer out;
  Codec<T>::write(out, value);
  return out.take();
}

// Throws MalformedMessage.
template <Sendable T>
T decode(std::string_view bytes, Reader::Reading reading = Reader::Reading::any_time) {
  Reader in(bytes, reading);
  T value = Codec<T>::read(in);
  in.finish();
  return value;
}

}  // namespace lambdapool
