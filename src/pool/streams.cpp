#include "pool/streams.hpp"

#include <utility>

namespace lambdapool::pool {

using Early = cloud::CallLimits::Early;

Streams::Streams(const cloud::Caller& caller)
    : caller_(caller),
      may_be_refused_(caller.limits().early == Early::streamed),
      streams_(may_be_refused_ || caller.limits().early == Early::accepted) {}

void Streams::ask(http::Request& request, cloud::Caller::Ahead ahead) const {
  if (!streams_ && !may_be_refused_) {
    request.ahead = std::move(ahead);
    return;
  }
  caller_.stream(request, std::move(ahead));
  if (!streams_) caller_.stream_no_more(request);  // its task says that it is to be streamed
}

bool Streams::take_back(http::Request& request) const {
  if (streams_ || !request.reader) return false;
  caller_.stream_no_more(request);
  return true;
}

// Forbidden, not found, no such method, not implemented.
bool Streams::refused(const http::Request& request, const cloud::Failure& failure) {
  const int status = failure.error.http_status;
  const bool is_of_route = status == 403 || status == 404 || status == 405 || status == 501;
  if (!may_be_refused_ || !request.reader || !is_of_route) return false;
  if (failure.error.code == "ResourceNotFoundException") return false;  // it is the function that is missing
  if (failure.kind != cloud::Failure::Kind::final && status != 501) return false;
  streams_ = false;
  return true;
}

}  // namespace lambdapool::pool
