// What a worker tells of a call ahead of its answer: outcomes of the first items, and how many have begun
// (docs/protocol.md, Parts). The answer stands for all of the items again, so whatever cannot be read here
// can be left to it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/envelope.hpp"
#include "core/part_frames.hpp"
#include "pool/batch.hpp"

namespace lambdapool::pool {

struct EarlyPart {
  std::size_t first;  // of the call's items
  std::size_t count;
  envelope::Envelope outcome;
};

class EarlyParts {
 public:
  // `echo`: of the call's envelope. `output` gets what the task prints, in whole lines.
  using Output = std::function<void(std::string_view lines)>;
  explicit EarlyParts(std::string echo, Output output = {})
      : echo_(std::move(echo)), output_(std::move(output)) {}

  // The parts that are whole with this piece of the stream. "": a stream begins, perhaps again, because the
  // call is sent again.
  std::vector<EarlyPart> read(std::string_view piece);

  // Of what is left of the call, which has ended badly: so many items may have begun, from the first on. One
  // at least: the end befell somebody.
  std::size_t begun_of(const Batch::Chunk& rest) const;

  bool has_output() const { return has_output_; }  // some has come, of the newest stream

 private:
  bool take(const PartHead& head, std::string_view content, std::vector<EarlyPart>& parts);

  const std::string echo_;
  const Output output_;
  std::string rest_;  // a part of which the end is still to come
  envelope::Envelope head_;
  bool has_head_ = false;
  bool has_output_ = false;
  bool is_readable_ = true;
  std::size_t begun_ = static_cast<std::size_t>(-1);
};

}  // namespace lambdapool::pool
