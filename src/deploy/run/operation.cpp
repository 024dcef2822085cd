#include "deploy/run/operation.hpp"

namespace lambdapool::deploy {
namespace {

namespace run = gcp::run;
using namespace std::chrono_literals;

constexpr auto look_every = 5s;
constexpr auto end_within =
    std::chrono::minutes{25};  // a revision has four minutes to come up, once it is there

}  // namespace

Result<run::Service> bring_to_end(Session& session, Result<Reply> answer) {
  if (!answer) return tl::unexpected(answer.error());
  const auto deadline = std::chrono::steady_clock::now() + end_within;
  auto operation = run::parse_operation(*answer);
  std::optional<std::string> told;
  while (operation && !operation->service) {
    if (told != operation->on_its_way) {
      told = operation->on_its_way;
      session.tell(Event::Kind::waiting, *told);
    }
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorKind::timed_out, "Cloud Run was still at it after 25 minutes" +
                                            (told->empty() ? "" : " (" + *told + ")") +
                                            "; `lambdapool doctor NAME` says what became of it.");
    auto waited = session.send(run::wait_operation_request(operation->name, look_every), Repeatable::yes);
    if (!waited) return tl::unexpected(waited.error());
    operation = run::parse_operation(*waited);
  }
  if (!operation) return tl::unexpected(operation.error());
  return std::move(*operation->service);
}

}  // namespace lambdapool::deploy
