// Whatever a request of the REST API says, in its path and in its JSON: it is understood or refused, and what
// is understood is stored and shown unchanged. Input: METHOD, a space, the target, a line end, the body.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "local/control/arn.hpp"
#include "local/control/request_body.hpp"
#include "local/control/router.hpp"
#include "local/invoke/invoke_request.hpp"

using namespace lambdapool;
using namespace lambdapool::local;

namespace {

const std::string region = "us-east-1";

template <class T>
bool understood(const Outcome<T>& outcome) {
  if (!outcome) refusal_response(outcome.error());  // a refusal quotes what it refuses
  return outcome.has_value();
}

void read_path(const Route& route) {
  aws_name(route.operation);
  for (const auto& part : route.parameters) {
    if (const auto reference = parse_function_reference(part, region, route.query_value("Qualifier"));
        understood(reference)) {
      const auto arn = function_arn(region, reference->name, reference->qualifier);
      // A name may be as long as the whole of an ARN may be, and its own ARN is then longer.
      const auto again = parse_function_reference(arn, region, {}, arn.size());
      if (!again || again->name != reference->name || again->qualifier != reference->qualifier) std::abort();
    }
    understood(parse_layer_name(part, region));
    if (const auto layer = parse_layer_version_arn(part, region))
      if (layer_version_arn(region, layer->name, layer->version).empty()) std::abort();
  }
}

void read_json(const Json& body) {
  VersionRecord record{.function = "f", .version = "$LATEST"};
  record.config.code = {std::string(64, '0'), 1, 1};
  if (understood(apply_configuration(body, record.config))) {
    const auto stored = to_stored(record.config);
    const auto again = from_stored(stored);
    if (!again || to_stored(*again) != stored) std::abort();
    configuration_json(record, function_arn(region, "f"), Show::everything).dump();
  }
  understood(read_architecture(body));
  understood(read_strings(body, "Layers"));
  understood(read_boolean(body, "Publish"));
  understood(read_integer(body, "ReservedConcurrentExecutions"));
  understood(require_string(body, "FunctionName"));
  if (const auto tags = read_string_map(body, "Tags"); understood(tags) && *tags)
    understood(check_tags(**tags));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto line = bytes.substr(0, bytes.find('\n'));
  const auto method = line.substr(0, line.find(' '));
  const auto target = line.substr(std::min(line.size(), method.size() + 1));
  const auto body = bytes.substr(std::min(bytes.size(), line.size() + 1));
  if (const auto found = route(method, target)) {
    read_path(*found);
    http::Request request{std::string(method), std::string(target)};
    request.headers.add("x-amz-client-context", std::string(body.substr(0, body.find('\n'))));
    if (found->operation == Operation::invoke) understood(read_invoke_request(request, *found, region));
  }
  understood(check_payload_json(body));
  from_stored(std::string(body)).has_value();  // a damaged row of the database
  const auto json = Json::parse(body, nullptr, false);
  if (json.is_object()) read_json(json);
  return 0;
}
