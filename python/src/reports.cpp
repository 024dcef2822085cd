#include "reports.hpp"

#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <string>

#include "conversion.hpp"
#include "report/accounts.hpp"
#include "report/report.hpp"

namespace lambdapool::python {

namespace nb = nanobind;

void bind_reports(nb::module_& module) {
  using report::Report;
  nb::class_<report::Account>(module, "Account").def(nb::init<>());  // of nothing
  nb::class_<Report>(module, "NativeReport")
      .def("text", [](const Report& self) { return text(self.text()); })
      .def("json", [](const Report& self) { return text(self.json()); })
      .def("html", [](const Report& self) { return text(self.html()); })
      .def("trace", [](const Report& self) { return text(self.trace()); })
      .def("save", [](const Report& self, const std::string& path) -> nb::object {
        const auto saved = self.save(path);
        return saved ? nb::none() : nb::object(to_tuple(saved.error()));
      });
}

}  // namespace lambdapool::python
