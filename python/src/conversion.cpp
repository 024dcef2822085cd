#include "conversion.hpp"

namespace lambdapool::python {

namespace nb = nanobind;

nb::object text(const std::string& bytes) {
  PyObject* decoded = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
  return nb::steal<nb::object>(decoded);
}

nb::tuple to_tuple(const Error& error) {
  return nb::make_tuple(static_cast<int>(error.kind), text(error.message), text(error.code),
                        text(error.request_id), error.http_status, text(error.log_tail), text(error.detail));
}

nb::tuple kinds_that_may_have_run() {
  nb::list names;
  for (int kind = 0; kind < error_kinds; ++kind)
    if (pool::may_have_run(static_cast<ErrorKind>(kind)))
      names.append(text(std::string(to_string(static_cast<ErrorKind>(kind)))));
  return nb::tuple(names);
}

nb::object range(const std::optional<pool::Batch::Chunk>& chunk) {
  if (!chunk) return nb::none();
  return nb::make_tuple(chunk->first, chunk->count);
}

nb::list ranges(const std::vector<pool::Batch::Chunk>& chunks) {
  nb::list all;
  for (const auto& chunk : chunks) all.append(nb::make_tuple(chunk.first, chunk.count));
  return all;
}

}  // namespace lambdapool::python
