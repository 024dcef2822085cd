#include "api/fork_guard.hpp"

#include <unistd.h>

#include <utility>

#include "lambdapool/errors.hpp"

namespace lambdapool::api {
namespace {

// What belongs to the process that made it.
template <class T>
class Owned {
 public:
  explicit Owned(std::shared_ptr<T> held) : held_(std::make_unique<std::shared_ptr<T>>(std::move(held))) {}
  ~Owned() {
    // Left: its destructor would wait for threads that are not there.
    if (is_forked()) static_cast<void>(held_.release());
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  bool is_forked() const { return process_ != ::getpid(); }
  T& here() const {
    if (is_forked()) throw Cancelled("this pool was made before fork(): make a new one in the child process");
    return **held_;
  }

 private:
  std::unique_ptr<std::shared_ptr<T>> held_;
  const pid_t process_ = ::getpid();
};

class GuardedJob final : public detail::Job {
 public:
  explicit GuardedJob(std::shared_ptr<detail::Job> job) : job_(std::move(job)) {}

  void wait() override {
    if (!job_.is_forked()) job_.here().wait();
  }
  bool wait_until(std::chrono::steady_clock::time_point deadline) override {
    return job_.is_forked() || job_.here().wait_until(deadline);
  }
  bool cancel() override { return !job_.is_forked() && job_.here().cancel(); }
  std::string_view result(std::size_t item) override { return job_.here().result(item); }
  std::string logs() override { return job_.here().logs(); }
  Report report() override { return job_.here().report(); }
  Progress progress() override { return job_.here().progress(); }
  void forget_results() override {
    if (!job_.is_forked()) job_.here().forget_results();
  }

 private:
  const Owned<detail::Job> job_;
};

class GuardedConnection final : public detail::Connection {
 public:
  explicit GuardedConnection(std::shared_ptr<detail::Connection> connection)
      : connection_(std::move(connection)) {}

  std::shared_ptr<detail::Job> start(std::string head, std::vector<std::string> items,
                                     const MapOptions& options, detail::OnFailure on_failure) override {
    return std::make_shared<GuardedJob>(
        connection_.here().start(std::move(head), std::move(items), options, on_failure));
  }
  Tuning tune(const std::string& head, const std::vector<std::string>& items,
              const std::vector<int>& memory_mb) override {
    return connection_.here().tune(head, items, memory_mb);
  }
  detail::Sharing share(std::string_view bytes) override { return connection_.here().share(bytes); }
  Report report() override { return connection_.here().report(); }
  void wait_until_idle() override {
    if (!connection_.is_forked()) connection_.here().wait_until_idle();
  }
  void close() noexcept override {
    if (!connection_.is_forked()) connection_.here().close();
  }

 private:
  const Owned<detail::Connection> connection_;
};

}  // namespace

std::shared_ptr<detail::Connection> guarded_from_fork(std::shared_ptr<detail::Connection> connection) {
  return std::make_shared<GuardedConnection>(std::move(connection));
}

}  // namespace lambdapool::api
