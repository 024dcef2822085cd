#include <algorithm>

#include "deploy/function/own_functions.hpp"
#include "deploy/function/resolved_request.hpp"
#include "deploy/lambda_functions.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

Result<std::vector<Function>> LambdaFunctions::list(Connection& connection, const StopToken& stop) const {
  auto session = Session::open_to_read(connection, {}, stop);
  if (!session) return tl::unexpected(session.error());
  const auto own = own_functions(**session);
  if (!own) return tl::unexpected(own.error());
  std::vector<Function> functions;
  for (const auto& configuration : *own) functions.push_back(function_of(configuration));
  // The timestamps have one fixed form, so their order as text is their order in time.
  std::stable_sort(functions.begin(), functions.end(), [](const Function& a, const Function& b) {
    return a.last_modified != b.last_modified ? a.last_modified > b.last_modified : a.name < b.name;
  });
  return functions;
}

}  // namespace lambdapool::deploy
