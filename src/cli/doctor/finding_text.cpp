#include "cli/doctor/finding_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lambdapool::cli {
namespace {

using deploy::Finding;
using deploy::Findings;

const char* word(Finding::Level level) {
  switch (level) {
    case Finding::Level::ok:
      return "ok";
    case Finding::Level::note:
      return "note";
    default:
      return "PROBLEM";
  }
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text + "  ";
}

}  // namespace

std::string readable(const Findings& findings) {
  std::size_t topic_width = 0;
  for (const Finding& finding : findings) topic_width = std::max(topic_width, finding.topic.size());
  const std::string margin = padded("", 7) + padded("", topic_width);
  std::string out;
  for (const Finding& finding : findings) {
    out += padded(word(finding.level), 7) + padded(finding.topic, topic_width) + finding.text + "\n";
    if (!finding.mend.empty()) out += margin + "-> " + finding.mend + "\n";
  }
  return out;
}

std::string json(const Findings& findings) {
  auto list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    nlohmann::ordered_json one = {
        {"topic", finding.topic},
        {"level", finding.level == Finding::Level::problem ? "problem" : word(finding.level)},
        {"text", finding.text}};
    if (!finding.mend.empty()) one["mend"] = finding.mend;
    list.push_back(std::move(one));
  }
  const nlohmann::ordered_json all = {{"ok", !deploy::has_problem(findings)}, {"findings", std::move(list)}};
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lambdapool::cli
