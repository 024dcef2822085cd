#include "local/control/upkeep.hpp"

#include <exception>
#include <future>

#include "local/store/function_table.hpp"

namespace lambdapool::local {
namespace {

// Everything that a version or a layer refers to.
std::set<std::string> referenced_code(Database& database) {
  std::set<std::string> found;
  auto rows = database.prepare(
      "SELECT json_extract(config, '$.code.sha256') FROM versions UNION "
      "SELECT json_extract(live, '$.code.sha256') FROM versions WHERE live IS NOT NULL UNION "
      "SELECT json_extract(content, '$.code.sha256') FROM layer_versions UNION "
      "SELECT json_extract(layer.value, '$.code.sha256') FROM versions, json_each(versions.config, "
      "'$.layers') layer "
      "UNION SELECT json_extract(layer.value, '$.code.sha256') FROM versions, json_each(versions.live, "
      "'$.layers') "
      "layer WHERE versions.live IS NOT NULL");
  while (rows.next()) found.insert(rows.text(0));
  return found;
}

}  // namespace

void Upkeep::finish(std::vector<Transition> transitions, bool released) {
  parts_.threads.run([this, transitions = std::move(transitions), released] {
    static_cast<void>(parts_.databases.with([&](Database& connection) {
      for (const auto& transition : transitions) {
        finish_transition(connection, parts_.code, transition, parts_.now_ms());
      }
      connection.take_error();  // who asks for the function next tries again
    }));
    parts_.changed();
    if (released) collect();
  });
}

// What cannot be mended is shown as a failed update, so that the next one does not take the code for there.
void Upkeep::mend(const FunctionVersion& version, std::function<void(Result<void>)> done) {
  std::vector<std::string> packages{version.code.filename()};
  for (const auto& layer : version.layers) packages.push_back(layer.filename());
  parts_.threads.run(
      [this, packages, function = version.name, number = version.version, done = std::move(done)] {
        Result<void> mended;
        try {
          const auto hold = parts_.code.hold();
          for (const auto& sha256 : packages) {
            if (mended) mended = parts_.code.ensure(sha256);
          }
        } catch (const std::exception& failure) {
          mended = fail(ErrorKind::io, std::string("The local Lambda has failed: ") + failure.what());
        }
        if (!mended) {
          static_cast<void>(parts_.databases.with([&](Database& connection) {
            note_failed_update(connection, function, number, mended.error().message, parts_.now_ms());
            connection.take_error();
          }));
        }
        parts_.post([done, mended] { done(mended); });
      });
}

void Upkeep::recover() {
  parts_.threads.run([this] {
    static_cast<void>(parts_.databases.with([&](Database& connection) {
      for (const auto& record : list_changing(connection)) {
        finish_transition(connection, parts_.code, {record.function, record.version, record.revision},
                          parts_.now_ms());
      }
      connection.take_error();
    }));
    collect();
  });
}

void Upkeep::collect() {
  const auto spare = [this](std::set<std::string> candidates) {
    std::promise<std::set<std::string>> answer;
    auto in_use = answer.get_future();
    parts_.loop.post([this, &answer] { answer.set_value(parts_.snapshots.code_in_use()); });
    for (const auto& sha256 : in_use.get()) candidates.erase(sha256);
    return candidates;
  };
  static_cast<void>(parts_.databases.with([&](Database& connection) {
    bool known = true;
    parts_.code.collect(
        [&] {
          auto referenced = referenced_code(connection);
          known = !connection.take_error();
          return referenced;
        },
        [&](std::set<std::string> candidates) {
          return known ? spare(std::move(candidates)) : std::set<std::string>{};
        });
  }));
}

}  // namespace lambdapool::local
