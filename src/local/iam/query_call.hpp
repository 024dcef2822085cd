// AWS's Query protocol, which IAM and STS speak: a form in, XML out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

class QueryCall {
 public:
  explicit QueryCall(std::string_view form);

  const std::string& action() const { return action_; }  // "GetRole"; "" where there is none
  std::string value(const std::string& name) const;      // "" where there is none
  bool has(const std::string& name) const { return parameters_.contains(name); }

  // A required one: ValidationError where it is not there.
  OrRefusal<std::string> required(const std::string& name) const;

  // "Tags.member.1.Key=a&Tags.member.1.Value=b": of each member its `part` ("" for a list of texts).
  std::vector<std::string> members(const std::string& list, const std::string& part = "") const;

  // Those that are none of `known`, but for Action and Version: what would otherwise be ignored in silence.
  std::vector<std::string> others(const std::vector<std::string_view>& known) const;

 private:
  std::multimap<std::string, std::string> parameters_;
  std::string action_;
};

// `result`: what stands in <ActionResult>; "" where the answer has none.
http::Response query_answer(std::string_view action, std::string_view xmlns, const std::string& result);
http::Response query_refusal(const Refusal& refusal);

}  // namespace lambdapool::local
