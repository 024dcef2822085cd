// How a pool sends: one message out, one payload back. The engine in earnest, a fake in tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "pool/batch.hpp"
#include "pool/early_parts.hpp"
#include "pool/live_output.hpp"
#include "report/call.hpp"

namespace lambdapool::api {

struct Reply {
  std::string payload;               // an envelope
  std::string log_tail_base64 = {};  // as it came
  std::string request_id = {};
  std::string stored_body = {};  // of an envelope that says so, fetched and checked
};

// Of a call of which something may come before its answer.
struct Ahead {
  std::function<void(pool::EarlyPart)> take;
  std::string name = {};                              // of the call, for who sees what it prints
  std::shared_ptr<pool::EarlyParts> parts = nullptr;  // which have read it; null: nothing comes
};

// Where what tasks print is shown, where that is wanted.
struct Shown {
  std::shared_ptr<pool::LiveOutput> output = nullptr;  // null: it is not
  std::string function = {};                           // whose tasks they are, as users know it
};

class Transport {
 public:
  using Call = pool::Batch::Call;
  using Done = std::function<void(Result<Reply>)>;

  virtual ~Transport() = default;
  // `done` runs exactly once, perhaps before submit returns. `variant`: which version of the function with
  // another memory is called, from 1: first those to climb. 0: the function. `ahead`: null where nothing
  // can come ahead that matters.
  virtual void submit(Call call, std::string_view head, std::string_view items, std::size_t variant,
                      Done done, const std::shared_ptr<Ahead>& ahead) = 0;
  virtual bool cancel(Call call) = 0;  // true: it had not been sent, and `done` runs with kind cancelled
  // `work` runs later, on another thread; never, once the transport has been closed.
  virtual void after(std::chrono::milliseconds delay, std::function<void()> work) = 0;
  // Since when a call is with a worker; nullopt: not yet, or it has its answer.
  virtual std::optional<std::chrono::steady_clock::time_point> sent_at(Call) const { return std::nullopt; }
  virtual report::Retries retries() const { return {}; }  // of all calls so far
  virtual std::size_t variants() const { return 0; }      // to climb
  virtual Shown shown() const { return {}; }
  virtual std::size_t workers() const = 0;
  virtual const std::string& peer() const = 0;  // this program's, as its envelopes name it
};

}  // namespace lambdapool::api
