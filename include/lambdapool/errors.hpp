// What can go wrong, as exceptions.
//
// Two families, told apart by who failed. The platform (limits, permissions, the network, a worker that
// died): LambdaPoolError and its kinds. The function itself: its own exception arrives as its standard
// type, so that `catch (const std::out_of_range&)` works across the wire; what is thrown is a
// Remote<std::out_of_range>, which is also a RemoteError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lambdapool/detail/abi.hpp"
#include "lambdapool/error_kind.hpp"

namespace lambdapool {

// A function that a worker was in. What is not known is empty, or 0.
struct StackFrame {
  std::string function = {};  // "shop::Cart::total(int const*)"
  std::string file = {};      // where the program was built with -g, and addr2line is installed
  int line = 0;
  std::string module = {};   // a library's path in the worker; "" is the executable
  std::uint64_t offset = 0;  // in the module's file
};
std::string to_string(const StackFrame& frame);  // "shop::Cart::total(int const*) at shop.cpp:31"

// Where a C++ worker was when a signal ended it, or when its time was almost over.
class Crash {
 public:
  explicit Crash(std::string signal) : signal_(std::move(signal)) {}
  virtual ~Crash() = default;
  const std::string& signal() const { return signal_; }      // "SIGSEGV"; "" where time ran out
  virtual const std::vector<StackFrame>& stack() const = 0;  // the innermost first; looks lines up, once
  virtual const std::string& text() const = 0;               // the error's message, and the stack

 private:
  std::string signal_;
};

// What the service told beside the sentence; each may be empty.
struct ErrorDetails {
  std::string request_id = {};
  std::string log_tail = {};  // the last lines of the function's log
  std::string code = {};      // the service's own error type, such as ResourceNotFoundException
  // Of a map: the index of the element that it befell, or of the first of those that shared the call.
  std::optional<std::size_t> item = {};
  std::shared_ptr<const Crash> crash = nullptr;  // of a worker that told where it was
  std::optional<int> max_memory_used_mb = {};    // where the platform has told
};

class LambdaPoolError : public std::runtime_error {
 public:
  using Kind = ErrorKind;  // Kind::throttled, and so on: lambdapool/error_kind.hpp

  LambdaPoolError(Kind kind, const std::string& message, ErrorDetails details = {})
      : std::runtime_error(message), kind_(kind), details_(std::move(details)) {}

  Kind kind() const { return kind_; }
  const std::string& request_id() const { return details_.request_id; }
  const std::string& log_tail() const { return details_.log_tail; }
  const std::string& logs() const { return details_.log_tail; }  // by the name that futures have for it
  const std::string& code() const { return details_.code; }
  std::optional<std::size_t> item() const { return details_.item; }
  // Of a worker that a signal ended: which, "SIGSEGV"; else "". And where it was, or where it was when its
  // time ran out, the innermost function first: see docs/debugging.md.
  std::string signal() const { return details_.crash ? details_.crash->signal() : std::string(); }
  std::vector<StackFrame> stack() const {
    return details_.crash ? details_.crash->stack() : std::vector<StackFrame>();
  }
  std::optional<int> max_memory_used_mb() const { return details_.max_memory_used_mb; }
  // With the stack, where there is one.
  const char* what() const noexcept override {
    return details_.crash ? text_of(*details_.crash) : std::runtime_error::what();
  }

 private:
  const char* text_of(const Crash& crash) const noexcept {
    try {
      return crash.text().c_str();
    } catch (...) {
      return std::runtime_error::what();
    }
  }

  Kind kind_;
  ErrorDetails details_;
};

template <LambdaPoolError::Kind kind_of>
class ErrorOf : public LambdaPoolError {
 public:
  explicit ErrorOf(const std::string& message, ErrorDetails details = {})
      : LambdaPoolError(kind_of, message, std::move(details)) {}
};

using InvalidArgument = ErrorOf<LambdaPoolError::Kind::invalid_argument>;
using CredentialsError = ErrorOf<LambdaPoolError::Kind::credentials>;
using NotFound = ErrorOf<LambdaPoolError::Kind::not_found>;
using Conflict = ErrorOf<LambdaPoolError::Kind::conflict>;
using AccessDenied = ErrorOf<LambdaPoolError::Kind::access_denied>;
using Throttled = ErrorOf<LambdaPoolError::Kind::throttled>;
using PayloadTooLarge = ErrorOf<LambdaPoolError::Kind::payload_too_large>;
using TimedOut = ErrorOf<LambdaPoolError::Kind::timed_out>;
using OutOfMemory = ErrorOf<LambdaPoolError::Kind::out_of_memory>;
using WorkerDied = ErrorOf<LambdaPoolError::Kind::worker_died>;
using FunctionError = ErrorOf<LambdaPoolError::Kind::function_error>;
using CodeMismatch = ErrorOf<LambdaPoolError::Kind::code_mismatch>;
using NetworkError = ErrorOf<LambdaPoolError::Kind::network>;
using ProtocolError = ErrorOf<LambdaPoolError::Kind::protocol>;
using ServiceError = ErrorOf<LambdaPoolError::Kind::service>;
using Cancelled = ErrorOf<LambdaPoolError::Kind::cancelled>;
using IoError = ErrorOf<LambdaPoolError::Kind::io>;
using RunConflict = ErrorOf<LambdaPoolError::Kind::run>;
using BudgetExceeded = ErrorOf<LambdaPoolError::Kind::budget>;

// What an exception was on the other side. Not derived from std::exception: a Remote<E> already is one
// through E, and a second one would make `catch (const std::exception&)` ambiguous, so miss it.
class RemoteError {
 public:
  struct Cause {
    std::string type_name;  // as C++ spells it: "std::out_of_range", "app::BadTrade"
    std::string what;
  };

  explicit RemoteError(std::vector<Cause> chain) : chain_(std::move(chain)) {}
  virtual ~RemoteError() = default;

  const std::string& type_name() const { return chain_.front().type_name; }
  const std::string& remote_what() const { return chain_.front().what; }
  // The exception itself, then what it was nested around (std::throw_with_nested), outermost first.
  const std::vector<Cause>& chain() const { return chain_; }
  // The end of the log of the call that threw it, 4 KB at most: what it printed before.
  const std::string& logs() const { return logs_; }
  // Of a map: the index of the element that it was thrown for.
  std::optional<std::size_t> item() const { return item_; }
  void attach(std::string logs, std::optional<std::size_t> item) {  // for pools only
    logs_ = std::move(logs);
    item_ = item;
  }

 private:
  std::vector<Cause> chain_;
  std::string logs_ = {};
  std::optional<std::size_t> item_ = {};
};

// E is the most derived standard class of what was thrown, or the very type where send_exception<E>() was
// called. What was nested stays nested: std::rethrow_if_nested works.
template <class E>
class Remote : public E, public RemoteError {
 public:
  Remote(E base, std::vector<Cause> chain) : E(std::move(base)), RemoteError(std::move(chain)) {}
  const char* what() const noexcept override { return remote_what().c_str(); }
};

}  // namespace lambdapool
