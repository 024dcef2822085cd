#include "cli/terminal/progress.hpp"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <iostream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "cli/terminal/terminal_text.hpp"

namespace lambdapool::cli {

void say(const std::string& line) { std::cout << line << "\n" << std::flush; }

struct Activity::Impl {
  // Past std::cerr, which shows no control characters.
  static void draw_line(const std::string& text) {
    const std::string line = "\r\033[K" + text;
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, line.data(), line.size());
  }

  explicit Impl(std::string text) : label(std::move(text)), drawing([this] { draw_quietly(); }) {}

  ~Impl() {
    {
      const std::lock_guard hold(mutex);
      over = true;
    }
    wake.notify_one();
    drawing.join();
  }

  // A line less on a terminal is nothing to fail for.
  void draw_quietly() noexcept {
    try {
      draw();
    } catch (const std::exception&) {
    }
  }

  void draw() {
    using namespace std::chrono;
    const auto start = steady_clock::now();
    bool shown = false;
    std::unique_lock hold(mutex);
    // The first half second stays quiet: what is over by then needs no line.
    while (!wake.wait_for(hold, milliseconds{500}, [this] { return over; })) {
      const auto passed = duration_cast<seconds>(steady_clock::now() - start).count();
      draw_line(printable(label) + "... " + std::to_string(passed) + " s");
      shown = true;
    }
    if (shown) draw_line("");
  }

  std::string label;
  std::mutex mutex;
  std::condition_variable wake;
  bool over = false;
  std::thread drawing;  // last: it uses all of the above
};

Activity::Activity(std::string label) {
  if (::isatty(STDERR_FILENO) != 1) return;
  try {
    impl_ = std::make_unique<Impl>(std::move(label));
  } catch (const std::system_error&) {  // there is no thread to be had
  }
}

Activity::~Activity() = default;

void Activity::now(std::string label) {
  if (!impl_) return;
  const std::lock_guard hold(impl_->mutex);
  impl_->label = std::move(label);
}

}  // namespace lambdapool::cli
