#include "deploy/code/deployed_package.hpp"

#include <utility>

#include "aws/lambda/layers.hpp"
#include "deploy/code/code_fetch.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/function/own_functions.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {
namespace {

Result<std::string> fetch_layer(Session& session, const std::string& arn) {
  const auto content = call(session, aws::get_layer_version_request(arn), aws::parse_layer_content);
  if (!content) return tl::unexpected(content.error());
  auto zip = fetch_code(session, content->url, content->sha256);
  if (!zip) return fail(ErrorKind::io, "the content of layer " + arn + " cannot be fetched.");
  return std::move(*zip);
}

}  // namespace

Result<DeployedCode> fetch_code_of(Connection& connection, const std::string& function,
                                   const StopToken& stop) {
  if (connection.is_google())
    return fail(ErrorKind::invalid_argument,
                "on " + connection.target_name() +
                    " the code of a function is not handed out again, so it can be "
                    "had on the targets aws and local alone.");
  const auto session = Session::open_to_read(connection, {}, stop);
  if (!session) return tl::unexpected(session.error());
  const auto found = find_function(**session, function);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return no_such_function(**session, function);
  auto zip = fetch_code(**session, (*found)->code_url, (*found)->configuration.code_sha256);
  if (!zip) return fail(ErrorKind::io, "the code of function " + function + " cannot be fetched.");
  DeployedCode code{std::move(*zip), {}};
  for (const auto& layer : (*found)->configuration.layers) {
    auto content = fetch_layer(**session, layer.arn);
    if (!content) return tl::unexpected(content.error());
    code.layers.push_back(std::move(*content));
  }
  return code;
}

}  // namespace lambdapool::deploy
