// Prints what tasks print on this program's standard output, on a thread of its own: whole lines, each
// written at once, as they come.
#pragma once

#include <future>
#include <memory>

#include "pool/live_output.hpp"

namespace lambdapool::api {

class OutputPrinter {
 public:
  OutputPrinter();
  ~OutputPrinter();
  OutputPrinter(const OutputPrinter&) = delete;
  OutputPrinter& operator=(const OutputPrinter&) = delete;

  const std::shared_ptr<pool::LiveOutput>& output() const { return output_; }
  // All that has come is printed, if that takes no more than ten seconds; nothing that comes later is.
  void end();

 private:
  const std::shared_ptr<pool::LiveOutput> output_ = std::make_shared<pool::LiveOutput>();
  std::future<void> ended_;
};

}  // namespace lambdapool::api
