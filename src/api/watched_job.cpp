#include "api/watched_job.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <thread>
#include <utility>

#include "report/figures.hpp"

namespace lambdapool::api {
namespace {

constexpr std::chrono::milliseconds interval{100};

// Tells the callback until the job is done or nobody wants it any more.
class Watch {
 public:
  Watch(std::shared_ptr<detail::Job> job, ProgressCallback callback)
      : job_(std::move(job)), callback_(std::move(callback)) {}

  void run() {
    while (!abandoned_ && !job_->wait_until(std::chrono::steady_clock::now() + interval)) tell(false);
    if (!dropped_) tell(true);
    told_ = true;
    told_.notify_all();
  }
  void abandon() { abandoned_ = true; }
  void drop() { dropped_ = true; }  // in the callback, which is not called any more
  void wait() const { told_.wait(false); }

 private:
  void tell(bool last) {
    if (!callback_) return;
    try {
      Progress now = job_->progress();
      now.time = std::chrono::steady_clock::now() - began_;
      now.last = last;
      callback_(now);
    } catch (const std::exception& error) {
      callback_ = nullptr;
      std::cerr << "lambdapool: a progress callback threw, and is not called again: " << error.what() << "\n";
    } catch (...) {
      callback_ = nullptr;
      std::cerr << "lambdapool: a progress callback threw, and is not called again\n";
    }
  }

  const std::shared_ptr<detail::Job> job_;
  ProgressCallback callback_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::atomic<bool> abandoned_ = false;
  std::atomic<bool> told_ = false;
  bool dropped_ = false;
};

class WatchedJob final : public detail::Job {
 public:
  WatchedJob(std::shared_ptr<detail::Job> job, ProgressCallback callback)
      : job_(std::move(job)),
        watch_(std::make_shared<Watch>(job_, std::move(callback))),
        thread_([watch = watch_] { watch->run(); }) {}
  ~WatchedJob() override {
    watch_->abandon();
    if (thread_.get_id() != std::this_thread::get_id()) {
      thread_.join();
    } else {
      watch_->drop();
      thread_.detach();
    }
  }

  // The last word comes before the result.
  void wait() override {
    job_->wait();
    watch_->wait();
  }
  bool wait_until(std::chrono::steady_clock::time_point deadline) override {
    return job_->wait_until(deadline);
  }
  bool cancel() override { return job_->cancel(); }
  std::string_view result(std::size_t item) override { return job_->result(item); }
  std::string logs() override { return job_->logs(); }
  Report report() override { return job_->report(); }
  Progress progress() override { return job_->progress(); }
  void forget_results() override { job_->forget_results(); }

 private:
  const std::shared_ptr<detail::Job> job_;
  const std::shared_ptr<Watch> watch_;
  std::thread thread_;
};

std::string in_words(std::chrono::duration<double> time) {
  char text[32];
  const double seconds = time.count();
  if (seconds < 100)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  return text;
}

}  // namespace

std::shared_ptr<detail::Job> watch(std::shared_ptr<detail::Job> job, ProgressCallback callback) {
  return std::make_shared<WatchedJob>(std::move(job), std::move(callback));
}

}  // namespace lambdapool::api

namespace lambdapool {

std::string to_string(const Progress& progress) {
  std::string text = std::to_string(progress.done) + " of " + std::to_string(progress.total);
  char figure[64];
  std::snprintf(figure, sizeof figure, progress.rate() < 100 ? ", %.3g/s" : ", %.0f/s", progress.rate());
  text += figure;
  if (const auto left = progress.time_left(); left && !progress.last)
    text += ", " + api::in_words(*left) + " left";
  const auto add = [&](std::size_t count, const char* word) {
    if (count > 0) text += ", " + std::to_string(count) + " " + word;
  };
  add(progress.running, "running");
  add(progress.queued, "queued");
  add(progress.retried, "retried");
  add(progress.throttled, "throttled");
  add(progress.failed, "failed");
  return text + ", " + report::dollars(progress.cost);
}

ProgressCallback progress_on_terminal() {
  if (::isatty(STDERR_FILENO) == 0) return [](const Progress&) {};
  return [](const Progress& progress) {
    // From the line's beginning, and what was there before erased.
    std::cerr << ("\r\x1b[K" + to_string(progress) + (progress.last ? "\n" : "")) << std::flush;
  };
}

}  // namespace lambdapool
