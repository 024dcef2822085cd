// A pool's connection to its function: target, engine, and the envelope around each message.
#include "lambdapool/detail/connection.hpp"

#include <atomic>
#include <cmath>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>

#include "api/books.hpp"
#include "api/data_transfer.hpp"
#include "api/deployed_version.hpp"
#include "api/dispatcher.hpp"
#include "api/failure.hpp"
#include "api/fork_guard.hpp"
#include "api/initialised.hpp"
#include "api/job.hpp"
#include "api/output_printer.hpp"
#include "api/resumed_job.hpp"
#include "api/sample.hpp"
#include "api/transport.hpp"
#include "api/watched_job.hpp"
#include "aws/lambda/invoke.hpp"
#include "core/echo.hpp"
#include "core/encoding.hpp"
#include "core/envelope.hpp"
#include "core/task_data.hpp"
#include "lambdapool/errors.hpp"
#include "pool/ending.hpp"
#include "pool/engine.hpp"
#include "runtime/program.hpp"
#include "target/prices.hpp"
#include "target/project_place.hpp"
#include "target/target.hpp"

namespace lambdapool::api {
namespace {

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

constexpr int retries_max = 100;

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw_error(result.error());
  return std::move(*result);
}

// Null: of an answer that is streamed for its size nothing comes ahead.
pool::Engine::Ahead reader_for(const std::shared_ptr<Ahead>& ahead) {
  if (!ahead) return cloud::Caller::nothing_ahead;
  return [ahead](std::string_view piece) {
    for (auto& part : ahead->parts->read(piece)) ahead->take(std::move(part));
  };
}

// Owns the engine until closed; jobs hold on to this, not to the pool.
class EngineTransport final : public Transport {
 public:
  EngineTransport(std::unique_ptr<pool::Engine> engine, std::shared_ptr<objects::Store> store,
                  std::string peer, std::size_t workers, std::vector<std::string> rungs,
                  std::unique_ptr<OutputPrinter> printer, std::string function)
      : engine_(std::move(engine)),
        data_(std::move(store)),
        peer_(std::move(peer)),
        workers_(workers),
        rungs_(rungs.size()),
        variants_(std::make_move_iterator(rungs.begin()), std::make_move_iterator(rungs.end())),
        printer_(std::move(printer)),
        function_(std::move(function)) {}

  void submit(Call call, std::string_view head, std::string_view items, std::size_t variant, Done done,
              const std::shared_ptr<Ahead>& ahead) override {
    const std::string& called = version(variant);
    const auto engine = running();
    if (!engine) return done(fail(ErrorKind::cancelled, "the pool was closed before this was sent"));
    if (!data_.must_store(head.size() + items.size()))
      return send(*engine, call, head, items, data_.of_call(), called, std::move(done), ahead);
    // Storing it takes time that neither the caller nor the I/O thread has.
    data_.in_background(
        [this, engine, call, &called, ahead, body = std::string(head).append(items), done = std::move(done)] {
          const auto stored = data_.store(body);
          if (!stored) return done(tl::unexpected(stored.error()));
          const auto over = [this, name = stored->body, done](Result<Reply> reply) {
            data_.release(name);
            done(std::move(reply));
          };
          send(*engine, call, {}, {}, *stored, called, over, ahead);
        });
  }

  detail::Sharing share(std::string_view bytes) { return value_or_throw(data_.share(bytes)); }
  Result<std::vector<SharedPart>> shared_in(std::string_view message) { return data_.shared_in(message); }
  // From now on answers may be kept with what is shared, which takes longer than the I/O thread has.
  void keeps_failed() { keeps_failed_ = true; }

  bool cancel(Call call) override {
    const auto engine = running();
    return engine && engine->cancel(call);
  }

  void after(std::chrono::milliseconds delay, std::function<void()> work) override {
    if (const auto engine = running()) engine->after(delay, std::move(work));
  }

  std::optional<std::chrono::steady_clock::time_point> sent_at(Call call) const override {
    const std::lock_guard lock(mutex_);
    return engine_ ? engine_->sent_at(call) : std::nullopt;
  }

  report::Retries retries() const override {
    const std::lock_guard lock(mutex_);
    return engine_ ? engine_->standing().retries : report::Retries();
  }

  std::size_t variants() const override { return rungs_; }
  // A version more that can be called, which nothing climbs to; its number, as submit() takes it.
  std::size_t add_variant(std::string version) {
    const std::lock_guard lock(mutex_);
    variants_.push_back(std::move(version));
    return variants_.size();
  }
  Shown shown() const override { return {printer_ ? printer_->output() : nullptr, function_}; }
  std::size_t workers() const override { return workers_; }
  const std::string& peer() const override { return peer_; }

  void close() {
    std::shared_ptr<pool::Engine> engine;
    {
      const std::lock_guard lock(mutex_);
      engine = std::exchange(engine_, nullptr);
    }
    if (engine) engine->terminate();
    data_.close();
    if (printer_) printer_->end();
  }

 private:
  void send(pool::Engine& engine, Call call, std::string_view head, std::string_view items,
            const CallData& data, const std::string& variant, Done done,
            const std::shared_ptr<Ahead>& ahead) {
    std::string echo = echoes_.next();
    std::string members = data.members;
    pool::Engine::Ahead early;
    const auto output = shown().output;
    if (ahead) {
      pool::EarlyParts::Output print;
      if (output) print = [output, name = ahead->name](std::string_view lines) { output->add(name, lines); };
      ahead->parts = std::make_shared<pool::EarlyParts>(echo, print);
    }
    using Ways = cloud::CallLimits::Early;
    const auto way = engine.limits().early;
    if (way != Ways::none && (ahead || engine.limits().streams_for_size(data_.has_store()))) {
      if (!members.empty()) members += ',';
      members += envelope::parts_member({way == Ways::streamed, output != nullptr});
      early = reader_for(ahead);
    }
    const envelope::Label label{"cpp", peer_, echo, {}, {}, members};
    const bool raw = engine.limits().takes_raw(head.size() + items.size());
    auto payload = raw ? envelope::encode_raw(label, head, items)
                       : envelope::encode_within(engine.limits().request_bytes_max, envelope::Direction::task,
                                                 label, head, items);
    const auto completed = [this, result = data.result, done = std::move(done), output,
                            ahead](Result<aws::Invoked> invoked) {
      if (output && ahead) output->add_rest(ahead->name, *ahead->parts, invoked);
      auto reply = std::move(invoked).map([](aws::Invoked&& answer) {
        return Reply{std::move(answer.payload), std::move(answer.log_tail_base64),
                     std::move(answer.request_id)};
      });
      if (!keeps_failed_ || !data_.has_shared()) return data_.receive(result, std::move(reply), done);
      data_.in_background([this, result, reply = std::move(reply), done]() mutable {
        data_.receive(result, std::move(reply), done);
      });
    };
    if (!payload)
      return engine.refuse(pool::too_large_to_encode(head.size() + items.size(), engine.limits()), completed);
    engine.submit(call, std::move(*payload), completed, std::move(echo), variant, std::move(early));
  }

  const std::string& version(std::size_t variant) const {
    const std::lock_guard lock(mutex_);
    return variant == 0 ? itself_ : variants_[variant - 1];
  }

  std::shared_ptr<pool::Engine> running() {
    const std::lock_guard lock(mutex_);
    return engine_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<pool::Engine> engine_;
  DataTransfer data_;
  const std::string peer_;
  Echoes echoes_;
  const std::size_t workers_;
  std::atomic<bool> keeps_failed_ = false;
  const std::string itself_ = {};  // the function, of which the engine knows
  const std::size_t rungs_;
  std::deque<std::string> variants_;              // those first; none is ever moved
  const std::unique_ptr<OutputPrinter> printer_;  // of what tasks print; null: that is not wanted
  const std::string function_;
};

const Retry& checked(const Retry& retry) {
  if (retry.times < 0 || retry.times > retries_max)
    throw InvalidArgument("Retry::times is 0 to " + std::to_string(retries_max) + ", not " +
                          std::to_string(retry.times));
  if (retry.backoff < retry.backoff.zero() || retry.backoff > backoff_max)
    throw InvalidArgument("Retry::backoff is 0 to 60,000 ms, not " + std::to_string(retry.backoff.count()));
  return retry;
}

target::TargetOptions target_options(const Options& options) {
  target::TargetOptions target;
  target.target = given(options.target);
  target.allow_http = options.allow_http;
  target.aws.access_key_id = given(options.aws_access_key_id);
  target.aws.secret_access_key = given(options.aws_secret_access_key);
  target.aws.session_token = given(options.aws_session_token);
  target.aws.profile = given(options.profile);
  target.aws.region = given(options.region);
  target.project = given(options.project);
  if (auto taken = target::take_from_project(target, Environment::of_this_process()); !taken)
    throw_error(taken.error());
  return target;
}

class EngineConnection final : public detail::Connection {
 public:
  EngineConnection(std::shared_ptr<EngineTransport> transport, std::shared_ptr<Books> books,
                   std::string function, const Options& options, bool is_local)
      : transport_(std::move(transport)),
        books_(std::move(books)),
        dispatcher_(std::make_shared<Dispatcher>(transport_, books_, keeper_of(function, *transport_))),
        function_(std::move(function)),
        options_(options),
        is_local_(is_local) {
    checked(options.retry);
  }
  ~EngineConnection() override { transport_->close(); }

  std::shared_ptr<detail::Job> start(std::string head, std::vector<std::string> items,
                                     const MapOptions& options, detail::OnFailure on_failure) override {
    if (options.max_cost) check_cost(*options.max_cost);
    if (options.rerun_stragglers && !options_.idempotent)
      throw InvalidArgument(
          "rerun_stragglers runs elements twice, which does no harm only where the pool is idempotent");
    auto job = start_job(std::move(head), std::move(items), options, on_failure);
    return options.progress ? watch(std::move(job), options.progress) : job;
  }
  Tuning tune(const std::string& head, const std::vector<std::string>& items,
              const std::vector<int>& memory_mb) override {
    if (items.empty()) throw InvalidArgument("the sample is empty: tune() needs elements to run");
    const auto versions = value_or_throw(
        deployed_sizes(options_, target_options(options_), Environment::of_this_process(), memory_mb));
    std::map<int, std::size_t> variants;
    for (const auto& [size, version] : versions) variants.emplace(size, transport_->add_variant(version));
    if (!options_.keep_failed.empty()) transport_->keeps_failed();
    auto rows = run_sample(*dispatcher_, *books_, head, items, variants,
                           {.retry = options_.retry, .keep_failed = options_.keep_failed});
    return Tuning(std::move(rows), is_local_);
  }
  Report report() override { return books_->report(nullptr); }
  detail::Sharing share(std::string_view bytes) override { return transport_->share(bytes); }
  void wait_until_idle() override { dispatcher_->wait_until_idle(); }
  void close() noexcept override {
    transport_->close();
    dispatcher_->give_up_all();
  }

 private:
  void check_cost(double dollars) const {
    if (!(dollars > 0) || !std::isfinite(dollars)) throw InvalidArgument("max_cost is dollars above 0");
    if (!books_->prices()) throw_error(books_->prices().error());
  }

  std::shared_ptr<detail::Job> start_job(std::string head, std::vector<std::string> items,
                                         const MapOptions& options, detail::OnFailure on_failure) {
    Dispatcher::JobOptions job{
        .chunksize = options.chunksize,
        .on_failure = on_failure,
        .retry = options.retry.on ? checked(options.retry) : options_.retry,
        .max_cost = options.max_cost,
        .rerun_stragglers = options.rerun_stragglers,
        .keep_failed = options.keep_failed.empty() ? options_.keep_failed : options.keep_failed};
    if (!job.keep_failed.empty()) transport_->keeps_failed();
    // Items that share a call run out of memory together.
    if (job.chunksize == 0 && transport_->variants() > 0) job.chunksize = 1;
    if (options.name.empty()) return dispatcher_->start(std::move(head), std::move(items), std::move(job));
    const auto identity = runtime::ProgramIdentity::parse(transport_->peer());
    const std::string& code = identity.program.empty() ? identity.build : identity.program;
    return resume({options, function_, sha256_hex(code + head), options_.idempotent},
                  Environment::of_this_process(), std::move(items),
                  [&](std::vector<std::string> missing, std::shared_ptr<RunRecorder> recorder) {
                    job.recorder = std::move(recorder);
                    return dispatcher_->start(std::move(head), std::move(missing), std::move(job));
                  });
  }

  static std::shared_ptr<Keeper> keeper_of(const std::string& function, EngineTransport& transport) {
    return std::make_shared<Keeper>(function, transport.peer(), [&transport](std::string_view message) {
      return transport.shared_in(message);
    });
  }

  std::shared_ptr<EngineTransport> transport_;
  std::shared_ptr<Books> books_;
  std::shared_ptr<Dispatcher> dispatcher_;
  const std::string function_;
  const Options options_;
  const bool is_local_;
};

std::string own_peer() {
  const runtime::ProgramIdentity identity = runtime::own_identity();
  if (identity.build.empty()) {
    throw InvalidArgument(
        "this executable has no build-id, by which lambdapool knows that the deployed one is the same; link "
        "it with "
        "-Wl,--build-id (the CMake target lambdapool::lambdapool does)");
  }
  return identity.to_string();
}

// Of a function that is called by name, name:qualifier, or ARN.
std::string plain_name(std::string_view function) {
  constexpr std::string_view before = ":function:";
  if (const auto at = function.find(before); at != std::string_view::npos)
    function.remove_prefix(at + before.size());
  return std::string(function.substr(0, function.find(':')));
}

}  // namespace
}  // namespace lambdapool::api

namespace lambdapool::detail {

std::shared_ptr<Connection> Connection::open(const Options& options) {
  if (!api::initialised()) {
    throw InvalidArgument(
        "lambdapool::init(argc, argv) must be called first thing in main, before a pool is made: this very "
        "executable "
        "is what runs in AWS Lambda");
  }
  std::string peer = api::own_peer();
  const Environment environment = Environment::of_this_process();
  pool::EngineOptions engine_options;
  auto target_options = api::target_options(options);
  if (const auto name = target_options.target.value_or(environment.get("LAMBDAPOOL_TARGET").value_or("aws"));
      !options.bucket.empty() && (name == "gcp" || name == "gcp-local"))
    throw InvalidArgument(
        "a call to Cloud Run takes 32 MiB as they are, and no bucket for more: leave bucket out");
  auto called = api::value_or_throw(api::called_functions(options, target_options, environment));
  engine_options.function = called.front();
  called.erase(called.begin());
  engine_options.workers = options.workers;
  engine_options.function_timeout = options.function_timeout;
  engine_options.throttle_deadline = options.throttle_timeout;
  engine_options.network_deadline = options.network_timeout;
  engine_options.idempotent = options.idempotent;
  engine_options.retries = options.retries;
  engine_options.wants_output = options.show_output;
  target_options.bucket =
      options.bucket.empty() ? environment.get("LAMBDAPOOL_BUCKET").value_or("") : options.bucket;
  auto target = api::value_or_throw(target::resolve(target_options, environment));
  std::shared_ptr<objects::Store> store;
  if (!target.bucket.empty()) store = api::value_or_throw(objects::Store::open(target));
  auto books = std::make_shared<api::Books>([&](const std::string& architecture) {
    return target::prices_of(target.name, target.region, architecture, environment);
  });
  engine_options.observe = [books](std::uint64_t call, const report::CallTimes& times,
                                   const ErrorKind* failure) { books->observe(call, times, failure); };
  const bool is_local = target.name == "local";
  auto engine = api::value_or_throw(pool::Engine::open(std::move(target), engine_options));
  return api::guarded_from_fork(std::make_shared<api::EngineConnection>(
      std::make_shared<api::EngineTransport>(
          std::move(engine), std::move(store), std::move(peer), static_cast<std::size_t>(options.workers),
          std::move(called), options.show_output ? std::make_unique<api::OutputPrinter>() : nullptr,
          api::plain_name(engine_options.function)),
      std::move(books), engine_options.function, options, is_local));
}

}  // namespace lambdapool::detail
