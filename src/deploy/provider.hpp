// What a cloud does about functions: the seam between functions.hpp and the clouds. Each method is the
// function of its name there, with the same promises and errors.
#pragma once

#include <string>
#include <vector>

#include "deploy/functions.hpp"

namespace lambdapool::deploy {

class Provider {
 public:
  virtual ~Provider() = default;

  virtual Result<Created> create(Connection& connection, const JudgedRequest& request, Existing existing,
                                 const Events& events, const StopToken& stop) const = 0;
  virtual Result<CreationPlan> plan_creation(Connection& connection, const JudgedRequest& request,
                                             Existing existing, const Events& events,
                                             const StopToken& stop) const = 0;
  virtual Result<Updated> update(Connection& connection, const JudgedRequest& request, const Events& events,
                                 const StopToken& stop) const = 0;
  virtual Result<UpdatePlan> plan_update(Connection& connection, const JudgedRequest& request,
                                         const Events& events, const StopToken& stop) const = 0;
  virtual Result<Removal> remove(Connection& connection, const std::string& name, const Events& events,
                                 const StopToken& stop) const = 0;
  virtual Result<Removal> plan_removal(Connection& connection, const std::string& name, const Events& events,
                                       const StopToken& stop) const = 0;
  virtual Result<std::vector<Function>> list(Connection& connection, const StopToken& stop) const = 0;
};

const Provider& provider_of(const Connection& connection);

}  // namespace lambdapool::deploy
