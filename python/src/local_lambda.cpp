#include "local_lambda.hpp"

#include <nanobind/stl/string.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "target/local_lambda.hpp"

namespace nb = nanobind;

namespace lambdapool::python {
namespace {

class LocalLambda {
 public:
  LocalLambda(const std::string& home, const std::string& region, const std::string& python) {
    const nb::gil_scoped_release released;
    auto served = target::serve_local_lambda(
        {.home = home, .region = region, .environment = Environment::of_this_process(), .python = python});
    if (!served) throw std::runtime_error(served.error().message);
    served_ = std::move(*served);
  }
  ~LocalLambda() { close(); }
  LocalLambda(const LocalLambda&) = delete;
  LocalLambda& operator=(const LocalLambda&) = delete;

  // In a forked child nothing: it is the parent's, which the registry of target keeps from being destroyed
  // here.
  void close() {
    const nb::gil_scoped_release released;
    served_.reset();
  }
  std::string url() const { return running().service->endpoint().url(); }
  std::string access_key_id() const { return running().identity.access_key_id; }
  std::string secret_access_key() const { return running().identity.secret_access_key; }

 private:
  const target::LocalLambda& running() const {
    if (!served_) throw std::runtime_error("this local Lambda has ended");
    return *served_;
  }
  std::shared_ptr<target::LocalLambda> served_;
};

}  // namespace

void bind_local_lambda(nb::module_& module) {
  nb::class_<LocalLambda>(module, "LocalLambda")
      .def(nb::init<std::string, std::string, std::string>(), nb::kw_only(), nb::arg("home"),
           nb::arg("region"), nb::arg("python"))
      .def("close", &LocalLambda::close)
      .def_prop_ro("url", &LocalLambda::url)
      .def_prop_ro("access_key_id", &LocalLambda::access_key_id)
      .def_prop_ro("secret_access_key", &LocalLambda::secret_access_key);
}

}  // namespace lambdapool::python
