#include "api/crash.hpp"

#include <cxxabi.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "process/process.hpp"

namespace lambdapool::api {
namespace {

constexpr std::string_view crashed = " ended this worker, in:";
constexpr std::string_view out_of_time = "lambdapool: the time of this task is almost over; it is in:";
constexpr std::string_view executable = "the executable";
constexpr std::chrono::seconds lookup_max{20};

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : symbol;
}

std::string_view taken_until(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + end.size());
  return taken;
}

std::uint64_t hex(std::string_view digits) {
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

std::string written(std::uint64_t offset) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), offset, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

// "  #1 0x55f8eef2e59f _ZN4shop5totalEv+0x7 (the executable+0x159f)"
std::optional<WrittenFrame> frame_of(std::string_view line) {
  if (!line.starts_with("  #")) return std::nullopt;
  WrittenFrame frame;
  const std::size_t place = line.rfind(" (");
  const std::size_t plus = line.rfind('+');
  if (place == line.npos || plus == line.npos || plus < place) return frame;
  frame.module = line.substr(place + 2, plus - place - 2);
  if (frame.module == executable) frame.module.clear();
  frame.offset = hex(line.substr(plus + 1, line.find(')', plus) - plus - 1));
  std::string_view before = line.substr(0, place);
  taken_until(before, "0x");
  taken_until(before, " ");
  frame.symbol = before.substr(0, before.rfind('+'));
  return frame;
}

// Of the executable's own frames, in their order; empty where nothing can tell.
std::vector<std::vector<StackFrame>> looked_up(const std::vector<WrittenFrame>& frames) {
  const Environment environment = Environment::of_this_process();
  const auto program = process::find_program("addr2line", environment);
  if (!program) return {};
  std::vector<std::string> command{program->string(), "-aCfpi", "-e",
                                   "/proc/" + std::to_string(::getpid()) + "/exe"};
  for (const WrittenFrame& frame : frames) {
    if (frame.module.empty()) command.push_back(written(frame.offset));
  }
  const auto done = process::run(command, environment, {.time = lookup_max});
  return done && done->exit_status == 0 ? read_lines(done->output) : std::vector<std::vector<StackFrame>>();
}

class LoggedCrash final : public Crash {
 public:
  LoggedCrash(WrittenStack written, std::string message)
      : Crash(written.signal), written_(std::move(written)), message_(std::move(message)) {}

  const std::vector<StackFrame>& stack() const override {
    std::call_once(looked_up_, [this] { stack_ = resolved(); });
    return stack_;
  }

  const std::string& text() const override {
    stack();
    std::call_once(told_, [this] { text_ = told(); });
    return text_;
  }

 private:
  std::vector<StackFrame> resolved() const {
    const auto lines = looked_up(written_.frames);
    std::vector<StackFrame> stack;
    std::size_t own = 0;
    for (const WrittenFrame& frame : written_.frames) {
      const bool is_known = frame.module.empty() && own < lines.size();
      const auto known = is_known ? lines[own++] : std::vector<StackFrame>();
      if (known.empty() || known.front().function.empty())
        stack.push_back({demangled(frame.symbol), "", 0, frame.module, frame.offset});
      for (StackFrame line : known) {
        if (line.function.empty()) continue;
        line.offset = frame.offset;
        stack.push_back(std::move(line));
      }
    }
    return stack;
  }

  std::string told() const {
    std::string text = message_;
    for (std::size_t i = 0; i < stack_.size(); ++i)
      text += "\n  #" + std::to_string(i) + " " + to_string(stack_[i]);
    return text;
  }

  const WrittenStack written_;
  const std::string message_;
  mutable std::once_flag looked_up_, told_;
  mutable std::vector<StackFrame> stack_;
  mutable std::string text_;
};

}  // namespace

WrittenStack read_stack(std::string_view log) {
  WrittenStack stack;
  while (!log.empty()) {
    const std::string_view line = taken_until(log, "\n");
    const std::size_t ended = line.find(crashed);
    if (line.starts_with("lambdapool: SIG") && ended != line.npos) {
      std::string_view head = line.substr(12, ended - 12);
      stack = {std::string(taken_until(head, " ")), {}};
    } else if (line.starts_with(out_of_time)) {
      stack = {};
    } else if (auto frame = frame_of(line)) {
      stack.frames.push_back(std::move(*frame));
    }
  }
  return stack;
}

// "0x0000000000001489: shop::total(int) at /src/shop.cpp:31 (discriminator 2)\n (inlined by) main at ...".
std::vector<std::vector<StackFrame>> read_lines(std::string_view printed) {
  std::vector<std::vector<StackFrame>> frames;
  while (!printed.empty()) {
    std::string_view line = taken_until(printed, "\n");
    if (line.starts_with(" (inlined by) "))
      line.remove_prefix(14);
    else if (line.starts_with("0x") && line.find(": ") != line.npos)
      taken_until(line, ": "), frames.emplace_back();
    if (frames.empty()) continue;
    const std::size_t at = line.rfind(" at ");
    StackFrame frame{.function = std::string(line.substr(0, at))};
    if (frame.function.starts_with("??")) frame.function.clear();
    if (at != line.npos) {
      std::string_view place = line.substr(at + 4);
      place = place.substr(0, place.find(" (discriminator"));
      const std::size_t colon = place.rfind(':');
      if (colon != place.npos && !place.starts_with("??")) {
        frame.file = place.substr(0, colon);
        std::from_chars(place.data() + colon + 1, place.data() + place.size(), frame.line);
      }
    }
    frames.back().push_back(std::move(frame));
  }
  return frames;
}

std::shared_ptr<const Crash> crash_of(const std::string& log, const std::string& message) {
  auto written = read_stack(log);
  if (written.frames.empty()) return nullptr;
  return std::make_shared<LoggedCrash>(std::move(written), message);
}

}  // namespace lambdapool::api
