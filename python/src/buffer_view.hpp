// Bytes of Python's, where they are.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>

namespace lambdapool::python {

// A contiguous view of something of Python's, which stays as it is meanwhile.
class BufferView {
 public:
  enum class Access { read, write };
  // Throws what Python raises for what is no such buffer.
  BufferView(const nanobind::handle& of, Access access);
  ~BufferView();
  BufferView(const BufferView&) = delete;
  BufferView& operator=(const BufferView&) = delete;
  char* data() const { return static_cast<char*>(view_.buf); }
  std::size_t size() const { return static_cast<std::size_t>(view_.len); }

 private:
  Py_buffer view_{};
};

}  // namespace lambdapool::python
