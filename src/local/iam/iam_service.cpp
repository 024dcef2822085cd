#include "local/iam/iam_service.hpp"

#include <exception>
#include <memory>
#include <utility>

#include "core/encoding.hpp"
#include "local/iam/query_call.hpp"
#include "local/iam/roles.hpp"
#include "local/iam/sts_calls.hpp"

namespace lambdapool::local {
namespace {

// IAM is everywhere the same, and signed for this region by clients that know it as that.
constexpr const char* global_region = "us-east-1";

std::string service_of(const http::Request& head) {
  const auto authorization = sigv4::parse_authorization(head.headers.get("authorization"));
  return authorization ? authorization->service : std::string();
}

Refusal not_here(const std::string& service) {
  return {
      404, "UnknownOperationException",
      "lambdapool serve has no service '" + service +
          "'. It has Lambda, a part of S3, the reading calls of CloudWatch Logs, IAM's roles, and STS; a "
          "tool "
          "that deploys through another one, such as CloudFormation, cannot deploy here (docs/serve.md)."};
}

}  // namespace

bool is_query_call(const http::Request& head) {
  return head.method == "POST" && head.target == "/" &&
         head.headers.get("content-type").starts_with("application/x-www-form-urlencoded");
}

IamService::IamService(IamOptions options)
    : options_(std::move(options)), admission_(options_.admission), databases_(options_.home) {
  for (const char* service : {"iam", "sts"}) {
    for (const auto& region : {options_.region, std::string(global_region)})
      checks_.push_back({service, region, SignatureCheck(options_.identity, region, service)});
  }
}

// The end of the list where it is another service's.
std::size_t IamService::check_of(const http::Request& head) const {
  const auto authorization = sigv4::parse_authorization(head.headers.get("authorization"));
  if (!authorization) return 0;  // which says so
  std::size_t found = checks_.size();
  for (std::size_t i = checks_.size(); i-- > 0;) {
    if (checks_[i].service != authorization->service) continue;
    if (found == checks_.size() || checks_[i].region == authorization->region) found = i;
  }
  return found;
}

std::optional<http::Response> IamService::screen(const http::Request& head,
                                                 const http::Caller& caller) const {
  OrRefusal<void> let_in = admission_.judge(head, caller);
  if (let_in) {
    const auto check = check_of(head);
    let_in = check == checks_.size() ? tl::unexpected(not_here(service_of(head)))
                                     : checks_[check].signature.verify_head(head, options_.clock());
  }
  if (let_in) return std::nullopt;
  auto response = query_refusal(let_in.error());
  log(service_of(head), response);
  return response;
}

void IamService::handle(http::Request request, http::Responder responder) {
  threads_.run([this, request = std::make_shared<http::Request>(std::move(request)),
                responder = std::make_shared<http::Responder>(std::move(responder))] {
    Answer made;
    try {
      made = answer(*request);
    } catch (const std::exception& failure) {
      made = refuse(500, "ServiceFailure", std::string("The local IAM failed: ") + failure.what());
    }
    auto response = made ? std::move(*made) : query_refusal(made.error());
    log(service_of(*request) + " " + QueryCall(request->body).action(), response);
    responder->send(std::move(response));
  });
}

Answer IamService::answer(const http::Request& request) {
  auto& check = checks_[check_of(request)];
  const auto hash = check.signature.needs_payload_hash(request) ? sha256_hex(request.body) : std::string();
  if (const auto valid = check.signature.verify(request, hash, options_.clock()); !valid)
    return tl::unexpected(valid.error());
  return run(check.service, request.body);
}

Answer IamService::run(const std::string& service, const std::string& form) {
  const QueryCall call(form);
  Answer answer;
  const auto used = databases_.with([&](Database& database) {
    answer = service == "iam"
                 ? answer_iam_call(database, call)
                 : answer_sts_call(database, call, options_.identity ? AnyKeys::no : AnyKeys::yes,
                                   options_.clock());
    if (const auto failed = database.take_error()) answer = service_failure(*failed);
  });
  if (!used) return service_failure(used.error());
  return answer;
}

void IamService::log(const std::string& what, const http::Response& response) const {
  if (options_.log) options_.log("POST / (" + what + ") " + std::to_string(response.status));
}

}  // namespace lambdapool::local
