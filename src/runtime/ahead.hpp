// What is told of a task ahead of its answer, as whoever minds its process comes to know it: outcomes that it
// puts into memory, and what it writes; in frames (docs/protocol.md, Parts).
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "core/part_frames.hpp"
#include "runtime/whole_lines.hpp"

namespace lambdapool::runtime {

class Ahead {
 public:
  using Tell = std::function<void(std::string_view frames)>;
  enum class Output { no, yes };

  Ahead(Output output, Tell tell) : output_(output), tell_(std::move(tell)) {}

  // Frames from memory, which a task can write to: from the first that is spoilt on, none is told.
  void parts(std::string_view frames);
  void write(std::string_view text);  // what the task has written
  void end();                         // that was all

 private:
  void show(std::string_view lines);

  const Output output_;
  const Tell tell_;
  bool spoilt_ = false;
  WholeLines lines_{std::size_t{256} << 10};
  OutputFrames frames_;
};

}  // namespace lambdapool::runtime
