#include "runtime/crash_report.hpp"

#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string_view>
#include <vector>

#include "runtime/modules.hpp"
#include "runtime/output_tap.hpp"
#include "runtime/symbols.hpp"

namespace lambdapool::runtime {
namespace {

constexpr std::size_t frames_max = 64;
constexpr std::size_t bytes_max = 3'000;  // of the frames: a caller gets the last 4 KB of a log, on AWS
constexpr std::size_t name_max = 300;
constexpr std::chrono::milliseconds ahead_of_deadline{250};  // what writing may take
constexpr std::chrono::seconds time_least{1};  // of a function with less there is too little to tell
constexpr std::array signals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

struct Mapped {
  Module module;
  SymbolFile symbols;
};

// Read before anything crashes, and never freed: the handler may run until the very end.
std::vector<Mapped>* mapped = nullptr;
std::atomic<pid_t> reporter = 0;

// A line that is written in one call, so that lines of threads do not mix.
class Line {
 public:
  Line& text(std::string_view text) {
    const std::size_t n = std::min(text.size(), bytes_.size() - 1 - size_);
    std::memcpy(bytes_.data() + size_, text.data(), n);
    size_ += n;
    return *this;
  }
  Line& hex(std::uintptr_t value) {
    std::array<char, 18> digits{};
    std::size_t at = digits.size();
    do digits[--at] = "0123456789abcdef"[value & 15];
    while ((value >>= 4) != 0);
    return text("0x").text({digits.data() + at, digits.size() - at});
  }
  Line& number(unsigned value) {
    if (value >= 10) number(value / 10);
    const char digit = static_cast<char>('0' + value % 10);
    return text({&digit, 1});
  }
  std::size_t write() {
    bytes_[size_++] = '\n';
    return ::write(STDERR_FILENO, bytes_.data(), size_) < 0 ? 0 : size_;
  }

 private:
  std::array<char, 1024> bytes_;
  std::size_t size_ = 0;
};

std::string_view name_of(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGABRT";
  }
}

std::uintptr_t interrupted_at(const void* context) {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return static_cast<std::uintptr_t>(static_cast<const ucontext_t*>(context)->uc_mcontext.pc);
#else
  return (void)context, 0;
#endif
}

struct Frames {
  std::array<std::uintptr_t, frames_max> at;
  std::size_t count = 0;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* into) {
  auto& frames = *static_cast<Frames*>(into);
  if (frames.count == frames_max) return _URC_END_OF_STACK;
  int before_instruction = 0;
  const std::uintptr_t at = _Unwind_GetIPInfo(context, &before_instruction);
  // A return address may be that of the next function, where the call was the last of this one.
  frames.at[frames.count++] = before_instruction != 0 || at == 0 ? at : at - 1;
  return _URC_NO_REASON;
}

std::size_t write_frame(unsigned number, std::uintptr_t at) {
  Line line;
  line.text("  #").number(number).text(" ").hex(at);
  for (const Mapped& each : *mapped) {
    if (!each.module.contains(at)) continue;
    const std::uintptr_t offset = at - each.module.base;
    if (const auto function = each.symbols.enclosing(offset))
      line.text(" ").text(function->name.substr(0, name_max)).text("+").hex(offset - function->begin);
    line.text(" (").text(each.module.path.empty() ? std::string_view("the executable") : each.module.path);
    line.text("+").hex(offset).text(")");
    break;
  }
  return line.write();
}

void write_stack(const void* context);

void write_report(int signal, const siginfo_t& info, const void* context) {
  Line head;
  head.text("lambdapool: ").text(name_of(signal));
  if (signal != SIGABRT) head.text(" at the address ").hex(reinterpret_cast<std::uintptr_t>(info.si_addr));
  head.text(" ended this worker, in:").write();
  write_stack(context);
}

// Of the thread that was interrupted there: the innermost function first.
void write_stack(const void* context) {
  Frames frames;
  _Unwind_Backtrace(take_frame, &frames);
  const std::uintptr_t fault = interrupted_at(context);
  std::size_t first = 0;  // without the frames of this report
  while (first < frames.count && frames.at[first] != fault && frames.at[first] + 1 != fault) ++first;
  if (first == frames.count) {  // as after a jump to where no code is
    write_frame(0, fault);
    first = std::min<std::size_t>(3, frames.count);
  }
  std::size_t written = 0;
  for (unsigned number = 0; first < frames.count && frames.at[first] != 0; ++first, ++number) {
    if (written > bytes_max) {
      Line()
          .text("  ... and ")
          .number(static_cast<unsigned>(frames.count - first))
          .text(" or more around them")
          .write();
      return;
    }
    written += write_frame(number, frames.at[first]);
  }
}

// SA_RESETHAND has restored what the signal does without us. Another thread that crashes meanwhile waits to
// be ended by the first; the first one that crashes again in its report goes no further.
void on_crash(int signal, siginfo_t* info, void* context) {
  const pid_t own = ::gettid();
  pid_t first = 0;
  if (reporter.compare_exchange_strong(first, own)) {
    write_report(signal, *info, context);
  } else if (first != own) {
    for (;;) ::pause();
  }
  empty_output_tap();
  ::raise(signal);
}

void on_deadline(int, siginfo_t*, void* context) {
  const int before = errno;
  Line().text("lambdapool: the time of this task is almost over; it is in:").write();
  write_stack(context);
  errno = before;
}

// Of the thread that serves, whose calls it interrupts.
timer_t deadline_timer = {};
bool has_deadline_timer = false;

void make_deadline_timer() {
  const int signal = SIGRTMAX - 3;
  struct sigaction now = {};
  if (::sigaction(signal, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 ||
      now.sa_handler != SIG_DFL)
    return;
  struct sigaction ours = {};
  ours.sa_sigaction = on_deadline;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigemptyset(&ours.sa_mask);
  struct sigevent event = {};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = signal;
  event._sigev_un._tid = ::gettid();
  has_deadline_timer = ::sigaction(signal, &ours, nullptr) == 0 &&
                       ::timer_create(CLOCK_REALTIME, &event, &deadline_timer) == 0;
}

void set_deadline_timer(const timespec& at) {
  const itimerspec once{{}, at};
  if (has_deadline_timer) ::timer_settime(deadline_timer, TIMER_ABSTIME, &once, nullptr);
}

void use_a_stack_of_its_own() {
  static std::array<char, 128 * 1024> stack;
  stack_t alternate = {};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  ::sigaltstack(&alternate, nullptr);
}

}  // namespace

void report_crashes() {
  mapped = new std::vector<Mapped>();
  for (Module& module : loaded_modules()) {
    if (module.segments.empty()) continue;
    SymbolFile symbols = SymbolFile::of(module);
    mapped->push_back({std::move(module), std::move(symbols)});
  }
  use_a_stack_of_its_own();
  make_deadline_timer();
  for (const int signal : signals) {
    struct sigaction now = {};
    if (::sigaction(signal, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 ||
        now.sa_handler != SIG_DFL)
      continue;
    struct sigaction ours = {};
    ours.sa_sigaction = on_crash;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    ::sigemptyset(&ours.sa_mask);
    ::sigaction(signal, &ours, nullptr);
  }
}

void report_at_deadline(std::chrono::system_clock::time_point deadline) {
  if (deadline - std::chrono::system_clock::now() < time_least) return;
  const auto at = (deadline - ahead_of_deadline).time_since_epoch();
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  set_deadline_timer({.tv_sec = static_cast<time_t>(whole.count()),
                      .tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(at - whole).count()});
}

void report_no_deadline() { set_deadline_timer({}); }

}  // namespace lambdapool::runtime
