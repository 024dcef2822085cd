#include "deploy/code/deployed_package.hpp"

#include "deploy/code/code_fetch.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/function/own_functions.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

Result<std::string> fetch_package(Connection& connection, const std::string& function,
                                  const StopToken& stop) {
  const auto session = Session::open_to_read(connection, {}, stop);
  if (!session) return tl::unexpected(session.error());
  const auto found = find_function(**session, function);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return no_such_function(**session, function);
  auto zip = fetch_code(**session, (*found)->code_url, (*found)->configuration.code_sha256);
  if (!zip) return fail(ErrorKind::io, "the code of function " + function + " cannot be fetched.");
  return std::move(*zip);
}

}  // namespace lambdapool::deploy
