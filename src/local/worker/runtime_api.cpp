#include "local/worker/runtime_api.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/encoding.hpp"
#include "core/envelope.hpp"
#include "core/limits.hpp"
#include "core/packets.hpp"

namespace lambdapool::local {
namespace {

using http::Response;

constexpr std::string_view root = "/2018-06-01/runtime/";
constexpr std::string_view response_mode = "Lambda-Runtime-Function-Response-Mode";
constexpr std::string_view error_type = "Lambda-Runtime-Function-Error-Type";

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

Response accepted() { return json_response(202, "{\"status\":\"OK\"}\n"); }

std::string error_of(std::string_view type, std::string_view message) {
  const nlohmann::json error{{"errorMessage", message}, {"errorType", type}};
  return error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Response refused(int status, std::string_view type, std::string_view message) {
  return json_response(status, error_of(type, message));
}

Response too_large(std::int64_t most) {
  return refused(413, "RequestEntityTooLarge",
                 "Exceeded maximum allowed payload size (" + std::to_string(most) + " bytes).");
}

Response wrong_state(std::string_view request) {
  return refused(403, "InvalidStateTransition", "The runtime may not call " + std::string(request) + " now.");
}

}  // namespace

// Goes on its way as it comes. Gone before its end, the runtime's connection has broken.
class RuntimeApi::StreamedBody final : public http::BodySink {
 public:
  explicit StreamedBody(std::weak_ptr<RuntimeApi*> api) : api_(std::move(api)) {}
  ~StreamedBody() override {
    if (const auto api = api_.lock()) (*api)->stream_broken();
  }
  std::optional<Response> write(std::string_view piece) override {
    const auto api = api_.lock();
    if (!api) return wrong_state("invocation/response");
    return (*api)->take_piece(piece);
  }

 private:
  const std::weak_ptr<RuntimeApi*> api_;
};

http::ServerLimits answer_limits() {
  return {.max_body_bytes = static_cast<std::uint64_t>(limits::streamed_payload_bytes_max) + (1 << 20)};
}

void RuntimeApi::handle(http::Request request, http::Responder responder) {
  std::string_view path = request.target;
  path = path.substr(0, path.find('?'));
  if (!path.starts_with(root))
    return responder.send(refused(404, "NotFound", "No such path in the Runtime API."));
  path.remove_prefix(root.size());
  if (request.method == "GET" && path == "invocation/next") return next(request, std::move(responder));
  if (request.method == "POST" && path == "init/error") {
    std::string body = std::move(request.body);
    return init_error(request, std::move(body), std::move(responder));
  }
  if (request.method == "POST" && path == "lambdapool/imported") {  // beside AWS's API, at any time
    responder.send(accepted());
    return events_.imported(request.body);
  }
  constexpr std::string_view invocation_prefix = "invocation/";
  const auto slash = path.rfind('/');
  if (request.method == "POST" && path.starts_with(invocation_prefix) && slash >= invocation_prefix.size()) {
    const std::string id(path.substr(invocation_prefix.size(), slash - invocation_prefix.size()));
    const std::string_view verb = path.substr(slash + 1);
    if (verb == "response" || verb == "error") {
      const bool error = verb == "error";
      std::string body = std::move(request.body);
      return result(request, std::move(body), id, error, std::move(responder));
    }
  }
  responder.send(refused(404, "NotFound", "No such path in the Runtime API."));
}

void RuntimeApi::next(const http::Request& request, http::Responder responder) {
  if (state_ == State::failed) return responder.send(wrong_state("invocation/next"));
  if (state_ == State::running && stream_broken_) {
    state_ = State::answered;
    events_.answered(Kind::error, error_of("Runtime.TruncatedResponse",
                                           "The connection ended in the middle of the streamed response"));
  }
  if (state_ == State::running || state_ == State::streaming) {
    // Once: whoever asks again while it runs has it already, or is not the one who was meant to.
    if (handed_out_) return responder.send(wrong_state("invocation/next"));
    handed_out_ = true;
    return responder.send(next_response());
  }
  takes_raw_ = request.headers.find("Lambdapool-Raw") != nullptr;
  const std::uint64_t number = ++poll_number_;
  responder.on_disconnect([this, number] {
    if (number == poll_number_) poll_.reset();
  });
  poll_.emplace(std::move(responder));
  state_ = State::waiting;
  events_.ready();
}

Response RuntimeApi::next_response() const {
  const Invocation& invocation = delivered_.invocation;
  Response response = json_response(200, invocation.payload);
  response.headers.add("Lambda-Runtime-Aws-Request-Id", invocation.request_id);
  response.headers.add("Lambda-Runtime-Deadline-Ms", std::to_string(delivered_.deadline_ms));
  response.headers.add("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_arn);
  if (!delivered_.trace_id.empty()) response.headers.add("Lambda-Runtime-Trace-Id", delivered_.trace_id);
  if (!invocation.client_context.empty())
    response.headers.add("Lambda-Runtime-Client-Context", invocation.client_context);
  return response;
}

void RuntimeApi::deliver(DeliveredInvocation delivered) {
  delivered_ = std::move(delivered);
  std::string& payload = delivered_.invocation.payload;
  if (!takes_raw_ && envelope::is_raw(payload)) {
    if (auto json = envelope::raw_as_json(envelope::Direction::task, payload)) payload = std::move(*json);
  }
  state_ = State::running;
  stream_broken_ = false;
  by_packet_ = false;
  if (const auto send = std::exchange(send_packet_, nullptr)) {
    auto packet = packet_of(delivered_.invocation, delivered_.budget, delivered_.trace_id);
    if (packet && delivered_.is_waited_for && packet->front() == packet::task)
      packet->front() = packet::waited_task;
    handed_out_ = by_packet_ = packet.has_value();
    return send(packet ? *packet : std::string_view(&packet::fetch, 1));
  }
  // Where the poll has broken off meanwhile, the runtime's next one gets it.
  handed_out_ = poll_.has_value();
  if (poll_) poll_->send(next_response());
  poll_.reset();
}

void RuntimeApi::has_taken(DeliveredInvocation delivered) {
  delivered_ = std::move(delivered);
  state_ = State::running;
  stream_broken_ = false;
  handed_out_ = by_packet_ = true;
  send_packet_ = nullptr;
}

void RuntimeApi::packet(std::string_view packet, const SendPacket& send) {
  const bool quiet = packet.starts_with(packet::quiet_answer);
  if (quiet || packet.starts_with(packet::answer)) answer_packet(packet.substr(1), quiet);
  if (packet == packet::ready_for_rows) takes_rows_ = true;
  ready_for_packets(send);
}

void RuntimeApi::answer_packet(std::string_view packet, bool quiet) {
  const std::string& id = delivered_.invocation.request_id;
  if (state_ != State::running || !handed_out_ || !packet.starts_with(id)) return;
  state_ = State::answered;
  events_.logged(quiet);
  events_.answered(Kind::response, std::string(packet.substr(id.size())));
}

void RuntimeApi::ready_for_packets(const SendPacket& send) {
  if (state_ == State::failed || state_ == State::running) return;
  takes_raw_ = true;
  send_packet_ = send;
  state_ = State::waiting;
  events_.ready();
}

std::optional<std::string> RuntimeApi::packet_of(const Invocation& invocation,
                                                 std::chrono::milliseconds budget,
                                                 std::string_view trace_id) const {
  const std::string time = std::to_string(budget.count());
  const std::size_t size =
      invocation.request_id.size() + time.size() + trace_id.size() + 4 + invocation.payload.size();
  if (size > packet::bytes_max || !envelope::is_raw(invocation.payload) || !invocation.client_context.empty())
    return std::nullopt;
  std::string packet;
  packet.reserve(size);
  packet.push_back(takes_rows_ && is_row(invocation) ? packet::row_task : packet::task);
  packet.append(invocation.request_id).append("\n").append(time).append("\n");
  packet.append(trace_id).push_back('\0');
  return packet.append(invocation.payload);
}

std::string_view RuntimeApi::id_in(std::string_view packet) {
  return packet.substr(1, std::min(packet.find('\n'), packet.size()) - 1);
}

void RuntimeApi::close() {
  poll_.reset();
  send_packet_ = nullptr;
}

std::unique_ptr<http::BodySink> RuntimeApi::divert(const http::Request& head) {
  const auto& invocation = delivered_.invocation;
  if (head.method != "POST" || state_ != State::running || !invocation.stream || stream_broken_)
    return nullptr;
  if (head.headers.get(response_mode) != "streaming") return nullptr;
  if (head.target != std::string(root) + "invocation/" + invocation.request_id + "/response") return nullptr;
  state_ = State::streaming;
  events_.streams();
  if (invocation.stream_begins) invocation.stream_begins(std::string(head.headers.get("content-type")));
  invocation.stream("");
  return std::make_unique<StreamedBody>(self_);
}

std::optional<Response> RuntimeApi::take_piece(std::string_view piece) {
  const auto room = static_cast<std::uint64_t>(limits::streamed_payload_bytes_max) - streamed_bytes_;
  const auto fits = piece.substr(0, room);
  streamed_bytes_ += fits.size();
  delivered_.invocation.stream(fits);
  if (fits.size() == piece.size()) return std::nullopt;
  state_ = State::answered;
  events_.answered(Kind::stream_too_large, {});
  return too_large(limits::streamed_payload_bytes_max);
}

// A process that has died is told of soon. One that goes on may still say what went wrong.
void RuntimeApi::stream_broken() {
  if (state_ != State::streaming) return;
  state_ = State::running;
  stream_broken_ = true;
}

void RuntimeApi::result(const http::Request& request, std::string body, std::string_view id, bool error,
                        http::Responder responder) {
  const std::string_view mode = request.headers.get(response_mode);
  if (!mode.empty() && mode != "streaming") {
    return responder.send(refused(400, "InvalidFunctionResponseMode", "Invalid function response mode"));
  }
  const bool streamed = request.sink != nullptr;
  if (state_ != (streamed ? State::streaming : State::running) || (stream_broken_ && !error))
    return responder.send(wrong_state(error ? "invocation/error" : "invocation/response"));
  if (id != delivered_.invocation.request_id)
    return responder.send(refused(400, "InvalidRequestID", "Invalid request ID"));
  // A streamed response can still fail on its way; its trailers then say how.
  const bool failed_midway = !error && !request.headers.get(error_type).empty();
  if (failed_midway) {
    const auto told = base64_decode(request.headers.get("Lambda-Runtime-Function-Error-Body"));
    body = told && !told->empty() ? *told : error_of(request.headers.get(error_type), "");
  }
  state_ = State::answered;
  delivered_.invocation.payload.clear();
  end_result(std::move(body), error || failed_midway, std::move(responder));
}

// The runtime is told last: it may have its next invocation already, whose output must not be taken for this
// one's.
void RuntimeApi::end_result(std::string body, bool error, http::Responder responder) {
  if (body.size() > static_cast<std::size_t>(limits::response_payload_bytes_max)) {
    events_.answered(Kind::too_large, {});
    return responder.send(too_large(limits::response_payload_bytes_max));
  }
  events_.answered(error ? Kind::error : Kind::response, std::move(body));
  responder.send(accepted());
}

void RuntimeApi::init_error(const http::Request& request, std::string body, http::Responder responder) {
  if (state_ != State::init) return responder.send(wrong_state("init/error"));
  state_ = State::failed;
  std::string type(request.headers.get(error_type));
  responder.send(accepted());
  events_.init_failed(type.empty() ? "Runtime.Unknown" : type, std::move(body));
}

}  // namespace lambdapool::local
