// What can be done about functions: made, changed, removed, listed. Each call blocks, tells its steps to
// `events`, comes to a clean end when `stop` wants one, and returns what came of it. An Error says what state
// things are in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/code/code.hpp"
#include "deploy/code/requirements_copy.hpp"
#include "deploy/connection.hpp"
#include "deploy/events.hpp"
#include "deploy/request.hpp"
#include "deploy/role/role_policies.hpp"
#include "deploy/stop_token.hpp"

namespace lambdapool::deploy {

struct Function {
  struct Layer {
    std::string arn;
    std::int64_t size_bytes = 0;
  };
  std::string name = {};
  std::string arn = {};
  std::string runtime = {};       // "python3.11", "provided.al2023"; "" on local where its record is damaged
  std::string architecture = {};  // "x86_64" or "arm64"
  std::string role = {};          // its ARN
  std::string description = {};
  int memory_mb = 0;
  int timeout_s = 0;
  int ephemeral_mb = 0;
  std::int64_t size_bytes = 0;     // of the code, zipped
  std::string code_sha256 = {};    // base64, as Lambda has it
  std::string last_modified = {};  // 2026-11-22T19:00:00.000+0000
  // Why what was asked of it last does not serve, so that it is as it was before; "" where it does.
  std::string last_update_error = {};
  std::vector<Layer> layers = {};
  std::string lambdapool_version = {};  // that deployed its code
};

// A request that makes sense by itself, with what was read to see that: the kind of its code, its policies.
struct JudgedRequest {
  FunctionRequest asked;
  Code code = {};
  RolePolicies policies = {};
  RequirementsCopy requirements = {};  // of `asked`, where it needs one
};

// By the limits of the connection's cloud. Nothing is sent. Error kind invalid_argument, in one sentence;
// cancelled where a stop is wanted while requirements come from a pipe.
Result<JudgedRequest> judge_creation(const Connection& connection, FunctionRequest request,
                                     const StopToken& stop = {});
Result<JudgedRequest> judge_update(const Connection& connection, FunctionRequest request,
                                   const StopToken& stop = {});

// Whether a function that is there already is a mistake.
enum class Existing { refuse, leave };

struct Created {
  Function function;
  bool is_new = true;  // false: it was there, and was left as it is
};

// Leaves either a function that is ready, or nothing: what it made before a failure it removes again, and
// what it did not make it never touches. Errors: conflict (a function of that name), credentials,
// access_denied, payload_too_large, cancelled, and those of the request and of the network.
Result<Created> create(Connection& connection, const JudgedRequest& request, Existing existing,
                       const Events& events = {}, const StopToken& stop = {});

// What create() would do, having done everything that changes nothing.
struct CreationPlan {
  Function function;
  std::optional<std::string> made_role = {};  // the name of the role that is made
  bool replaces_unfinished = false;           // removes what an interrupted create has left
  bool is_new = true;                         // false: there is a function, which is left as it is
};
Result<CreationPlan> plan_creation(Connection& connection, const JudgedRequest& request, Existing existing,
                                   const Events& events = {}, const StopToken& stop = {});

struct Updated {
  Function function;
  bool changed = true;  // false: it was as it was asked to be
};

// Changes what is asked for and nothing else, code and configuration both or neither. Errors: not_found,
// conflict (not lambdapool's, or changed by somebody else in the meantime), and those of create().
Result<Updated> update(Connection& connection, const JudgedRequest& request, const Events& events = {},
                       const StopToken& stop = {});

struct UpdatePlan {
  std::optional<std::int64_t> code_bytes = {};  // of new code
  std::vector<std::string> changes = {};        // "memory from 128 to 256 MB"
  std::optional<std::string> left_role = {};    // the ARN of the made role that is removed
};
Result<UpdatePlan> plan_update(Connection& connection, const JudgedRequest& request,
                               const Events& events = {}, const StopToken& stop = {});

// Removes a function that lambdapool made, and the role that was made for it. Where there is no function, the
// roles that an interrupted create() has left are removed. Errors: invalid_argument, not_found, conflict (not
// lambdapool's).
struct Removal {
  bool of_function = true;              // false: there was none
  std::vector<std::string> roles = {};  // by name
};
Result<Removal> remove(Connection& connection, const std::string& name, const Events& events = {},
                       const StopToken& stop = {});
Result<Removal> plan_removal(Connection& connection, const std::string& name, const Events& events = {},
                             const StopToken& stop = {});

// Those that lambdapool made, the last modified first. On local it makes no home where there is none.
Result<std::vector<Function>> list(Connection& connection, const StopToken& stop = {});

}  // namespace lambdapool::deploy
