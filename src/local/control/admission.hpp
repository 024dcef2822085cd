// Who may speak to the local Lambda, judged by the head of a request before its body is taken in. What it
// keeps out: other users of the machine, and web pages in a browser of this one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/guard.hpp"
#include "http/message.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

struct AdmissionOptions {
  bool any_user = false;  // not only processes of the user that the service runs as
  std::vector<std::string> hosts =
      {};  // beside the loopback's: names that clients may use, NAME or NAME:PORT
};

class Admission {
 public:
  explicit Admission(AdmissionOptions options) : options_(std::move(options)) {}

  OrRefusal<void> judge(const http::Request& head, const http::Caller& caller) const;         // both of these
  OrRefusal<void> judge_caller(const http::Request& head, const http::Caller& caller) const;  // user and Host
  OrRefusal<void> judge_origin(const http::Request& head) const;                              // no web page

 private:
  OrRefusal<void> check_user(const http::Caller& caller) const;
  OrRefusal<void> check_host(const http::Request& head, const http::Caller& caller) const;

  AdmissionOptions options_;
};

// Whether `text` can stand in AdmissionOptions::hosts.
bool is_host(std::string_view text);

}  // namespace lambdapool::local
