#include "local/logs/logs_service.hpp"

#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "core/encoding.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

constexpr std::string_view target_prefix = "Logs_20140328.";

http::Response complete(Answer answer) {
  http::Response response;
  if (answer) {
    response = std::move(*answer);
  } else {
    const auto& refusal = answer.error();
    const nlohmann::json body = {{"__type", refusal.type}, {"message", refusal.message}};
    response = {refusal.status,
                {{"Content-Type", "application/x-amz-json-1.1"}},
                body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
  }
  response.headers.add("x-amzn-RequestId", random_uuid());
  return response;
}

}  // namespace

bool is_for_logs(const http::Request& head) {
  return head.method == "POST" && head.target == "/" &&
         head.headers.get("X-Amz-Target").starts_with(target_prefix);
}

LogsService::LogsService(LogsOptions options)
    : options_(std::move(options)),
      admission_(options_.admission),
      signature_(options_.identity, options_.region, "logs") {}

std::optional<http::Response> LogsService::screen(const http::Request& head,
                                                  const http::Caller& caller) const {
  if (const auto admitted = admission_.judge(head, caller); !admitted)
    return complete(tl::unexpected(admitted.error()));
  if (const auto valid = signature_.verify_head(head, options_.clock()); !valid)
    return complete(tl::unexpected(valid.error()));
  return std::nullopt;
}

void LogsService::handle(http::Request request, http::Responder responder) {
  threads_.run([this, request = std::make_shared<http::Request>(std::move(request)),
                responder = std::make_shared<http::Responder>(std::move(responder))] {
    Answer made;
    try {
      made = answer(*request);
    } catch (const std::exception& failure) {
      made = refuse(500, "InternalFailure", std::string("The local Lambda's logs failed: ") + failure.what());
    }
    responder->send(complete(std::move(made)));
  });
}

Answer LogsService::answer(const http::Request& request) {
  const auto hash = signature_.needs_payload_hash(request) ? sha256_hex(request.body) : std::string();
  if (const auto valid = signature_.verify(request, hash, options_.clock()); !valid)
    return tl::unexpected(valid.error());
  const LogSources sources{options_.home, options_.region, log_groups(options_.home, options_.groups())};
  return answer_log_call(sources, request.headers.get("X-Amz-Target").substr(target_prefix.size()),
                         request.body);
}

}  // namespace lambdapool::local
