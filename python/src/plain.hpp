// What pickles without anybody's code.
#pragma once

#include <nanobind/nanobind.h>

namespace lambdapool::python {

// Whether a value is None, a number, a string or bytes, or a tuple, list or dict of such, not nested deeply:
// of exactly these types, since a class derived from one may say itself how it is pickled.
bool is_plain(nanobind::handle value);

}  // namespace lambdapool::python
