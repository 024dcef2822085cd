#include "deploy/functions.hpp"

#include "deploy/lambda_functions.hpp"
#include "deploy/run/run_functions.hpp"

namespace lambdapool::deploy {

const Provider& provider_of(const Connection& connection) {
  static const LambdaFunctions lambda;
  static const RunFunctions run;
  if (connection.is_google()) return run;
  return lambda;
}

Result<Created> create(Connection& connection, const JudgedRequest& request, Existing existing,
                       const Events& events, const StopToken& stop) {
  return provider_of(connection).create(connection, request, existing, events, stop);
}

Result<CreationPlan> plan_creation(Connection& connection, const JudgedRequest& request, Existing existing,
                                   const Events& events, const StopToken& stop) {
  return provider_of(connection).plan_creation(connection, request, existing, events, stop);
}

Result<Updated> update(Connection& connection, const JudgedRequest& request, const Events& events,
                       const StopToken& stop) {
  return provider_of(connection).update(connection, request, events, stop);
}

Result<UpdatePlan> plan_update(Connection& connection, const JudgedRequest& request, const Events& events,
                               const StopToken& stop) {
  return provider_of(connection).plan_update(connection, request, events, stop);
}

Result<Removal> remove(Connection& connection, const std::string& name, const Events& events,
                       const StopToken& stop) {
  return provider_of(connection).remove(connection, name, events, stop);
}

Result<Removal> plan_removal(Connection& connection, const std::string& name, const Events& events,
                             const StopToken& stop) {
  return provider_of(connection).plan_removal(connection, name, events, stop);
}

Result<std::vector<Function>> list(Connection& connection, const StopToken& stop) {
  return provider_of(connection).list(connection, stop);
}

}  // namespace lambdapool::deploy
