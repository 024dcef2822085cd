#include "local/iam/query_call.hpp"

#include <algorithm>

#include "local/control/router.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {

QueryCall::QueryCall(std::string_view form) : parameters_(parse_query(form)), action_(value("Action")) {}

std::string QueryCall::value(const std::string& name) const {
  const auto found = parameters_.find(name);
  return found == parameters_.end() ? std::string() : found->second;
}

OrRefusal<std::string> QueryCall::required(const std::string& name) const {
  if (auto found = value(name); !found.empty()) return found;
  std::string member = name;
  if (!member.empty() && member.front() >= 'A' && member.front() <= 'Z') member.front() += 'a' - 'A';
  return refuse(400, "ValidationError",
                "1 validation error detected: Value at '" + member +
                    "' failed to satisfy constraint: Member must not be null");
}

std::vector<std::string> QueryCall::members(const std::string& list, const std::string& part) const {
  std::vector<std::string> found;
  for (std::size_t i = 1;; ++i) {
    auto name = list + ".member." + std::to_string(i);
    if (!part.empty()) name += "." + part;
    const auto member = parameters_.find(name);
    if (member == parameters_.end()) return found;
    found.push_back(member->second);
  }
}

std::vector<std::string> QueryCall::others(const std::vector<std::string_view>& known) const {
  std::vector<std::string> found;
  for (const auto& [name, value] : parameters_) {
    const auto whole = name.substr(0, name.find('.'));
    if (whole == "Action" || whole == "Version" || std::ranges::find(known, whole) != known.end()) continue;
    if (std::ranges::find(found, whole) == found.end()) found.push_back(whole);
  }
  return found;
}

http::Response query_answer(std::string_view action, std::string_view xmlns, const std::string& result) {
  const std::string name(action);
  std::string body = "<" + name + "Response xmlns=\"" + std::string(xmlns) + "\">";
  if (!result.empty()) body += "<" + name + "Result>" + result + "</" + name + "Result>";
  const auto id = random_uuid();
  body += "<ResponseMetadata>" + xml_element("RequestId", id) + "</ResponseMetadata></" + name + "Response>";
  return {200, {{"Content-Type", "text/xml"}, {"x-amzn-RequestId", id}}, body};
}

http::Response query_refusal(const Refusal& refusal) {
  const auto id = random_uuid();
  const std::string body = "<ErrorResponse><Error>" +
                           xml_element("Type", refusal.status < 500 ? "Sender" : "Receiver") +
                           xml_element("Code", refusal.type) + xml_element("Message", refusal.message) +
                           "</Error>" + xml_element("RequestId", id) + "</ErrorResponse>";
  return {refusal.status, {{"Content-Type", "text/xml"}, {"x-amzn-RequestId", id}}, body};
}

}  // namespace lambdapool::local
