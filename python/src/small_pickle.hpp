// Pickles of small and plain values, which most arguments are: for those pickle's own machinery (a buffer of
// 4 KB, a memo, hooks) is most of what they cost.
#pragma once

#include <nanobind/nanobind.h>

namespace lambdapool::python {

// As pickle.dumps(value, 5), of None, numbers, text and bytes, and of tuples, lists and dicts of such: of
// exactly these types, since a class derived from one may say itself how it is pickled. None for all else:
// what is large, nested deeply, or holds the same list or dict twice.
nanobind::object small_pickle(nanobind::handle value);

// Of the body of an outcome (docs/protocol.md) that is one item's value, and this None, a number, text or
// bytes: (the value, the seconds). None for all else, which pickle reads.
nanobind::object small_outcome(const nanobind::bytes& body);

}  // namespace lambdapool::python
