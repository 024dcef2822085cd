// lambdapool._native: see engine.hpp.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include "buffer_view.hpp"
#include "conversion.hpp"
#include "core/environment.hpp"
#include "core/named_fifo.hpp"
#include "core/toml_nesting.hpp"
#include "core/trusted_file.hpp"
#include "deploying.hpp"
#include "deployment.hpp"
#include "engine.hpp"
#include "journal.hpp"
#include "local_lambda.hpp"
#include "reports.hpp"
#include "small_pickle.hpp"
#include "streamed.hpp"

namespace nb = nanobind;

namespace {

void bind_jobs(nb::class_<lambdapool::python::Engine>& engine) {
  using lambdapool::python::Engine;
  engine
      .def("add", &Engine::add, nb::arg("job"), nb::arg("items"), nb::arg("chunksize"),
           nb::arg("lets_go") = false, nb::arg("open") = false, nb::arg("rows") = false,
           nb::arg("patient") = false, nb::arg("max_cost") = nb::none(), nb::arg("rerun_stragglers") = false)
      .def("billed", &Engine::billed, nb::arg("job"), nb::arg("first"))
      .def("over_budget", &Engine::over_budget, nb::arg("job"))
      .def("again", &Engine::again, nb::arg("job"), nb::arg("first"), nb::arg("item"), nb::arg("seconds"),
           nb::arg("out_of_memory") = false)
      .def("send_to", &Engine::send_to, nb::arg("call"), nb::arg("variant"))
      .def("name_call", &Engine::name_call, nb::arg("call"), nb::arg("name"))
      .def("output", &Engine::output)
      .def("wait_until_printed", &Engine::wait_until_printed, nb::arg("seconds"));
}

void bind_data_and_logs(nb::class_<lambdapool::python::Engine>& engine) {
  using lambdapool::python::Engine;
  engine.def("put", &Engine::put, nb::arg("name"), nb::arg("bytes"), nb::arg("hashed") = false)
      .def("fetch", &Engine::fetch, nb::arg("name"), nb::arg("into"))
      .def("get", &Engine::get, nb::arg("call"), nb::arg("offset"), nb::arg("into"))
      .def("remove", &Engine::remove, nb::arg("name"))
      .def("remove_result", &Engine::remove_result, nb::arg("call"))
      .def("url", &Engine::url, nb::arg("name"))
      .def_prop_ro("has_store", &Engine::has_store)
      .def_prop_ro("bucket", &Engine::bucket)
      .def("log_of", &Engine::log_of, nb::arg("call"))
      .def("logs_of", &Engine::logs_of, nb::arg("job"), nb::arg("calls"))
      .def("forget_log", &Engine::forget_log, nb::arg("call"))
      .def("warnings", &Engine::warnings)
      .def("wake", &Engine::wake)
      .def("terminate", &Engine::terminate)
      .def("close", &Engine::close)
      .def_prop_ro("target", &Engine::target)
      .def_prop_ro("batches", &Engine::batches);
}

// What needs no engine.
void bind_functions(nb::module_& module) {
  module.def("address_of", [](const nb::object& bytes) {
    using lambdapool::python::BufferView;
    return reinterpret_cast<std::uintptr_t>(BufferView(bytes, BufferView::Access::read).data());
  });
  module.def("small_pickle", &lambdapool::python::small_pickle, nb::arg("value").none());
  module.def("small_outcome", &lambdapool::python::small_outcome, nb::arg("body"));
  module.def("is_named_fifo", [](const nb::bytes& file) { return lambdapool::is_named_fifo(file.c_str()); });
  module.def("line_nested_too_deep", &lambdapool::line_nested_too_deep, nb::arg("toml"));
  module.attr("toml_nesting_max") = lambdapool::toml_nesting_max;
  module.def(
      "why_not_trusted",
      [](const nb::bytes& file, std::optional<std::uint32_t> trusted) -> nb::object {
        const auto checked =
            lambdapool::check_trusted(file.c_str(), lambdapool::Environment::of_this_process(), trusted);
        return checked ? nb::none() : lambdapool::python::text(checked.error().message);
      },
      nb::arg("file"), nb::arg("trusted") = nb::none());
}

}  // namespace

NB_MODULE(_native, module) {
  using lambdapool::python::Engine;
  using lambdapool::python::Settings;
  using lambdapool::python::Where;
  using optional_text = std::optional<std::string>;
  // A daemon thread that the interpreter's end froze keeps what it holds: nothing to warn of.
  nb::set_leak_warnings(false);
  module.attr("version") = LAMBDAPOOL_VERSION;
  module.attr("kinds_that_may_have_run") = lambdapool::python::kinds_that_may_have_run();
  bind_functions(module);
  lambdapool::python::bind_reports(module);
  lambdapool::python::bind_deploying(module);
  lambdapool::python::bind_deployment(module);
  lambdapool::python::bind_journal(module);
  lambdapool::python::bind_local_lambda(module);
  lambdapool::python::bind_streamed(module);
  nb::class_<Engine> engine(module, "Engine");
  engine
      .def(
          "__init__",
          [](Engine* self, std::string function, int workers, int ahead, std::string peer, std::string python,
             optional_text target, optional_text region, optional_text project, optional_text profile,
             optional_text access_key_id, optional_text secret_access_key, optional_text session_token,
             std::optional<double> function_timeout, double throttle_timeout, double network_timeout,
             double read_margin, bool idempotent, std::optional<int> retries, bool allow_http,
             std::string bucket, bool wants_output) {
            new (self) Engine(
                Settings{std::move(function), workers, ahead, std::move(peer),
                         Where{std::move(target), std::move(region), std::move(project), std::move(profile),
                               std::move(access_key_id), std::move(secret_access_key),
                               std::move(session_token), allow_http, std::move(python)},
                         function_timeout, throttle_timeout, network_timeout, read_margin, idempotent,
                         retries, std::move(bucket), wants_output});
          },
          nb::arg("function"), nb::arg("workers"), nb::kw_only(), nb::arg("ahead"), nb::arg("peer"),
          nb::arg("python"), nb::arg("target") = nb::none(), nb::arg("region") = nb::none(),
          nb::arg("project") = nb::none(), nb::arg("profile") = nb::none(),
          nb::arg("access_key_id") = nb::none(), nb::arg("secret_access_key") = nb::none(),
          nb::arg("session_token") = nb::none(), nb::arg("function_timeout") = nb::none(),
          nb::arg("throttle_timeout") = 300.0, nb::arg("network_timeout") = 120.0,
          nb::arg("read_margin") = 30.0, nb::arg("idempotent") = false, nb::arg("retries") = nb::none(),
          nb::arg("allow_http") = false, nb::arg("bucket") = "", nb::arg("wants_output") = false)
      .def("open", &Engine::open)
      .def("report", &Engine::report, nb::arg("account").none() = nb::none())
      .def("standing", &Engine::standing, nb::arg("job"), nb::arg("account").none())
      .def("extend", &Engine::extend, nb::arg("job"), nb::arg("items"))
      .def("close_job", &Engine::close_job, nb::arg("job"))
      .def("add_task", &Engine::add_task, nb::arg("job"), nb::arg("function"), nb::arg("arguments"),
           nb::arg("name") = "", nb::arg("waits") = false, nb::arg("may_share") = false)
      .def("set_code", &Engine::set_code, nb::arg("code"), nb::arg("known"))
      .def("take_back", &Engine::take_back, nb::arg("job"))
      .def("is_running", &Engine::is_running, nb::arg("job"))
      .def("wait_for", &Engine::wait_for, nb::arg("job"))
      .def("release", &Engine::release, nb::arg("job"))
      .def("next", &Engine::next)
      .def("shorten", &Engine::shorten, nb::arg("call"), nb::arg("count"))
      .def("send", &Engine::send, nb::arg("call"), nb::arg("function"), nb::arg("arguments"),
           nb::arg("code") = "", nb::arg("members") = "")
      .def("drop", &Engine::drop, nb::arg("call"))
      .def("wait", &Engine::wait, nb::arg("timeout") = nb::none())
      .def("settle", &Engine::settle, nb::arg("job"), nb::arg("first"), nb::arg("count"), nb::arg("done"),
           nb::arg("seconds") = nb::none(), nb::arg("bytes") = 0, nb::arg("before") = 0)
      .def("row_over", &Engine::row_over, nb::arg("call"), nb::arg("done"), nb::arg("seconds").none(),
           nb::arg("bytes"), nb::arg("again"))
      .def("failed", &Engine::failed, nb::arg("job"))
      .def("end", &Engine::end, nb::arg("job"), nb::arg("lets_go"));
  bind_jobs(engine);
  bind_data_and_logs(engine);
}
