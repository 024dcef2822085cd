#include "streamed.hpp"

#include <algorithm>
#include <cstring>

#include "core/given_back.hpp"

namespace lambdapool::python {

namespace nb = nanobind;

namespace {

constexpr std::size_t step_bytes = std::size_t{1} << 20;  // of memory that is given back

// Writable, as a task's own arrays are.
int get_buffer(PyObject* object, Py_buffer* view, int flags) {
  std::string& bytes = nb::inst_ptr<Streamed>(nb::handle(object))->bytes();
  return PyBuffer_FillInfo(view, object, bytes.data(), static_cast<Py_ssize_t>(bytes.size()), 0, flags);
}

PyType_Slot slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)}, {0, nullptr}};

const nb::object& checked(const nb::object& view) {
  if (!nb::isinstance<Streamed>(view.attr("obj")))
    throw nb::type_error("this is no view of a streamed answer");
  return view;
}

}  // namespace

LastReading::LastReading(const nb::object& view)
    : view_(checked(view), BufferView::Access::read), given_back_(view_.data()) {}

nb::bytes LastReading::read(std::size_t most) {
  const auto bytes = left().substr(0, most);
  nb::bytes read(bytes.data(), bytes.size());
  pass(bytes.size());
  return read;
}

std::size_t LastReading::read_into(const nb::object& buffer) {
  const BufferView into(buffer, BufferView::Access::write);
  std::size_t done = 0;
  while (done < into.size() && !left().empty()) {
    const auto bytes = left().substr(0, std::min(step_bytes, into.size() - done));
    std::memcpy(into.data() + done, bytes.data(), bytes.size());
    done += bytes.size();
    pass(bytes.size());
  }
  return done;
}

nb::bytes LastReading::read_line() {
  const auto end = left().find('\n');
  return read(end == std::string_view::npos ? left().size() : end + 1);
}

void LastReading::pass(std::size_t bytes) {
  at_ += bytes;
  const char* const read = view_.data() + at_;
  if (read - given_back_ >= static_cast<std::ptrdiff_t>(step_bytes))
    given_back_ = give_back(given_back_, read);
}

void bind_streamed(nb::module_& module) {
  nb::class_<Streamed>(module, "Streamed", nb::type_slots(slots))
      .def("__len__", [](Streamed& self) { return self.bytes().size(); })
      .def("sizes", [](Streamed& self) {
        nb::list sizes;
        for (const auto size : self.buffers()) sizes.append(size);
        return sizes;
      });
  nb::class_<LastReading>(module, "LastReading")
      .def(nb::init<const nb::object&>())
      .def("read", &LastReading::read)
      .def("readinto", &LastReading::read_into)
      .def("readline", &LastReading::read_line);
}

}  // namespace lambdapool::python
