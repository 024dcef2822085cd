#include "deploy/log/log_stats.hpp"

#include "aws/lambda/report.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/function/own_functions.hpp"
#include "deploy/session.hpp"
#include "target/prices.hpp"

namespace lambdapool::deploy {
namespace {

Result<report::Prices> prices_for(Connection& connection, const std::string& function,
                                  const StopToken& stop) {
  if (connection.is_google()) {  // where the memory that a report tells says all the rest
    const auto target = connection.target(stop);
    if (!target) return tl::unexpected(target.error());
    return target::prices_of(target->name, target->region, "x86_64", connection.environment());
  }
  auto session = Session::open(connection, {}, stop);
  if (!session) return tl::unexpected(session.error());
  const auto found = find_function(**session, function);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return no_such_function(**session, function);
  const auto target = connection.target(stop);
  if (!target) return tl::unexpected(target.error());
  return report::prices_of(target->region, (*found)->configuration.architecture, connection.environment());
}

}  // namespace

Result<LogStats> read_stats(Connection& connection, const std::string& function, Instant since,
                            const StopToken& stop) {
  LogStats stats;
  auto log = open_log(connection, function, since, stop);
  if (!log) return tl::unexpected(log.error());
  const auto prices = prices_for(connection, function, stop);
  if (!prices) return tl::unexpected(prices.error());
  stats.prices = *prices;
  const auto read = (*log)->read([&](const std::vector<LogLine>& lines) -> Result<void> {
    for (const LogLine& line : lines) {
      const auto report = aws::parse_report(line.text);
      if (!report) continue;
      stats.invocations.add(aws::invocation_of(*report));
      stats.streams.insert(line.stream.substr(0, line.stream.find('#')));  // and not which of its tasks
    }
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return stats;
}

}  // namespace lambdapool::deploy
