#include "plain.hpp"

namespace lambdapool::python {
namespace {

constexpr int deepest = 8;

bool is_atom(PyObject* value) {
  return value == Py_None || PyBool_Check(value) || PyLong_CheckExact(value) || PyUnicode_CheckExact(value) ||
         PyFloat_CheckExact(value) || PyBytes_CheckExact(value);
}

bool is_plain_to(PyObject* value, int depth) {
  if (is_atom(value)) return true;
  if (depth == 0) return false;
  if (PyTuple_CheckExact(value)) {
    const Py_ssize_t size = PyTuple_Size(value);
    for (Py_ssize_t i = 0; i < size; ++i) {
      if (!is_plain_to(PyTuple_GetItem(value, i), depth - 1)) return false;
    }
    return true;
  }
  if (PyList_CheckExact(value)) {
    const Py_ssize_t size = PyList_Size(value);
    for (Py_ssize_t i = 0; i < size; ++i) {
      if (!is_plain_to(PyList_GetItem(value, i), depth - 1)) return false;
    }
    return true;
  }
  if (!PyDict_CheckExact(value)) return false;
  Py_ssize_t at = 0;
  PyObject *key = nullptr, *of_key = nullptr;
  while (PyDict_Next(value, &at, &key, &of_key)) {
    if (!is_plain_to(key, depth - 1) || !is_plain_to(of_key, depth - 1)) return false;
  }
  return true;
}

}  // namespace

bool is_plain(nanobind::handle value) { return is_plain_to(value.ptr(), deepest); }

}  // namespace lambdapool::python
