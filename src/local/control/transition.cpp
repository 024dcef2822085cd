#include "local/control/transition.hpp"

#include "local/store/function_table.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {

void finish_transition(Database& database, CodeStore& code, const Transition& transition,
                       std::int64_t now_ms) {
  const auto hold = code.hold();
  auto record = find_version(database, transition.function, transition.version);
  if (!record || record->revision != transition.revision) return;
  auto ready = code.ensure(record->config.code.sha256);
  for (const auto& layer : record->config.layers) {
    if (ready) ready = code.ensure(layer.code.sha256);
  }
  Transaction transaction(database);
  record = find_version(database, transition.function, transition.version);
  if (!record || record->revision != transition.revision) return;
  if (record->phase != Phase::creating && record->phase != Phase::updating) return;
  if (ready) {
    record->live = record->config;
    record->phase = Phase::active;
  } else {
    record->phase = record->phase == Phase::creating ? Phase::failed : Phase::update_failed;
    record->reason = ready.error().message;
  }
  record->revision = random_uuid();
  record->changed_ms = now_ms;
  put_version(database, *record);
  transaction.commit();
}

void note_failed_update(Database& database, const std::string& function, const std::string& version,
                        const std::string& reason, std::int64_t now_ms) {
  Transaction transaction(database);
  auto record = find_version(database, function, version);
  if (!record || record->phase != Phase::active) return;
  record->phase = Phase::update_failed;
  record->reason = reason;
  record->revision = random_uuid();
  record->changed_ms = now_ms;
  put_version(database, *record);
  transaction.commit();
}

}  // namespace lambdapool::local
