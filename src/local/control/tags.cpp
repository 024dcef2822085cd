#include "local/control/tags.hpp"

#include <nlohmann/json.hpp>
#include <regex>

#include "local/control/request_body.hpp"
#include "local/store/tag_table.hpp"

namespace lambdapool::local {
namespace {

// What can have tags on AWS. Here functions can.
constexpr const char* resource_pattern =
    "arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:"
    "(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|"
    "code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-"
    "[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)";

// Tags belong to a function as a whole; the path holds its whole ARN.
OrRefusal<Target> find_tagged(Context& context, Call call) {
  const std::string& arn = call.parameters[0];
  static const std::regex taggable(resource_pattern, std::regex::ECMAScript | std::regex::optimize);
  std::smatch parts;
  if (arn.size() > 256 || !std::regex_match(arn, parts, taggable))
    return pattern_error(arn, "resource", resource_pattern);
  const std::string kind = parts.str(7);
  if (kind.starts_with("event-source-mapping:")) return not_found("Event source mapping not found: " + arn);
  if (kind.starts_with("capacity-provider:")) return not_found("Capacity provider not found: " + arn);
  if (!kind.starts_with("function:")) return not_found("Function not found: " + arn);
  if (kind.find(':', sizeof "function:" - 1) != std::string::npos) {
    return invalid_parameter(
        "Tags on function aliases and versions are not supported. Please specify a function ARN.");
  }
  return find_target(context, call);
}

}  // namespace

Answer tag_resource(Context& context, Call call, const Json& body) {
  auto target = find_tagged(context, call);
  if (!target) return tl::unexpected(target.error());
  auto tags = read_string_map(body, "Tags");
  if (!tags) return tl::unexpected(tags.error());
  if (!*tags || (*tags)->empty())
    return invalid_parameter("An error occurred and the request cannot be processed.");
  Transaction transaction(context.database);
  if (target->version.phase == Phase::updating) {
    if (auto free = check_changeable(context, target->version); !free) return tl::unexpected(free.error());
  }
  auto all = find_tags(context.database, target->function.name);
  for (const auto& [key, value] : **tags) all[key] = value;
  if (auto fit = check_tags(all); !fit) return tl::unexpected(fit.error());
  put_tags(context.database, target->function.name, **tags);
  renew_revision(context.database, target->function.name, latest);
  transaction.commit();
  return no_content();
}

Answer untag_resource(Context& context, Call call) {
  auto target = find_tagged(context, call);
  if (!target) return tl::unexpected(target.error());
  const auto [first, last] = call.query.equal_range("tagKeys");
  if (first == last) {
    return refuse(
        400, "ValidationException",
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not "
        "be null");
  }
  Transaction transaction(context.database);
  for (auto key = first; key != last; ++key) delete_tag(context.database, target->function.name, key->second);
  renew_revision(context.database, target->function.name, latest);
  transaction.commit();
  return no_content();
}

Answer list_tags(Context& context, Call call) {
  auto target = find_tagged(context, call);
  if (!target) return tl::unexpected(target.error());
  Json json;
  json["Tags"] = Json::object();
  for (const auto& [key, value] : find_tags(context.database, target->function.name))
    json["Tags"][key] = value;
  return json_response(200, json);
}

}  // namespace lambdapool::local
