// What goes on behind the requests: functions become active, code that nobody refers to goes.
#include <future>

#include "local/control/control_plane_impl.hpp"

namespace lambdapool::local {

// Carries transitions out in the background, and then looks for code that nobody refers to any more.
void ControlPlane::Impl::finish(std::vector<Transition> transitions, bool released) {
  threads.run([this, transitions = std::move(transitions), released] {
    static_cast<void>(databases.with([&](Database& connection) {
      for (const auto& transition : transitions) {
        finish_transition(connection, *code, transition, epoch_ms(options.clock()));
      }
      connection.take_error();  // who asks for the function next tries again
    }));
    post([](Impl& self) { self.retire_outdated(); });
    if (released) collect();
  });
}

// What cannot be mended is shown as a failed update, so that the next one does not take the code for there.
void ControlPlane::Impl::mend(const FunctionVersion& version, std::function<void(Result<void>)> done) {
  std::vector<std::string> packages{version.code.filename()};
  for (const auto& layer : version.layers) packages.push_back(layer.filename());
  threads.run([this, packages, function = version.name, number = version.version, done = std::move(done)] {
    Result<void> mended;
    {
      const auto hold = code->hold();
      for (const auto& sha256 : packages) {
        if (mended) mended = code->ensure(sha256);
      }
    }
    if (!mended) {
      static_cast<void>(databases.with([&](Database& connection) {
        note_failed_update(connection, function, number, mended.error().message, epoch_ms(options.clock()));
        connection.take_error();
      }));
    }
    post([done, mended](Impl&) { done(mended); });
  });
}

// What another process had begun and did not live to finish.
void ControlPlane::Impl::recover() {
  threads.run([this] {
    static_cast<void>(databases.with([&](Database& connection) {
      for (const auto& record : list_changing(connection)) {
        finish_transition(connection, *code, {record.function, record.version, record.revision},
                          epoch_ms(options.clock()));
      }
      connection.take_error();
    }));
    collect();
  });
}

void ControlPlane::Impl::collect() {
  const auto spare = [this](std::set<std::string> candidates) {
    std::promise<std::set<std::string>> answer;
    auto in_use = answer.get_future();
    loop.post([this, &answer] { answer.set_value(snapshots.code_in_use()); });
    for (const auto& sha256 : in_use.get()) candidates.erase(sha256);
    return candidates;
  };
  static_cast<void>(databases.with([&](Database& connection) {
    bool known = true;
    code->collect(
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
