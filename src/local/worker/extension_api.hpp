// AWS Lambda's Extensions API, as the extensions of one worker process see it: who registers when, who is
// told of what, and whom the worker waits for. External ones are processes of their own
// (extension_processes.hpp), internal ones live in the runtime's process; the API is the same for both.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.hpp"
#include "local/worker/invocation.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

class ExtensionApi {
 public:
  struct Events {
    std::function<void()> registered;                    // the last of the external ones
    std::function<void(std::string_view line)> settled;  // it is ready for the first time: a line for the log
    std::function<void()> ready;                         // one more waits for an event
  };

  // `external`: the file names of those that are started, which is what they register by.
  ExtensionApi(std::shared_ptr<const FunctionVersion> function, const std::vector<std::string>& external,
               Events events);

  static bool serves(std::string_view target);  // a path of this API
  void handle(http::Request request, http::Responder responder);

  bool any() const { return !extensions_.empty(); }
  bool any_external() const;
  // All that have registered, and were told of something, wait for the next event.
  bool ready() const;
  // The runtime has asked for its first invocation: from here on nobody can register.
  void close_registration() { open_ = false; }

  void invoke(const Invocation& invocation, std::int64_t deadline_ms, const std::string& trace_id);
  // Tells an external extension that the worker ends; false where it did not ask to be told.
  bool shut_down(const std::string& name, std::string_view reason, std::int64_t deadline_ms);

  // "Extension.InitError" or "Extension.ExitError", where the one of that name (or any internal one, for "")
  // has reported that it is going to end; else "".
  std::string reported(const std::string& name) const;

 private:
  struct Extension {
    std::string name;
    bool external = false;
    std::string id = {};  // "": it has not registered
    bool invoke = false;
    bool shutdown = false;
    bool at_work = true;  // it was told of something, or has just started, and has not asked for more
    bool settled = false;
    std::string reported = {};
    std::optional<http::Responder> poll = {};
    std::uint64_t poll_number = 0;
    std::optional<std::string> event = {};  // not handed out yet
  };

  void enrol(const http::Request& request, http::Responder responder);
  void next(Extension& extension, http::Responder responder);
  void fail(Extension& extension, const http::Request& request, bool init, http::Responder responder);
  std::optional<http::Response> subscribe(Extension& extension, const std::string& body) const;
  Extension* find_name(std::string_view name);
  Extension* find_id(std::string_view id);
  static void tell(Extension& extension, std::string event);

  std::shared_ptr<const FunctionVersion> function_;
  Events events_;
  bool open_ = true;
  std::vector<std::unique_ptr<Extension>> extensions_;
};

}  // namespace lambdapool::local
