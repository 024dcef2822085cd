// fn<&f>: a function named by its type. Unlike a plain pointer it is found by name on the other side, not
// by its place in the executable, so it also works between two builds of one program.
#pragma once

#include <functional>
#include <utility>

namespace lambdapool {

template <auto function>
struct Fn {
  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    return std::invoke(function, std::forward<Args>(args)...);
  }
};

template <auto function>
inline constexpr Fn<function> fn{};

}  // namespace lambdapool
