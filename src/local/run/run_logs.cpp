#include "local/run/run_logs.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <regex>
#include <vector>

#include "core/timestamp.hpp"
#include "local/run/revision.hpp"
#include "local/store/log_reader.hpp"

namespace lambdapool::local::run {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::size_t page_usual = 50;
constexpr std::size_t page_max = 1'000;

struct Comparison {
  std::string field;
  std::string sign;
  std::string value;
};

struct Filter {
  std::vector<Comparison> all;

  // Whether what is compared as text may be so; a field that is not given is not compared.
  bool holds(const std::map<std::string, std::string>& fields) const {
    return std::ranges::all_of(all, [&](const Comparison& each) {
      const auto found = fields.find(each.field);
      if (found == fields.end()) return true;
      return (found->second == each.value) == (each.sign == "=");
    });
  }
};

tl::unexpected<Error> unknown(const std::string& what) { return fail(ErrorKind::invalid_argument, what); }

bool is_time(const std::string& field) { return field == "timestamp"; }

bool is_known(const std::string& field) {
  static const std::vector<std::string> known{"resource.type",
                                              "resource.labels.service_name",
                                              "resource.labels.location",
                                              "resource.labels.project_id",
                                              "resource.labels.revision_name",
                                              "labels.instanceId"};
  return std::ranges::find(known, field) != known.end();
}

Result<Filter> parse_filter(const std::string& text) {
  static const std::regex form(R"re(^\s*(?:AND\s+)?([A-Za-z_.]+)\s*(>=|<=|!=|=|>|<)\s*"([^"\\]*)")re");
  Filter filter;
  auto rest = text.cbegin();
  for (std::smatch part; std::regex_search(rest, text.cend(), part, form); rest = part.suffix().first) {
    Comparison one{part[1], part[2], part[3]};
    const bool as_text = one.sign == "=" || one.sign == "!=";
    if (!is_time(one.field) && !(is_known(one.field) && as_text))
      return unknown("filter: the local Cloud Logging does not compare " + one.field + " by " + one.sign);
    if (is_time(one.field) && !parse_timestamp(one.value))
      return unknown("filter: '" + one.value + "' is no timestamp");
    filter.all.push_back(std::move(one));
  }
  if (std::any_of(rest, text.cend(), [](char c) { return c != ' ' && c != '\n' && c != '\t'; }))
    return unknown("filter: the local Cloud Logging knows comparisons with AND between them, and not '" +
                   std::string(rest, text.cend()) + "'");
  return filter;
}

std::string formatted(std::int64_t ms) {
  return format_timestamp_ms(std::chrono::sys_time<milliseconds>(milliseconds(ms)));
}

// A stream's name, REVISION.INSTANCE, in its parts.
struct Origin {
  std::string revision;
  std::string instance;

  explicit Origin(const std::string& stream) {
    const auto dot = std::min(stream.find('.'), stream.size());
    revision = stream.substr(0, dot);
    instance = stream.substr(std::min(dot + 1, stream.size()));
  }
};

// No line from before is asked for.
std::int64_t earliest(const Filter& filter) {
  std::int64_t from = 0;
  for (const auto& [field, sign, value] : filter.all)
    if (is_time(field) && (sign == ">=" || sign == ">" || sign == "="))
      from = std::max<std::int64_t>(from, parse_timestamp_ms(value)->time_since_epoch().count());
  return from;
}

bool is_when(std::int64_t ms, const Filter& filter) {
  return std::ranges::all_of(filter.all, [&](const Comparison& each) {
    if (!is_time(each.field)) return true;
    const auto value = parse_timestamp_ms(each.value)->time_since_epoch().count();
    if (each.sign == ">=") return ms >= value;
    if (each.sign == "<=") return ms <= value;
    if (each.sign == ">") return ms > value;
    if (each.sign == "<") return ms < value;
    return (ms == value) == (each.sign == "=");
  });
}

// Cloud Logging takes a line of JSON apart: some members say something of the entry.
void put_text(json& entry, const std::string& text) {
  json structured = text.starts_with('{') ? json::parse(text, nullptr, false) : json();
  if (!structured.is_object()) {
    entry["textPayload"] = text;
    return;
  }
  const auto take = [&](const char* name) {
    json taken = structured.contains(name) ? structured.at(name) : json();
    structured.erase(name);
    return taken;
  };
  if (const json severity = take("severity"); severity.is_string()) entry["severity"] = severity;
  if (const json trace = take("logging.googleapis.com/trace"); trace.is_string()) entry["trace"] = trace;
  if (const json labels = take("logging.googleapis.com/labels"); labels.is_object())
    for (const auto& [name, value] : labels.items())
      if (value.is_string()) entry["labels"][name] = value;
  if (structured.size() == 1 && structured.contains("message") && structured.at("message").is_string())
    entry["textPayload"] = structured.at("message");
  else
    entry["jsonPayload"] = std::move(structured);
}

// Projects as resourceNames have them: "projects/P", or a view of their logs.
bool is_asked(const json& names, const std::string& project) {
  return std::ranges::any_of(names, [&](const json& name) {
    if (!name.is_string()) return false;
    const auto text = name.get<std::string>();
    return text == "projects/" + project || text.starts_with("projects/" + project + "/");
  });
}

struct Line {
  LogEvent event;
  std::size_t number;  // of those in its stream at the same time
  LogName of;
};

std::vector<Line> lines_of(const fs::path& home, const json& names, const Filter& filter) {
  std::vector<Line> lines;
  std::error_code error;
  for (const auto& folder : fs::directory_iterator(home / "logs", error)) {
    const auto name = folder.path().filename().string();
    const auto of = LogName::parse(name);
    if (!of || !is_asked(names, of->project)) continue;
    if (!filter.holds({{"resource.type", "cloud_run_revision"},
                       {"resource.labels.service_name", of->service},
                       {"resource.labels.location", of->location},
                       {"resource.labels.project_id", of->project}}))
      continue;
    std::map<std::pair<std::string, std::int64_t>, std::size_t> counts;
    for (auto& event : read_log(home, name, earliest(filter))) {
      const auto number = counts[{event.stream, event.time_ms}]++;
      const Origin origin(event.stream);
      if (is_when(event.time_ms, filter) && filter.holds({{"resource.labels.revision_name", origin.revision},
                                                          {"labels.instanceId", origin.instance}}))
        lines.push_back({std::move(event), number, *of});
    }
  }
  std::ranges::stable_sort(lines, {}, [](const Line& line) { return line.event.time_ms; });
  return lines;
}

json entry_of(const Line& line) {
  const auto& [event, number, of] = line;
  const Origin origin(event.stream);
  json entry{{"insertId", event.stream + "-" + std::to_string(number)},
             {"logName", "projects/" + of.project + "/logs/run.googleapis.com%2Fstdout"},
             {"timestamp", formatted(event.time_ms)},
             {"receiveTimestamp", formatted(event.time_ms)},
             {"resource",
              {{"type", "cloud_run_revision"},
               {"labels",
                {{"service_name", of.service},
                 {"configuration_name", of.service},
                 {"revision_name", origin.revision},
                 {"location", of.location},
                 {"project_id", of.project}}}}},
             {"labels", {{"instanceId", origin.instance}}}};
  put_text(entry, event.text);
  return entry;
}

}  // namespace

Result<std::string> list_entries(const fs::path& home, std::string_view body) {
  const json asked = json::parse(body, nullptr, false);
  if (!asked.is_object()) return unknown("Invalid JSON payload received.");
  const json names = asked.value("resourceNames", json::array());
  if (!names.is_array() || names.empty()) return unknown("resourceNames: required");
  const auto text = [&](const char* name) {
    return asked.contains(name) && asked.at(name).is_string() ? asked.at(name).get<std::string>() : "";
  };
  const auto filter = parse_filter(text("filter"));
  if (!filter) return tl::unexpected(filter.error());
  const std::string order = text("orderBy");
  if (!order.empty() && order != "timestamp asc" && order != "timestamp desc")
    return unknown("orderBy: 'timestamp asc' or 'timestamp desc'");
  const json size = asked.value("pageSize", json());
  if (size.is_number_integer() && size.get<std::int64_t>() < 0) return unknown("pageSize: not below 0");
  auto most = size.is_number_integer() ? size.get<std::size_t>() : page_usual;
  most = most == 0 ? page_usual : std::min(most, page_max);
  std::size_t begin = 0;
  const std::string token = text("pageToken");
  const auto* end = token.data() + token.size();
  if (!token.empty() && std::from_chars(token.data(), end, begin).ptr != end)
    return unknown("pageToken: not one of this log");
  auto lines = lines_of(home, names, *filter);
  if (order == "timestamp desc") std::ranges::reverse(lines);
  json entries = json::array();
  for (auto at = begin; at < lines.size() && entries.size() < most; ++at)
    entries.push_back(entry_of(lines[at]));
  json answer = json::object();
  if (begin + entries.size() < lines.size()) answer["nextPageToken"] = std::to_string(begin + entries.size());
  if (!entries.empty()) answer["entries"] = std::move(entries);
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace lambdapool::local::run
