#include "api/sample.hpp"

#include "api/failure.hpp"
#include "api/job.hpp"
#include "lambdapool/errors.hpp"
#include "report/tuning.hpp"

namespace lambdapool::api {
namespace {

// Why its size of memory does not suffice; "": it does.
std::string too_little(Job& job) {
  try {
    job.result(0);  // throws whichever item's failure there is
  } catch (const OutOfMemory&) {
    return "out of memory";
  } catch (const TimedOut&) {
    return "timed out";
  }
  return {};
}

}  // namespace

std::vector<Tuned> run_sample(Dispatcher& dispatcher, const Books& books, const std::string& head,
                              const std::vector<std::string>& items,
                              const std::map<int, std::size_t>& variants, Dispatcher::JobOptions options) {
  if (!books.prices()) throw_error(books.prices().error());
  options.chunksize = 1;
  options.on_failure = detail::OnFailure::stop;
  std::vector<Tuned> rows;
  for (const auto& [size, variant] : variants) {
    options.variant = variant;
    const auto job = dispatcher.start(head, items, options);
    job->wait();
    std::string failure = too_little(*job);
    rows.push_back(report::tuned(size, job->account().ledger(), *books.prices(), std::move(failure)));
  }
  return rows;
}

}  // namespace lambdapool::api
