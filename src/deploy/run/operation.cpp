#include "deploy/run/operation.hpp"

namespace lambdapool::deploy {

namespace run = gcp::run;
using namespace std::chrono_literals;

Result<run::Service> bring_to_end(Session& session, Result<Reply> answer) {
  if (!answer) return tl::unexpected(answer.error());
  auto operation = run::parse_operation(*answer);
  if (operation && !operation->service) session.tell(Event::Kind::configuring);
  while (operation && !operation->service) {
    const auto name = operation->name;
    auto waited = session.send(run::wait_operation_request(name, 30s), Repeatable::yes);
    if (!waited) return tl::unexpected(waited.error());
    operation = run::parse_operation(*waited);
  }
  if (!operation) return tl::unexpected(operation.error());
  return std::move(*operation->service);
}

}  // namespace lambdapool::deploy
