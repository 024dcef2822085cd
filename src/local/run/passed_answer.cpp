#include "local/run/passed_answer.hpp"

#include "local/run/run_answer.hpp"

namespace lambdapool::local::run {
namespace {

http::Response answer_for(const Error& error) {
  if (error.kind == ErrorKind::timed_out) return platform_answer(504, "upstream request timeout");
  return platform_answer(503,
                         "The request failed because either the HTTP response was malformed or connection to "
                         "the instance had an error.");
}

}  // namespace

bool PassedAnswer::takes(int status, const http::Headers& headers) {
  if (!http::equal_ignoring_case(headers.get("Transfer-Encoding"), "chunked")) return false;
  has_begun_ = true;
  http::Response response{status, headers};
  response.live = std::make_shared<http::LiveBody>();
  body_ = response.live;
  respond_(std::move(response));
  return true;
}

Result<void> PassedAnswer::read(std::string_view piece) {
  const auto body = body_.lock();
  if (!body) return {};
  body->write(piece);
  if (body->untaken() > untaken_max)
    return fail(ErrorKind::io, "who called does not read the answer of the instance");
  return {};
}

void PassedAnswer::end(http::Answer answer) {
  if (!has_begun_) return respond_(answer ? std::move(*answer) : answer_for(answer.error().error));
  if (const auto body = body_.lock())
    body->end(answer ? http::LiveBody::End::whole : http::LiveBody::End::broken);
}

}  // namespace lambdapool::local::run
