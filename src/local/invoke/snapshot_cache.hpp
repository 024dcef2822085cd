// What invocations run: immutable snapshots of functions' live state, kept until the database changes.
//
// Looking one up costs one PRAGMA data_version, which sees the commits of every other connection, of this
// process or another; the rows are read again only after a change. Keys of workers are hashes of what the
// worker would see, so an update that changes nothing for it leaves it warm.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "local/control/arn.hpp"
#include "local/control/event_invoke_config.hpp"
#include "local/store/code_store.hpp"
#include "local/store/database.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

// Where an invocation of (function, qualifier) leads.
struct Snapshot {
  std::shared_ptr<const FunctionVersion> version;
  std::shared_ptr<const FunctionVersion> second;  // an alias's other version, or null
  double second_weight = 0;
  std::string invoked_arn;
  std::optional<std::int64_t> reserved;
  std::int64_t reserved_total = 0;
  EventInvokeConfig events = {};
};

class SnapshotCache {
 public:
  SnapshotCache(Database& database, const CodeStore& code, std::string region)
      : database_(database), code_(code), region_(std::move(region)) {}

  // Refusals: 404 and AWS's 409 while the function is Pending, 500 for a broken database.
  OrRefusal<std::shared_ptr<const Snapshot>> find(const FunctionReference& reference);

  // Keys of workers that no invocation will be led to any more: what find() has replaced since, or, after a
  // change, all of them.
  std::vector<std::string> take_replaced() { return std::exchange(replaced_, {}); }
  std::vector<std::string> take_outdated();

  // Packages that snapshots still in somebody's hands refer to.
  std::set<std::string> code_in_use();

 private:
  OrRefusal<std::shared_ptr<const Snapshot>> load(const FunctionReference& reference);
  OrRefusal<std::shared_ptr<const FunctionVersion>> load_version(const std::string& function,
                                                                 const std::string& id,
                                                                 const std::string& version);
  void notice_changes();

  struct Known {
    std::weak_ptr<const FunctionVersion> version;
    std::vector<std::string> code;  // packages of it and its layers
  };
  Database& database_;
  const CodeStore& code_;
  std::string region_;
  std::int64_t data_version_ = -1;
  std::map<std::string, std::shared_ptr<const Snapshot>, std::less<>> snapshots_;  // by name:qualifier
  std::map<std::string, std::string> keys_;  // function:version -> key of its workers
  std::map<std::string, Known> known_;       // by key
  std::vector<std::string> replaced_;
};

}  // namespace lambdapool::local
