#include "deploying.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conversion.hpp"
#include "deploy/functions.hpp"
#include "function_request.hpp"
#include "opening.hpp"
#include "where.hpp"

namespace nb = nanobind;

namespace lambdapool::python {
namespace {

using deploy::Event;

// Hands events to a Python callable. What it raises ends the work, cleanly, and is raised after that.
class Listener {
 public:
  explicit Listener(nb::object callback) : callback_(std::move(callback)) {}

  void hear(const Event& event) {
    const nb::gil_scoped_acquire acquired;
    try {
      if (callback_.is_none() || error_) return;
      const auto kind = deploy::name_of(event.kind);
      callback_(nb::str(kind.data(), kind.size()), text(event.text), event.done, event.total,
                text(deploy::line_of(event)));
    } catch (nb::python_error& raised) {
      error_ = std::make_unique<nb::python_error>(raised);
    }
  }
  bool has_failed() const { return error_ != nullptr; }
  void rethrow() const {
    if (error_) throw nb::python_error(*error_);
  }

 private:
  nb::object callback_;
  std::unique_ptr<nb::python_error> error_;
};

nb::dict to_dict(const deploy::Function& function) {
  nb::list layers;
  for (const auto& layer : function.layers) layers.append(text(layer.arn));
  nb::dict out;
  out["name"] = text(function.name);
  out["arn"] = text(function.arn);
  out["runtime"] = text(function.runtime);
  out["architecture"] = text(function.architecture);
  out["role"] = text(function.role);
  out["description"] = text(function.description);
  out["memory"] = function.memory_mb;
  out["timeout"] = function.timeout_s;
  out["ephemeral_storage"] = function.ephemeral_mb;
  out["size"] = function.size_bytes;
  out["code_sha256"] = text(function.code_sha256);
  out["last_modified"] = text(function.last_modified);
  out["last_update_error"] = text(function.last_update_error);
  out["layers"] = layers;
  out["lambdapool_version"] = text(function.lambdapool_version);
  return out;
}

template <class Work, class Convert>
nb::tuple run(nb::object progress, const Work& work, const Convert& convert) {
  Listener listener(std::move(progress));
  Interruption interruption;
  const deploy::Events events = [&](const Event& event) { listener.hear(event); };
  const deploy::StopToken stop([&] { return listener.has_failed() || interruption.raised(); });
  decltype(work(events, stop)) result = tl::unexpected<Error>(Error());
  {
    const nb::gil_scoped_release released;
    result = work(events, stop);
  }
  listener.rethrow();
  interruption.rethrow();
  if (!result) return nb::make_tuple(nb::none(), to_tuple(result.error()));
  return nb::make_tuple(convert(*result), nb::none());
}

// The functions of one target. Each call returns (what came of it, None) or (None, the error's tuple).
class Functions {
 public:
  explicit Functions(const Where& where) : connection_(connection_to(where)) {}

  nb::tuple create(const std::string& name, const nb::dict& settings, bool exists_ok, nb::object progress) {
    const auto request = function_request(name, settings);
    return run(
        std::move(progress),
        [&](const deploy::Events& events, const deploy::StopToken& stop) {
          return deploy::judge_creation(connection_, request, stop)
              .and_then([&](const deploy::JudgedRequest& judged) {
                const auto existing = exists_ok ? deploy::Existing::leave : deploy::Existing::refuse;
                return deploy::create(connection_, judged, existing, events, stop);
              });
        },
        [](const deploy::Created& created) -> nb::object { return to_dict(created.function); });
  }

  nb::tuple update(const std::string& name, const nb::dict& settings, nb::object progress) {
    const auto request = function_request(name, settings, KeepsEnvironment::yes);
    return run(
        std::move(progress),
        [&](const deploy::Events& events, const deploy::StopToken& stop) {
          return deploy::judge_update(connection_, request, stop)
              .and_then([&](const deploy::JudgedRequest& judged) {
                return deploy::update(connection_, judged, events, stop);
              });
        },
        [](const deploy::Updated& updated) -> nb::object { return to_dict(updated.function); });
  }

  nb::tuple remove(const std::string& name, nb::object progress) {
    return run(
        std::move(progress),
        [&](const deploy::Events& events, const deploy::StopToken& stop) {
          return deploy::remove(connection_, name, events, stop);
        },
        [](const deploy::Removal&) -> nb::object { return nb::none(); });
  }

  nb::tuple list() {
    return run(
        nb::none(),
        [&](const deploy::Events&, const deploy::StopToken& stop) { return deploy::list(connection_, stop); },
        [](const std::vector<deploy::Function>& functions) -> nb::object {
          nb::list out;
          for (const auto& function : functions) out.append(to_dict(function));
          return out;
        });
  }

 private:
  deploy::Connection connection_;
};

}  // namespace

void bind_deploying(nb::module_& module) {
  using optional_text = std::optional<std::string>;
  nb::class_<Functions>(module, "Functions")
      .def(
          "__init__",
          [](Functions* self, std::string python, optional_text target, optional_text region,
             optional_text project, optional_text profile, optional_text access_key_id,
             optional_text secret_access_key, optional_text session_token, bool allow_http) {
            new (self)
                Functions(Where{std::move(target), std::move(region), std::move(project), std::move(profile),
                                std::move(access_key_id), std::move(secret_access_key),
                                std::move(session_token), allow_http, std::move(python)});
          },
          nb::kw_only(), nb::arg("python"), nb::arg("target") = nb::none(), nb::arg("region") = nb::none(),
          nb::arg("project") = nb::none(), nb::arg("profile") = nb::none(),
          nb::arg("access_key_id") = nb::none(), nb::arg("secret_access_key") = nb::none(),
          nb::arg("session_token") = nb::none(), nb::arg("allow_http") = false)
      .def("create", &Functions::create, nb::arg("name"), nb::arg("settings"), nb::arg("exists_ok"),
           nb::arg("progress").none())
      .def("update", &Functions::update, nb::arg("name"), nb::arg("settings"), nb::arg("progress").none())
      .def("remove", &Functions::remove, nb::arg("name"), nb::arg("progress").none())
      .def("list", &Functions::list);
}

}  // namespace lambdapool::python
