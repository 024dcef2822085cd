#include "local/worker/extension_api.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

using http::Response;
using Json = nlohmann::ordered_json;

constexpr std::string_view root = "/2020-01-01/extension/";
constexpr std::string_view subscriptions[] = {"/2020-08-15/logs", "/2022-07-01/telemetry"};
constexpr std::size_t extensions_max = 10;

Response json_response(int status, const Json& body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

Response forbidden(std::string_view type, const std::string& message) {
  return json_response(403, {{"errorMessage", message}, {"errorType", type}});
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

}  // namespace

ExtensionApi::ExtensionApi(std::shared_ptr<const FunctionVersion> function,
                           const std::vector<std::string>& external, Events events)
    : function_(std::move(function)), events_(std::move(events)) {
  for (const auto& name : external) {
    extensions_.push_back(std::make_unique<Extension>(Extension{.name = name, .external = true}));
  }
}

bool ExtensionApi::serves(std::string_view target) {
  const auto path = path_of(target);
  return path.starts_with(root) ||
         std::find(std::begin(subscriptions), std::end(subscriptions), path) != std::end(subscriptions);
}

bool ExtensionApi::any_external() const {
  return std::any_of(extensions_.begin(), extensions_.end(), [](const auto& one) { return one->external; });
}

bool ExtensionApi::ready() const {
  return std::none_of(extensions_.begin(), extensions_.end(), [](const auto& one) { return one->at_work; });
}

std::string ExtensionApi::reported(const std::string& name) const {
  for (const auto& extension : extensions_) {
    const bool meant = name.empty() ? !extension->external : extension->name == name;
    if (meant && !extension->reported.empty()) return extension->reported;
  }
  return "";
}

ExtensionApi::Extension* ExtensionApi::find_name(std::string_view name) {
  for (const auto& extension : extensions_) {
    if (extension->name == name) return extension.get();
  }
  return nullptr;
}

ExtensionApi::Extension* ExtensionApi::find_id(std::string_view id) {
  for (const auto& extension : extensions_) {
    if (!id.empty() && extension->id == id) return extension.get();
  }
  return nullptr;
}

void ExtensionApi::handle(http::Request request, http::Responder responder) {
  const std::string_view path = path_of(request.target);
  if (request.method == "PUT" && !path.starts_with(root)) {
    const bool logs = path.ends_with("logs");
    return responder.send(json_response(
        202, {{"errorMessage", std::string(logs ? "Logs" : "Telemetry") + " API is not supported"},
              {"errorType", logs ? "Logs.NotSupported" : "Telemetry.NotSupported"}}));
  }
  const std::string_view verb = path.starts_with(root) ? path.substr(root.size()) : "";
  if (request.method == "POST" && verb == "register") return enrol(request, std::move(responder));
  const bool error = request.method == "POST" && (verb == "init/error" || verb == "exit/error");
  if (!error && !(request.method == "GET" && verb == "event/next")) {
    return responder.send(json_response(
        404, {{"errorMessage", "No such path in the Extensions API."}, {"errorType", "NotFound"}}));
  }
  const std::string_view id = request.headers.get("Lambda-Extension-Identifier");
  if (id.empty())
    return responder.send(
        forbidden("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"));
  Extension* extension = find_id(id);
  if (!extension)
    return responder.send(
        forbidden("Extension.UnknownExtensionIdentifier", "Unknown extension " + std::string(id)));
  if (error) return fail(*extension, request, verb == "init/error", std::move(responder));
  next(*extension, std::move(responder));
}

// What it wants to be told of; an answer where that cannot be.
std::optional<Response> ExtensionApi::subscribe(Extension& extension, const std::string& body) const {
  const auto json = Json::parse(body, nullptr, false);
  if (!json.is_object())
    return forbidden("InvalidRequestFormat", "The body of a registration is a JSON object.");
  const auto events = json.find("events");
  if (events == json.end() || events->is_null()) return std::nullopt;
  if (!events->is_array()) return forbidden("InvalidRequestFormat", "events is an array of strings.");
  for (const auto& event : *events) {
    const std::string name = event.is_string() ? event.get<std::string>() : event.dump();
    if (name == "INVOKE") {
      extension.invoke = true;
    } else if (name == "SHUTDOWN" && extension.external) {
      extension.shutdown = true;
    } else {
      return forbidden("Extension.InvalidEventType",
                       name + (name == "SHUTDOWN" ? ": not supported for internal extensions"
                                                  : ": extensions can be told of INVOKE and SHUTDOWN"));
    }
  }
  return std::nullopt;
}

void ExtensionApi::enrol(const http::Request& request, http::Responder responder) {
  const std::string name(request.headers.get("Lambda-Extension-Name"));
  if (name.empty())
    return responder.send(forbidden("Extension.InvalidExtensionName", "Empty extension name"));
  Extension* known = find_name(name);
  if (known && !known->id.empty())
    return responder.send(
        forbidden("Extension.InvalidExtensionState", "Extension with this name already registered"));
  if (!known && !open_)
    return responder.send(forbidden("Extension.RegistrationClosed", "Extension registration closed already"));
  if (!known && extensions_.size() >= extensions_max)
    return responder.send(forbidden("Extension.TooManyExtensions",
                                    "Extension limit (" + std::to_string(extensions_max) + ") reached"));
  auto fresh = known ? nullptr : std::make_unique<Extension>(Extension{.name = name});
  Extension& extension = known ? *known : *fresh;
  if (auto refused = subscribe(extension, request.body)) return responder.send(std::move(*refused));
  extension.id = random_uuid();
  if (fresh) extensions_.push_back(std::move(fresh));
  Json body{{"functionName", function_->name},
            {"functionVersion", function_->version},
            {"handler", function_->handler}};
  const auto account = function_->function_arn.find(":function:");
  if (request.headers.get("Lambda-Extension-Accept-Feature").find("accountId") != std::string_view::npos &&
      account != std::string::npos && account >= 12)
    body["accountId"] = function_->function_arn.substr(account - 12, 12);
  Response response = json_response(200, body);
  response.headers.add("Lambda-Extension-Identifier", extension.id);
  responder.send(std::move(response));
  const bool all = std::all_of(extensions_.begin(), extensions_.end(),
                               [](const auto& one) { return !one->external || !one->id.empty(); });
  if (extension.external && all) events_.registered();
}

void ExtensionApi::next(Extension& extension, http::Responder responder) {
  if (!extension.reported.empty())
    return responder.send(
        forbidden("Extension.InvalidExtensionState", "The extension has reported that it ends."));
  const std::uint64_t number = ++extension.poll_number;
  responder.on_disconnect([&extension, number] {
    if (number == extension.poll_number) extension.poll.reset();
  });
  extension.poll.emplace(std::move(responder));
  if (extension.event) return tell(extension, *std::exchange(extension.event, std::nullopt));
  extension.at_work = false;
  if (!std::exchange(extension.settled, true) && extension.external) {
    std::string events = extension.invoke ? "INVOKE" : "";
    if (extension.shutdown) events += events.empty() ? "SHUTDOWN" : ", SHUTDOWN";
    events_.settled("EXTENSION\tName: " + extension.name + "\tState: Ready\tEvents: [" + events + "]\n");
  }
  events_.ready();
}

void ExtensionApi::fail(Extension& extension, const http::Request& request, bool init,
                        http::Responder responder) {
  if (request.headers.get("Lambda-Extension-Function-Error-Type").empty())
    return responder.send(
        forbidden("Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found"));
  extension.reported = init ? "Extension.InitError" : "Extension.ExitError";
  responder.send(json_response(202, {{"status", "OK"}}));
}

// Where it is not waiting (its connection broke), it gets the event with its next request.
void ExtensionApi::tell(Extension& extension, std::string event) {
  extension.at_work = true;
  if (!extension.poll) {
    extension.event = std::move(event);
    return;
  }
  Response response;
  response.status = 200;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Lambda-Extension-Event-Identifier", random_uuid());
  response.body = std::move(event);
  ++extension.poll_number;
  std::exchange(extension.poll, std::nullopt)->send(std::move(response));
}

void ExtensionApi::invoke(const Invocation& invocation, std::int64_t deadline_ms,
                          const std::string& trace_id) {
  for (const auto& extension : extensions_) {
    if (!extension->invoke) continue;
    const Json event{{"eventType", "INVOKE"},
                     {"deadlineMs", deadline_ms},
                     {"requestId", invocation.request_id},
                     {"invokedFunctionArn", invocation.invoked_arn},
                     {"tracing", {{"type", "X-Amzn-Trace-Id"}, {"value", trace_id}}}};
    tell(*extension, event.dump());
  }
}

bool ExtensionApi::shut_down(const std::string& name, std::string_view reason, std::int64_t deadline_ms) {
  Extension* extension = find_name(name);
  if (!extension || !extension->shutdown) return false;
  const Json event{{"eventType", "SHUTDOWN"}, {"deadlineMs", deadline_ms}, {"shutdownReason", reason}};
  tell(*extension, event.dump());
  return true;
}

}  // namespace lambdapool::local
