#include "api/output_printer.hpp"

#include <chrono>
#include <cstdio>
#include <thread>

#include "core/signals_blocked.hpp"

namespace lambdapool::api {
namespace {

constexpr std::chrono::seconds patience{10};  // with a reader of our output that does not read

void print_all(pool::LiveOutput& output) {
  for (std::string lines = output.take(); !lines.empty(); lines = output.take()) {
    std::fwrite(lines.data(), 1, lines.size(), stdout);  // one call: no other thread's line in between
    std::fflush(stdout);
  }
}

}  // namespace

// Signals are for the program's own threads. Who waits too long leaves the thread behind, with its share of
// the output.
OutputPrinter::OutputPrinter() {
  std::promise<void> end;
  ended_ = end.get_future();
  const SignalsBlocked blocked;
  std::thread([output = output_, end = std::move(end)]() mutable {
    print_all(*output);
    end.set_value();
  }).detach();
}

OutputPrinter::~OutputPrinter() { end(); }

void OutputPrinter::end() {
  output_->close();
  ended_.wait_for(patience);
}

}  // namespace lambdapool::api
