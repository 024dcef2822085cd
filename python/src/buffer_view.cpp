#include "buffer_view.hpp"

namespace lambdapool::python {

BufferView::BufferView(const nanobind::handle& of, Access access) {
  const int flags = access == Access::write ? PyBUF_WRITABLE : PyBUF_SIMPLE;
  if (PyObject_GetBuffer(of.ptr(), &view_, flags) != 0) throw nanobind::python_error();
}

BufferView::~BufferView() { PyBuffer_Release(&view_); }

}  // namespace lambdapool::python
