#include "reports.hpp"

#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <utility>
#include <vector>

#include "conversion.hpp"
#include "report/accounts.hpp"
#include "report/report.hpp"
#include "report/tuning.hpp"

namespace lambdapool::python {

namespace nb = nanobind;

namespace {

// A tuning whose rows come one by one.
class GrowingTuning {
 public:
  explicit GrowingTuning(bool is_local) : is_local_(is_local) {}
  nb::tuple add(int memory_mb, const report::Report& report, std::string failure) {
    rows_.push_back(report::tuned(memory_mb, report.ledger(), report.prices(), std::move(failure)));
    return nb::make_tuple(rows_.back().item_ms, rows_.back().item_cost);
  }
  Tuning tuning() const { return Tuning(rows_, is_local_); }

 private:
  std::vector<Tuned> rows_;
  bool is_local_;
};

}  // namespace

void bind_reports(nb::module_& module) {
  using report::Report;
  nb::tuple sizes = nb::tuple(nb::cast(std::vector<int>(sizes_to_tune.begin(), sizes_to_tune.end())));
  module.attr("sizes_to_tune") = sizes;
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
  nb::class_<GrowingTuning>(module, "NativeTuning")
      .def(nb::init<bool>(), nb::arg("is_local"))
      .def("add", &GrowingTuning::add, nb::arg("memory"), nb::arg("report"), nb::arg("failure"))
      .def("text", [](const GrowingTuning& self) { return text(self.tuning().text()); })
      .def("json", [](const GrowingTuning& self) { return text(self.tuning().json()); });
}

}  // namespace lambdapool::python
