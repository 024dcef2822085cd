// lambdapool._native: the engine, as Python sees it. Bytes go in and batches of outcomes come out; the GIL
// is held only to convert them. What the bytes mean is the Python package's business.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <unistd.h>

#include <cmath>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "buffer_view.hpp"
#include "core/echo.hpp"
#include "core/encoding.hpp"
#include "core/envelope.hpp"
#include "core/environment.hpp"
#include "core/json_scan.hpp"
#include "core/limits.hpp"
#include "engine_queue.hpp"
#include "local_lambda.hpp"
#include "objects/store.hpp"
#include "outcome_check.hpp"
#include "pool/ending.hpp"
#include "pool/engine.hpp"
#include "pool/log_tails.hpp"
#include "target/target.hpp"

namespace nb = nanobind;

namespace lambdapool::python {
namespace {

constexpr std::size_t log_bytes_max = std::size_t{16} << 20;  // of one pool's newest calls

struct Settings {
  std::string function;
  int workers;
  std::string peer;
  std::string python;
  std::optional<std::string> target;
  std::optional<std::string> region;
  std::optional<std::string> profile;
  std::optional<std::string> access_key_id;
  std::optional<std::string> secret_access_key;
  std::optional<std::string> session_token;
  std::optional<double> function_timeout;
  double throttle_timeout;
  double network_timeout;
  double read_margin;
  bool idempotent;
  std::optional<int> retries;
  bool allow_http;
  std::string bucket;
};

struct Opened {
  std::shared_ptr<pool::Engine> engine;
  std::shared_ptr<objects::Store> store;  // null: there is no bucket
  std::string target;
};

// Whether Python has a signal to handle, whose exception (KeyboardInterrupt) is raised then. Only the main
// thread ever has.
class Interruption {
 public:
  bool raised() {
    if (raised_) return true;
    const nb::gil_scoped_acquire acquired;
    raised_ = PyErr_CheckSignals() != 0;
    return raised_;
  }
  void rethrow() const {
    if (raised_) throw nb::python_error();
  }

 private:
  bool raised_ = false;
};

Result<Opened> open(const Settings& settings, Interruption& interruption,
                    const std::shared_ptr<EngineQueue>& queue) {
  target::TargetOptions where;
  where.give_up = [&interruption] { return interruption.raised(); };
  where.target = settings.target;
  where.aws = {.access_key_id = settings.access_key_id,
               .secret_access_key = settings.secret_access_key,
               .session_token = settings.session_token,
               .profile = settings.profile,
               .region = settings.region};
  where.python = settings.python;
  where.allow_http = settings.allow_http;
  where.bucket = settings.bucket;
  auto found = target::resolve(where, Environment::of_this_process());
  if (!found) return tl::unexpected<Error>(std::move(found.error()));
  pool::EngineOptions options;
  options.function = settings.function;
  options.workers = settings.workers;
  if (const auto most = settings.function_timeout)
    options.function_timeout = std::chrono::seconds(static_cast<long>(std::ceil(*most)));
  options.throttle_deadline = std::chrono::milliseconds(static_cast<long>(settings.throttle_timeout * 1e3));
  options.network_deadline = std::chrono::milliseconds(static_cast<long>(settings.network_timeout * 1e3));
  options.warn = [queue](const std::string& warning) { queue->warn(warning); };
  options.read_margin = std::chrono::milliseconds(static_cast<long>(settings.read_margin * 1e3));
  options.idempotent = settings.idempotent;
  options.retries = settings.retries;
  std::string name = found->name;
  std::shared_ptr<objects::Store> store;
  if (!found->bucket.empty()) {
    auto opened = objects::Store::open(*found);
    if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
    store = std::move(*opened);
  }
  auto engine = pool::Engine::open(std::move(*found), std::move(options));
  if (!engine) return tl::unexpected<Error>(std::move(engine.error()));
  return Opened{std::shared_ptr<pool::Engine>(std::move(*engine)), std::move(store), std::move(name)};
}

nb::object text(const std::string& bytes) {
  PyObject* decoded = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
  return nb::steal<nb::object>(decoded);
}

// (kind's number, message, code, request id, HTTP status, log tail, detail), as lambdapool.errors.from_native
// reads it.
nb::tuple to_tuple(const Error& error) {
  return nb::make_tuple(static_cast<int>(error.kind), text(error.message), text(error.code),
                        text(error.request_id), error.http_status, text(error.log_tail), text(error.detail));
}

// What a worker answered, unwrapped, unless it is nothing that this Python should unpickle.
Result<envelope::Envelope> body_of(Result<aws::Invoked>& answer, const std::string& own_peer) {
  if (!answer) return tl::unexpected<Error>(std::move(answer.error()));
  auto decoded = envelope::decode(envelope::Direction::outcome, answer->payload);
  std::optional<Error> refusal;
  if (decoded) {
    refusal = refusal_to_unpickle(*decoded, own_peer);
    if (!refusal) return std::move(*decoded);
  }
  Error error = refusal ? std::move(*refusal) : std::move(decoded.error());
  error.message += "; the function may have run";
  error.request_id = answer->request_id;
  if (!error.request_id.empty()) error.message += " (request id " + error.request_id + ")";
  error.log_tail = base64_decode(answer->log_tail_base64).value_or("");
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

class Engine {
 public:
  explicit Engine(Settings settings) : settings_(std::move(settings)), owner_(::getpid()) {}
  ~Engine() {
    if (forked()) {
      leak();
    } else {
      close();
    }
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // None, or the error's tuple: the package raises its own exceptions.
  nb::object open_engine() {
    Result<Opened> opened;
    Interruption interruption;
    {
      const nb::gil_scoped_release released;
      opened = python::open(settings_, interruption, queue_);
    }
    interruption.rethrow();
    if (!opened) return to_tuple(opened.error());
    const std::lock_guard lock(mutex_);
    target_ = opened->target;
    engine_ = std::move(opened->engine);
    store_ = std::move(opened->store);
    return nb::none();
  }

  void submit(std::uint64_t id, const nb::bytes& function, const nb::bytes& arguments, std::string_view code,
              std::string_view members) {
    const std::string_view head(function.c_str(), function.size());
    const std::string_view tail(arguments.c_str(), arguments.size());
    // A GIL given away is slow to come back when other threads want it: only worth it for real work.
    if (head.size() + tail.size() < large_bytes) return send(id, head, tail, code, members);
    const nb::gil_scoped_release released;
    send(id, head, tail, code, members);
  }

  bool cancel(std::uint64_t id) {
    const auto engine = running();
    const auto engine_id = queue_->engine_id(id);
    return engine_id && engine->cancel(*engine_id);
  }

  nb::list wait(std::optional<double> timeout) {
    refuse_forked();
    std::vector<std::pair<std::uint64_t, Result<envelope::Envelope>>> outcomes;
    {
      const nb::gil_scoped_release released;
      const auto queue = queue_;
      std::optional<std::chrono::duration<double>> span;
      if (timeout) span = std::chrono::duration<double>(*timeout);
      for (auto& completion : queue->take(span)) {
        auto body = body_of(completion.answer, settings_.peer);
        if (store_ && completion.answer && !(body && body->stored))
          store_->forget(result_name(completion.id));
        keep_log(completion, body);
        outcomes.emplace_back(completion.id, std::move(body));
      }
    }
    nb::list batch;
    for (const auto& [id, outcome] : outcomes) {
      if (outcome) {
        const std::string& body = outcome->body;
        nb::object told = outcome->stored ? text(body) : nb::object(nb::bytes(body.data(), body.size()));
        batch.append(nb::make_tuple(id, told, nb::none()));
      } else {
        batch.append(nb::make_tuple(id, nb::none(), to_tuple(outcome.error())));
      }
    }
    return batch;
  }

  // None, or the error's tuple; (name of the file, error) of put().
  nb::tuple put(const std::string& name, const nb::object& bytes) {
    const BufferView view(bytes, BufferView::Access::read);
    const auto store = running_store();
    Result<objects::Stored> stored;
    {
      const nb::gil_scoped_release released;
      stored = store->put(name, {view.data(), view.size()});
    }
    if (!stored) return nb::make_tuple("", to_tuple(stored.error()));
    return nb::make_tuple(text(stored->file), nb::none());
  }
  nb::object get(std::uint64_t id, std::uint64_t offset, const nb::object& into) {
    const BufferView view(into, BufferView::Access::write);
    const auto store = running_store();
    Result<void> got;
    {
      const nb::gil_scoped_release released;
      got = store->get(result_name(id), offset, view.data(), view.size());
    }
    return got ? nb::object(nb::none()) : nb::object(to_tuple(got.error()));
  }
  void remove(const std::string& name) {
    if (const auto store = running_store()) store->remove(name);
  }
  void remove_result(std::uint64_t id) { remove(result_name(id)); }
  std::string url(const std::string& name) { return running_store()->url("GET", name); }
  bool has_store() const { return store_ != nullptr; }
  std::string bucket() const { return store_ ? store_->bucket() : ""; }

  // (whether it is kept, the text). A forked child cannot trust the lock: it has none.
  nb::tuple log_of(std::uint64_t id) const {
    pool::LogTails::Tail tail;
    if (!forked()) {
      const std::lock_guard lock(log_mutex_);
      tail = log_tails_.of(id);
    }
    return nb::make_tuple(tail.kept, text(tail.text));
  }

  nb::list warnings() {
    refuse_forked();
    nb::list texts;
    for (const auto& warning : queue_->take_warnings()) texts.append(text(warning));
    return texts;
  }

  void wake() { queue_->wake(); }

  void terminate() {
    const auto engine = running();
    const nb::gil_scoped_release released;
    engine->terminate();
  }

  void close_engine() {
    refuse_forked();
    const nb::gil_scoped_release released;
    close();
  }

  const std::string& target() const { return target_; }
  std::uint64_t batches() const { return queue_->batches(); }

 private:
  static constexpr std::size_t large_bytes = 16 * 1024;

  bool forked() const { return owner_ != ::getpid(); }

  void refuse_forked() const {
    if (forked())
      throw std::runtime_error("this pool was made before fork(): make a new one in the child process");
  }

  std::shared_ptr<pool::Engine> running() {
    refuse_forked();
    const std::lock_guard lock(mutex_);
    if (!engine_) throw std::runtime_error("the engine is closed");
    return engine_;
  }

  static std::string result_name(std::uint64_t id) { return "result-" + std::to_string(id); }

  std::shared_ptr<objects::Store> running_store() {
    refuse_forked();
    const std::lock_guard lock(mutex_);
    if (!engine_ || !store_) throw std::runtime_error("the engine is closed, or has no store");
    return store_;
  }

  // Where the worker puts an answer that does not fit, and the members that the caller gives.
  std::string members_of(std::uint64_t id, std::string_view given) {
    std::string members(given);
    if (!store_) return members;
    const auto name = result_name(id);
    store_->expect(name);
    members.append(members.empty() ? "\"results\":{\"url\":" : ",\"results\":{\"url\":");
    append_json_string(members, store_->url("PUT", name));
    return members.append("}");
  }

  void send(std::uint64_t id, std::string_view function, std::string_view arguments, std::string_view code,
            std::string_view given) {
    const auto engine = running();
    queue_->sent(id);
    std::string echo = echoes_.next();
    const std::string members = members_of(id, given);
    auto payload =
        envelope::encode_within(limits::request_payload_bytes_max, envelope::Direction::task,
                                {codec, settings_.peer, echo, {}, code, members}, function, arguments);
    const auto completed = [queue = queue_, id](Result<aws::Invoked> answer) {
      queue->push({id, std::move(answer)});
    };
    const auto engine_id =
        payload ? engine->submit(std::move(*payload), completed, std::move(echo))
                : engine->refuse(pool::too_large_to_encode(function.size() + arguments.size()), completed);
    queue_->named(id, engine_id);
  }

  void keep_log(Completion& completion, const Result<envelope::Envelope>& body) {
    const std::lock_guard lock(log_mutex_);
    if (completion.answer) {
      log_tails_.keep_base64(completion.id, std::move(completion.answer->log_tail_base64));
    } else {
      log_tails_.keep_text(completion.id, body.error().log_tail);
    }
  }

  void close() {
    std::shared_ptr<pool::Engine> engine;
    {
      const std::lock_guard lock(mutex_);
      engine = std::move(engine_);
    }
    if (engine) engine->terminate();
    engine.reset();
    queue_->close();
    if (store_) store_->close();
  }

  // In a forked child the engine's threads are gone: ending them would wait for ever.
  void leak() {
    new std::shared_ptr<pool::Engine>(std::move(engine_));
    new std::shared_ptr<objects::Store>(std::move(store_));
  }

  Settings settings_;
  pid_t owner_;
  std::mutex mutex_;
  std::shared_ptr<pool::Engine> engine_;
  std::shared_ptr<objects::Store> store_;  // set once, by open_engine()
  std::shared_ptr<EngineQueue> queue_ = std::make_shared<EngineQueue>();
  Echoes echoes_;
  std::string target_;
  mutable std::mutex log_mutex_;  // never held while the GIL is wanted
  pool::LogTails log_tails_{log_bytes_max};
};

}  // namespace lambdapool::python

NB_MODULE(_native, module) {
  using lambdapool::python::Engine;
  using lambdapool::python::Settings;
  using optional_text = std::optional<std::string>;
  // A daemon thread that the interpreter's end froze keeps what it holds: nothing to warn of.
  nb::set_leak_warnings(false);
  module.attr("version") = LAMBDAPOOL_VERSION;
  lambdapool::python::bind_local_lambda(module);
  nb::class_<Engine>(module, "Engine")
      .def(
          "__init__",
          [](Engine* self, std::string function, int workers, std::string peer, std::string python,
             optional_text target, optional_text region, optional_text profile, optional_text access_key_id,
             optional_text secret_access_key, optional_text session_token,
             std::optional<double> function_timeout, double throttle_timeout, double network_timeout,
             double read_margin, bool idempotent, std::optional<int> retries, bool allow_http,
             std::string bucket) {
            new (self) Engine(Settings{
                std::move(function), workers, std::move(peer), std::move(python), std::move(target),
                std::move(region), std::move(profile), std::move(access_key_id), std::move(secret_access_key),
                std::move(session_token), function_timeout, throttle_timeout, network_timeout, read_margin,
                idempotent, retries, allow_http, std::move(bucket)});
          },
          nb::arg("function"), nb::arg("workers"), nb::kw_only(), nb::arg("peer"), nb::arg("python"),
          nb::arg("target") = nb::none(), nb::arg("region") = nb::none(), nb::arg("profile") = nb::none(),
          nb::arg("access_key_id") = nb::none(), nb::arg("secret_access_key") = nb::none(),
          nb::arg("session_token") = nb::none(), nb::arg("function_timeout") = nb::none(),
          nb::arg("throttle_timeout") = 300.0, nb::arg("network_timeout") = 120.0,
          nb::arg("read_margin") = 30.0, nb::arg("idempotent") = false, nb::arg("retries") = nb::none(),
          nb::arg("allow_http") = false, nb::arg("bucket") = "")
      .def("open", &Engine::open_engine)
      .def("submit", &Engine::submit, nb::arg("id"), nb::arg("function"), nb::arg("arguments"),
           nb::arg("code") = "", nb::arg("members") = "")
      .def("put", &Engine::put, nb::arg("name"), nb::arg("bytes"))
      .def("get", &Engine::get, nb::arg("id"), nb::arg("offset"), nb::arg("into"))
      .def("remove", &Engine::remove, nb::arg("name"))
      .def("remove_result", &Engine::remove_result, nb::arg("id"))
      .def("url", &Engine::url, nb::arg("name"))
      .def_prop_ro("has_store", &Engine::has_store)
      .def_prop_ro("bucket", &Engine::bucket)
      .def("cancel", &Engine::cancel, nb::arg("id"))
      .def("wait", &Engine::wait, nb::arg("timeout") = nb::none())
      .def("log_of", &Engine::log_of, nb::arg("id"))
      .def("warnings", &Engine::warnings)
      .def("wake", &Engine::wake)
      .def("terminate", &Engine::terminate)
      .def("close", &Engine::close_engine)
      .def_prop_ro("target", &Engine::target)
      .def_prop_ro("batches", &Engine::batches);
}
