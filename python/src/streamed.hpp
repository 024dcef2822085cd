// An answer that is too large to be copied: Python reads it where it is, and its arrays stay there.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "buffer_view.hpp"

namespace lambdapool::python {

class Streamed {
 public:
  // `buffers`: the sizes of those that end the bytes.
  Streamed(std::string bytes, std::vector<std::uint64_t> buffers)
      : bytes_(std::move(bytes)), buffers_(std::move(buffers)) {}

  std::string& bytes() { return bytes_; }
  const std::vector<std::uint64_t>& buffers() const { return buffers_; }

 private:
  std::string bytes_;
  std::vector<std::uint64_t> buffers_;
};

// A stretch of a Streamed as a file that is read once: the memory behind what has been read goes back to the
// system. So an object that is made of it is there once, and not beside its bytes.
class LastReading {
 public:
  // Throws Python's TypeError for what is no view of a Streamed, of which others may know.
  explicit LastReading(const nanobind::object& view);

  nanobind::bytes read(std::size_t most);
  std::size_t read_into(const nanobind::object& buffer);
  nanobind::bytes read_line();

 private:
  std::string_view left() const { return {view_.data() + at_, view_.size() - at_}; }
  void pass(std::size_t bytes);

  const BufferView view_;
  std::size_t at_ = 0;
  const char* given_back_;  // up to where that is done
};

void bind_streamed(nanobind::module_& module);

}  // namespace lambdapool::python
