#include "deployment.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <string>
#include <utility>

#include "conversion.hpp"
#include "deploy/code/deployed_package.hpp"
#include "deploy/deployment.hpp"
#include "function_request.hpp"
#include "opening.hpp"
#include "where.hpp"

namespace nb = nanobind;

namespace lambdapool::python {
namespace {

using OptionalText = std::optional<std::string>;

// (None, version, whether code was uploaded, bytes), or (the error's tuple, "", False, 0).
nb::tuple ensure_deployed(const std::string& name, const nb::dict& settings, const Where& where,
                          double trusted, int versions_kept) {
  const auto request = function_request(name, settings);
  Interruption interruption;
  Result<deploy::Deployment> deployed;
  {
    const nb::gil_scoped_release released;
    auto connection = connection_to(where);
    deployed = deploy::ensure_deployed(connection, request,
                                       {std::chrono::seconds(static_cast<long>(trusted)), versions_kept}, {},
                                       deploy::StopToken([&interruption] { return interruption.raised(); }));
  }
  interruption.rethrow();
  if (!deployed) return nb::make_tuple(to_tuple(deployed.error()), "", false, 0);
  return nb::make_tuple(nb::none(), deployed->version, deployed->has_uploaded(), deployed->size_bytes);
}

// (None, the zip), or (the error's tuple, b"").
nb::tuple fetch_package(const std::string& function) {
  Interruption interruption;
  Result<std::string> zip;
  {
    const nb::gil_scoped_release released;
    auto connection = connection_to({});
    zip = deploy::fetch_package(connection, function,
                                deploy::StopToken([&interruption] { return interruption.raised(); }));
  }
  interruption.rethrow();
  if (!zip) return nb::make_tuple(to_tuple(zip.error()), nb::bytes("", 0));
  return nb::make_tuple(nb::none(), nb::bytes(zip->data(), zip->size()));
}

}  // namespace

void bind_deployment(nb::module_& module) {
  module.def(
      "ensure_deployed",
      [](const std::string& name, const nb::dict& settings, std::string python, OptionalText target,
         OptionalText region, OptionalText project, OptionalText profile, OptionalText access_key_id,
         OptionalText secret_access_key, OptionalText session_token, bool allow_http, double trusted,
         int versions_kept) {
        return ensure_deployed(name, settings,
                               {std::move(target), std::move(region), std::move(project), std::move(profile),
                                std::move(access_key_id), std::move(secret_access_key),
                                std::move(session_token), allow_http, std::move(python)},
                               trusted, versions_kept);
      },
      nb::arg("name"), nb::arg("settings"), nb::kw_only(), nb::arg("python"), nb::arg("target") = nb::none(),
      nb::arg("region") = nb::none(), nb::arg("project") = nb::none(), nb::arg("profile") = nb::none(),
      nb::arg("access_key_id") = nb::none(), nb::arg("secret_access_key") = nb::none(),
      nb::arg("session_token") = nb::none(), nb::arg("allow_http") = false, nb::arg("trusted") = 600.0,
      nb::arg("versions_kept") = 5);
  module.def("fetch_package", &fetch_package, nb::arg("function"));
}

}  // namespace lambdapool::python
