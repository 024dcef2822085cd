#include "local/invoke/invoke_request.hpp"

#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "core/limits.hpp"
#include "core/part_frames.hpp"

namespace lambdapool::local {
namespace {

// The reason only, without the library's own name for the error.
std::string parse_failure(std::string_view text) {
  try {
    return nlohmann::json::parse(text).type_name();
  } catch (const nlohmann::json::exception& error) {
    std::string reason = error.what();
    if (const auto end = reason.find("] "); end != std::string::npos) reason.erase(0, end + 2);
    return reason;
  }
}

OrRefusal<InvocationType> read_type(std::string_view text, bool streaming) {
  if (text.empty() || text == "RequestResponse") return InvocationType::request_response;
  if (text == "Event" && !streaming) return InvocationType::event;
  if (text == "DryRun") return InvocationType::dry_run;
  return validation_error(text, "invocationType",
                          "Member must satisfy enum value set: [" + std::string(streaming ? "" : "Event, ") +
                              "RequestResponse, DryRun]");
}

OrRefusal<std::string> read_client_context(std::string_view text) {
  if (static_cast<std::int64_t>(text.size()) > limits::client_context_bytes_max) {
    return refuse(400, "InvalidRequestContentException",
                  "Client context must be at most 3583 bytes of base64.");
  }
  auto context = base64_decode(text);
  if (!context || (!context->empty() && !nlohmann::json::accept(*context))) {
    return refuse(400, "InvalidRequestContentException",
                  "Client context must be a valid Base64-encoded JSON object.");
  }
  return std::move(*context);
}

}  // namespace

OrRefusal<InvokeRequest> read_invoke_request(const http::Request& request, const Route& route,
                                             const std::string& region) {
  auto reference = parse_function_reference(route.parameters[0], region, route.query_value("Qualifier"),
                                            NameRule::namespaced);
  if (!reference) return tl::unexpected(reference.error());
  const bool streaming = route.operation == Operation::invoke_streaming;
  auto type = read_type(request.headers.get("x-amz-invocation-type"), streaming);
  if (!type) return tl::unexpected(type.error());
  const auto log_type = request.headers.get("x-amz-log-type");
  if (!log_type.empty() && log_type != "None" && log_type != "Tail") {
    return validation_error(log_type, "logType", "Member must satisfy enum value set: [None, Tail]");
  }
  InvokeRequest read{std::move(*reference),
                     *type,
                     log_type == "Tail",
                     {},
                     streaming ? Streaming::frames : Streaming::none,
                     request.ahead,
                     request.headers.get(live_output_header) == live_output_value};
  if (const auto* header = request.headers.find("x-amz-client-context")) {
    auto context = read_client_context(*header);
    if (!context) return tl::unexpected(context.error());
    read.client_context = std::move(*context);
  }
  return read;
}

OrRefusal<void> check_payload_size(std::size_t bytes, InvocationType type) {
  const auto size = static_cast<std::int64_t>(bytes);
  if (type == InvocationType::event && size > limits::event_payload_bytes_max) {
    return too_large(std::to_string(size) +
                     " byte payload is too large for the Event invocation type (limit " +
                     std::to_string(limits::event_payload_bytes_max) + " bytes)");
  }
  if (size <= limits::request_payload_bytes_max) return {};
  return too_large("Request must be smaller than " + std::to_string(limits::request_payload_bytes_max) +
                   " bytes for the InvokeFunction operation");
}

OrRefusal<void> check_payload_json(std::string_view payload) {
  if (payload.empty() || nlohmann::json::accept(payload)) return {};
  return refuse(
      400, "InvalidRequestContentException",
      "Could not parse request body into json: Could not parse payload into json: " + parse_failure(payload));
}

std::string log_result(std::string_view log) {
  constexpr auto most = static_cast<std::size_t>(limits::log_tail_bytes);
  return base64_encode(log.size() > most ? log.substr(log.size() - most) : log);
}

}  // namespace lambdapool::local
