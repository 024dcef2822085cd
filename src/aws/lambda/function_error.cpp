#include "aws/lambda/function_error.hpp"

#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"
#include "aws/lambda/report.hpp"

namespace lambdapool::aws {

namespace {

using nlohmann::json;

// "RequestId: <id> Error: WHAT" is WHAT.
std::string_view reason_of(std::string_view message) {
  constexpr std::string_view marker = " Error: ";
  const auto at = message.find(marker);
  if (!message.starts_with("RequestId: ") || at == std::string_view::npos) return message;
  return message.substr(at + marker.size());
}

// The N of "... timed out after N seconds".
std::optional<std::string> seconds_of(std::string_view message) {
  constexpr std::string_view before = "Task timed out after ", after = " seconds";
  const auto at = message.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  const auto rest = message.substr(at + before.size());
  const auto end = rest.find(after);
  if (end == std::string_view::npos ||
      rest.substr(0, end).find_first_not_of("0123456789.") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::string(rest.substr(0, end));
}

// The bare name of NAME, NAME:QUALIFIER, ACCOUNT:function:NAME and the ARN.
std::string_view bare_name(std::string_view function) {
  constexpr std::string_view marker = "function:";
  if (const auto at = function.find(marker); at != std::string_view::npos)
    function.remove_prefix(at + marker.size());
  return function.substr(0, function.find(':'));
}

class Classifier {
 public:
  Classifier(const json& body, std::string_view log, std::string_view function, Most most)
      : type_(text(body, "errorType")),
        message_(text(body, "errorMessage")),
        report_(find_report(log).value_or(Report{})),
        name_(bare_name(function)),
        most_(most) {}

  Error run() {
    Error error;
    error.code = type_;
    error.kind = kind();
    error.message = sentence(error.kind);
    return error;
  }

 private:
  ErrorKind kind() const {
    if (type_ == "Sandbox.Timedout") return ErrorKind::timed_out;
    // Until 2024 a timeout had no type; with one, the same words are some function's own.
    if (type_.empty() && seconds_of(message_)) return ErrorKind::timed_out;
    if (type_ == "Runtime.OutOfMemory") return ErrorKind::out_of_memory;
    if (type_ == "Runtime.ExitError")
      return ran_out_of_memory() ? ErrorKind::out_of_memory : ErrorKind::worker_died;
    if (type_ == "Function.ResponseSizeTooLarge") return ErrorKind::payload_too_large;
    if (type_ == "LambdapoolCodeMismatch") return ErrorKind::code_mismatch;
    if (type_ == "LambdapoolProtocolError") return ErrorKind::protocol;
    for (const char* missing : {"Runtime.ImportModuleError", "Runtime.HandlerNotFound",
                                "Runtime.InvalidEntrypoint", "Runtime.MalformedHandlerName"}) {
      if (type_ == missing) return ErrorKind::code_mismatch;
    }
    return ErrorKind::function_error;
  }

  bool ran_out_of_memory() const {
    if (report_.error_type == "Runtime.OutOfMemory") return true;
    return message_.find("signal: killed") != std::string::npos && report_.memory_mb > 0 &&
           report_.max_memory_used_mb >= report_.memory_mb;
  }

  std::string sentence(ErrorKind kind) const {
    switch (kind) {
      case ErrorKind::timed_out:
        return timed_out();
      case ErrorKind::out_of_memory:
        return out_of_memory();
      case ErrorKind::worker_died:
        return worker_died();
      case ErrorKind::payload_too_large:
        return "the result that " + function() + " returned is too large: " + message_ +
               " Return less, or store it elsewhere and return where it is";
      case ErrorKind::code_mismatch:
        if (type_.starts_with("Runtime.")) {
          return function() + " could not load its code: " + std::string(reason_of(message_)) +
                 "; deploy it again with `" + update("") + "`";
        }
        return message_;
      case ErrorKind::protocol:
        return message_ + "; where another version of lambdapool has made " + function() +
               ", deploy it again with `" + update("") + "`";
      default:
        return own_error();
    }
  }

  std::string timed_out() const {
    auto seconds = seconds_of(message_);
    return function() + " timed out" + (seconds ? " after " + *seconds + " seconds (its timeout)" : "") +
           "; raise it with `" + update(" --timeout SECONDS") + "`, at most " +
           std::to_string(most_.timeout_s);
  }

  std::string out_of_memory() const {
    std::string out = function() + " ran out of memory";
    if (report_.memory_mb > 0) {
      out += ": it used " + std::to_string(report_.max_memory_used_mb) + " MB of its " +
             std::to_string(report_.memory_mb) + " MB";
    }
    return out + "; raise it with `" + update(" --memory MB") + "`, at most " +
           std::to_string(most_.memory_mb);
  }

  std::string worker_died() const {
    const auto reason = reason_of(message_);
    constexpr std::string_view known = "Runtime exited with error: ";
    if (reason.starts_with(known)) {
      return "the worker process of " + function() + " died (" + std::string(reason.substr(known.size())) +
             ") without an answer";
    }
    if (reason == "Runtime exited without providing a reason") {
      return "the worker process of " + function() + " exited without an answer";
    }
    return "the worker process of " + function() + " died: " + std::string(reason);
  }

  std::string own_error() const {
    if (message_.empty() && type_.empty()) return function() + " failed with an error of its own";
    if (type_.empty()) return message_;
    return message_.empty() ? type_ : type_ + ": " + message_;
  }

  std::string function() const { return name_.empty() ? "the function" : "the function " + name_; }
  std::string update(const char* option) const {
    return "lambdapool update " + (name_.empty() ? std::string("NAME") : name_) + option;
  }

  std::string type_;
  std::string message_;
  Report report_;
  std::string name_;
  Most most_;
};

}  // namespace

Error function_error(std::string payload, std::string log, std::string_view function, Most most) {
  auto error = Classifier(json::parse(payload, nullptr, false), log, function, most).run();
  error.http_status = 200;
  error.log_tail = std::move(log);
  error.detail = std::move(payload);
  return error;
}

}  // namespace lambdapool::aws
