#include "deployment.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

// (None, [(version, whether code was uploaded, bytes)]: one, or one for each size of memory, from the least
// on), or (the error's tuple, []).
nb::tuple ensure_deployed(const std::string& name, const nb::dict& settings,
                          const std::optional<std::vector<int>>& sizes_mb, const Where& where,
                          const deploy::DeploymentOptions& options) {
  const auto request = function_request(name, settings);
  Interruption interruption;
  Result<std::map<int, deploy::Deployment>> versions;
  {
    const nb::gil_scoped_release released;
    auto connection = connection_to(where);
    const deploy::StopToken stop([&interruption] { return interruption.raised(); });
    if (sizes_mb)
      versions = deploy::ensure_sizes(connection, request, *sizes_mb, options, {}, stop);
    else
      versions = deploy::ensure_deployed(connection, request, options, {}, stop).map([](auto&& deployed) {
        return std::map<int, deploy::Deployment>{{0, std::move(deployed)}};
      });
  }
  interruption.rethrow();
  nb::list all;
  if (!versions) return nb::make_tuple(to_tuple(versions.error()), all);
  for (const auto& [size, version] : *versions)
    all.append(nb::make_tuple(version.version, version.has_uploaded(), version.size_bytes));
  return nb::make_tuple(nb::none(), all);
}

// (None, [the function's zip, its layers' zips...]), or (the error's tuple, []).
nb::tuple fetch_code(const std::string& function) {
  Interruption interruption;
  Result<deploy::DeployedCode> code;
  {
    const nb::gil_scoped_release released;
    auto connection = connection_to({});
    code = deploy::fetch_code_of(connection, function,
                                 deploy::StopToken([&interruption] { return interruption.raised(); }));
  }
  interruption.rethrow();
  nb::list zips;
  if (!code) return nb::make_tuple(to_tuple(code.error()), zips);
  const auto append = [&zips](const std::string& zip) { zips.append(nb::bytes(zip.data(), zip.size())); };
  append(code->zip);
  for (const std::string& layer : code->layers) append(layer);
  return nb::make_tuple(nb::none(), zips);
}

}  // namespace

void bind_deployment(nb::module_& module) {
  module.def(
      "ensure_deployed",
      [](const std::string& name, const nb::dict& settings, std::string python, OptionalText target,
         OptionalText region, OptionalText project, OptionalText profile, OptionalText access_key_id,
         OptionalText secret_access_key, OptionalText session_token, bool allow_http, double trusted,
         int versions_kept, const std::optional<std::vector<int>>& sizes) {
        return ensure_deployed(name, settings, sizes,
                               {std::move(target), std::move(region), std::move(project), std::move(profile),
                                std::move(access_key_id), std::move(secret_access_key),
                                std::move(session_token), allow_http, std::move(python)},
                               {std::chrono::seconds(static_cast<long>(trusted)), versions_kept});
      },
      nb::arg("name"), nb::arg("settings"), nb::kw_only(), nb::arg("python"), nb::arg("target") = nb::none(),
      nb::arg("region") = nb::none(), nb::arg("project") = nb::none(), nb::arg("profile") = nb::none(),
      nb::arg("access_key_id") = nb::none(), nb::arg("secret_access_key") = nb::none(),
      nb::arg("session_token") = nb::none(), nb::arg("allow_http") = false, nb::arg("trusted") = 600.0,
      nb::arg("versions_kept") = 5, nb::arg("sizes") = nb::none());
  module.def("fetch_code", &fetch_code, nb::arg("function"));
}

}  // namespace lambdapool::python
