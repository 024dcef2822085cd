// What deploying tells, as the lines of a verb's transcript; on a terminal also as a line that moves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/terminal/interruption.hpp"
#include "cli/terminal/progress.hpp"
#include "deploy/events.hpp"

namespace lambdapool::cli {

class Transcript {
 public:
  enum class Verb { create, update, remove, publish_layer, delete_layer };  // their words differ a little

  // `name`: of the function or layer. `paths`: that are copied, whose files create lists.
  Transcript(Verb verb, const Interruption& interruption, std::string name,
             std::vector<std::string> paths = {})
      : verb_(verb), interruption_(interruption), name_(std::move(name)), paths_(std::move(paths)) {}

  // It outlives what it gives.
  deploy::Events events() {
    return [this](const deploy::Event& event) { hear(event); };
  }

 private:
  void hear(const deploy::Event& event);
  void begun() const;
  void copying();
  void copying(const deploy::Event& event);
  void copied();
  void waiting(std::string said);
  void uploading_part(const deploy::Event& event);

  const Verb verb_;
  const Interruption& interruption_;
  const std::string name_;
  const std::vector<std::string> paths_;
  bool told_of_copies_ = false;
  std::optional<Activity> activity_;
};

}  // namespace lambdapool::cli
