// What has to be the same where the library was compiled and where a program that links it is, because
// objects go from one to the other: what changes the layout of the standard library's types gives init
// another name, so that a program that differs does not link (docs/cpp.md), and what changes the layout of
// every struct does not compile.
#pragma once

#include <version>

#if defined(_GLIBCXX_DEBUG)
#define LAMBDAPOOL_COMPILED compiled_with_GLIBCXX_DEBUG
#elif defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define LAMBDAPOOL_COMPILED compiled_with_GLIBCXX_USE_CXX11_ABI_0
#elif defined(_LIBCPP_VERSION)
#define LAMBDAPOOL_COMPILED compiled_with_libcxx
#else
#define LAMBDAPOOL_COMPILED compiled_as_usual
#endif

namespace lambdapool {
namespace detail {

enum Short { short_enum };
struct Packed {
  char c;
  long l;
};
static_assert(sizeof(Short) == sizeof(int),
              "lambdapool cannot be used with -fshort-enums, which changes its types");
static_assert(sizeof(Packed) == 2 * sizeof(long),
              "lambdapool cannot be used with -fpack-struct, which changes its types");
static_assert(sizeof(wchar_t) == 4, "lambdapool cannot be used with -fshort-wchar, which changes its types");
static_assert(sizeof(long double) == 16,
              "lambdapool cannot be used with options that change long double, such as -mlong-double-64");

// In each object file that includes any header of ours, not only in main's: a reference to what the library
// defines under the name of the way in which it was compiled.
inline namespace LAMBDAPOOL_COMPILED {
extern const char library_is_the_same;
[[gnu::used]] inline const char* const needs_the_same = &library_is_the_same;
}  // namespace LAMBDAPOOL_COMPILED

}  // namespace detail
}  // namespace lambdapool
