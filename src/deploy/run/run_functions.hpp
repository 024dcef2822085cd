// Functions on Google's Cloud Run, and the local one.
#pragma once

#include "deploy/provider.hpp"

namespace lambdapool::deploy {

class RunFunctions final : public Provider {
 public:
  Result<Created> create(Connection& connection, const JudgedRequest& request, Existing existing,
                         const Events& events, const StopToken& stop) const override;
  Result<CreationPlan> plan_creation(Connection& connection, const JudgedRequest& request, Existing existing,
                                     const Events& events, const StopToken& stop) const override;
  Result<Updated> update(Connection& connection, const JudgedRequest& request, const Events& events,
                         const StopToken& stop) const override;
  Result<UpdatePlan> plan_update(Connection& connection, const JudgedRequest& request, const Events& events,
                                 const StopToken& stop) const override;
  Result<Removal> remove(Connection& connection, const std::string& name, const Events& events,
                         const StopToken& stop) const override;
  Result<Removal> plan_removal(Connection& connection, const std::string& name, const Events& events,
                               const StopToken& stop) const override;
  Result<std::vector<Function>> list(Connection& connection, const StopToken& stop) const override;
};

}  // namespace lambdapool::deploy
