#include "local/logs/log_calls.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "local/control/request_body.hpp"
#include "local/logs/filter_pattern.hpp"
#include "local/store/log_reader.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t page_events_max = 10'000;
constexpr std::size_t page_bytes_max = 1u << 20;
constexpr std::int64_t page_names_max = 50;
constexpr std::string_view default_prefix = "/aws/lambda/";
constexpr std::string_view account = "000000000000";

tl::unexpected<Refusal> invalid(std::string message) {
  return refuse(400, "InvalidParameterException", std::move(message));
}

http::Response answered(const Json& body) {
  return {200,
          {{"Content-Type", "application/x-amz-json-1.1"}},
          body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

// LogStore's files are called by their streams, with '-' for '/': "2026-11-22-[$LATEST]0123abcd".
std::string stream_name(std::string file) {
  const auto is_dash = [&](std::size_t at) { return file.size() > at && file[at] == '-'; };
  if (file.size() > 11 && file[11] == '[' && is_dash(4) && is_dash(7) && is_dash(10))
    file[4] = file[7] = file[10] = '/';
  return file;
}

std::string arn_of(const LogSources& sources, const std::string& group) {
  return "arn:aws:logs:" + sources.region + ":" + std::string(account) + ":log-group:" + group;
}

OrRefusal<const LogGroup*> find_group(const LogSources& sources, const Json& body) {
  auto name = read_string(body, "logGroupName");
  auto identifier = read_string(body, "logGroupIdentifier");
  if (!name || !identifier) return tl::unexpected(name ? identifier.error() : name.error());
  std::string wanted = name->value_or(identifier->value_or(""));
  if (wanted.empty() || (*name && *identifier))
    return invalid("Either the logGroupName or the logGroupIdentifier is needed, and not both.");
  constexpr std::string_view in_arn = ":log-group:";
  if (const auto at = wanted.find(in_arn); wanted.starts_with("arn:") && at != std::string::npos)
    wanted.erase(0, at + in_arn.size());
  if (wanted.ends_with(":*")) wanted.resize(wanted.size() - 2);
  for (const auto& group : sources.groups) {
    if (group.name == wanted) return &group;
  }
  return refuse(400, "ResourceNotFoundException", "The specified log group does not exist.");
}

// Oldest first, with streams by their names.
std::vector<LogEvent> events_of(const LogSources& sources, const LogGroup& group, std::int64_t since_ms) {
  std::vector<LogEvent> events;
  for (const auto& function : group.functions) {
    auto more = read_log(sources.home, function, since_ms);
    events.insert(events.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  for (auto& event : events) event.stream = stream_name(std::move(event.stream));
  if (group.functions.size() > 1) {
    std::stable_sort(events.begin(), events.end(),
                     [](const LogEvent& a, const LogEvent& b) { return a.time_ms < b.time_ms; });
  }
  return events;
}

struct Span {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = std::numeric_limits<std::int64_t>::max();  // not in it
  std::int64_t limit = page_events_max;
};

OrRefusal<Span> read_span(const Json& body) {
  Span span;
  const auto start = read_integer(body, "startTime"), end = read_integer(body, "endTime"),
             limit = read_integer(body, "limit");
  for (const auto* each : {&start, &end, &limit})
    if (!*each) return tl::unexpected(each->error());
  span.start_ms = start->value_or(span.start_ms);
  span.end_ms = end->value_or(span.end_ms);
  span.limit = limit->value_or(span.limit);
  if (span.start_ms < 0 || span.end_ms < 0)
    return invalid("startTime and endTime are milliseconds since 1970.");
  if (span.limit < 1 || span.limit > page_events_max)
    return invalid("limit must be from 1 to " + std::to_string(page_events_max) + ".");
  return span;
}

OrRefusal<std::size_t> read_offset(const Json& body, std::string_view prefix = {}) {
  const auto token = read_string(body, "nextToken");
  if (!token) return tl::unexpected(token.error());
  if (!*token) return 0;
  std::size_t offset = 0;
  const std::string_view given = **token;
  if (given.starts_with(prefix)) {
    const auto digits = given.substr(prefix.size());
    const auto [stop, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
    if (bad == std::errc{} && stop == digits.data() + digits.size()) return offset;
  }
  return invalid("The specified nextToken is invalid.");
}

Json event_json(const LogEvent& event) {
  return {{"timestamp", event.time_ms}, {"ingestionTime", event.time_ms}, {"message", event.text + "\n"}};
}

// Of the names in their order, a page.
template <class Describe>
Answer page_of(const Json& body, const char* member, std::size_t number, const Describe& describe) {
  const auto limit = read_integer(body, "limit");
  const auto from = read_offset(body);
  if (!limit || !from) return tl::unexpected(limit ? from.error() : limit.error());
  const auto most = limit->value_or(page_names_max);
  if (most < 1 || most > page_names_max)
    return invalid("limit must be from 1 to " + std::to_string(page_names_max) + ".");
  Json answer = {{member, Json::array()}};
  std::size_t at = *from;
  for (; at < number && at - *from < static_cast<std::size_t>(most); ++at)
    answer[member].push_back(describe(at));
  if (at < number) answer["nextToken"] = std::to_string(at);
  return answered(answer);
}

Answer describe_groups(const LogSources& sources, const Json& body) {
  const auto prefix = read_string(body, "logGroupNamePrefix"),
             pattern = read_string(body, "logGroupNamePattern");
  if (!prefix || !pattern) return tl::unexpected(prefix ? pattern.error() : prefix.error());
  if (*prefix && *pattern)
    return invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  std::vector<std::string> names;
  for (const auto& group : sources.groups) {
    if (group.name.starts_with(prefix->value_or("")) &&
        group.name.find(pattern->value_or("")) != std::string::npos)
      names.push_back(group.name);
  }
  return page_of(body, "logGroups", names.size(), [&](std::size_t at) -> Json {
    const auto arn = arn_of(sources, names[at]);
    return {{"logGroupName", names[at]},   {"metricFilterCount", 0}, {"storedBytes", 0},
            {"logGroupClass", "STANDARD"}, {"arn", arn + ":*"},      {"logGroupArn", arn}};
  });
}

struct StreamTimes {
  std::int64_t first_ms;
  std::int64_t last_ms;
};

Answer describe_streams(const LogSources& sources, const Json& body) {
  const auto group = find_group(sources, body);
  if (!group) return tl::unexpected(group.error());
  const auto prefix = read_string(body, "logStreamNamePrefix"), order = read_string(body, "orderBy");
  const auto descending = read_boolean(body, "descending");
  if (!prefix || !order) return tl::unexpected(prefix ? order.error() : prefix.error());
  if (!descending) return tl::unexpected(descending.error());
  const bool by_time = *order == "LastEventTime";
  if (*order && !by_time && **order != "LogStreamName")
    return validation_error(**order, "orderBy",
                            "Member must satisfy enum value set: [LogStreamName, LastEventTime]");
  if (by_time && *prefix) return invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  std::map<std::string, StreamTimes> found;
  for (const auto& event : events_of(sources, **group, 0)) {
    const auto [at, is_new] = found.try_emplace(event.stream, StreamTimes{event.time_ms, event.time_ms});
    at->second.last_ms = event.time_ms;
  }
  std::vector<std::pair<std::string, StreamTimes>> streams;
  for (auto& [name, times] : found)
    if (name.starts_with(prefix->value_or(""))) streams.emplace_back(name, times);
  if (by_time) {
    std::stable_sort(streams.begin(), streams.end(),
                     [](const auto& a, const auto& b) { return a.second.last_ms < b.second.last_ms; });
  }
  if (descending->value_or(false)) std::reverse(streams.begin(), streams.end());
  return page_of(body, "logStreams", streams.size(), [&](std::size_t at) -> Json {
    const auto& [name, times] = streams[at];
    return {{"logStreamName", name},
            {"creationTime", times.first_ms},
            {"firstEventTimestamp", times.first_ms},
            {"lastEventTimestamp", times.last_ms},
            {"lastIngestionTime", times.last_ms},
            {"storedBytes", 0},
            {"arn", arn_of(sources, (*group)->name) + ":log-stream:" + name}};
  });
}

// The same for the same line in every call: its time, its stream, and which of those with both it is.
std::string event_id(const LogEvent& event, std::size_t ordinal) {
  char id[64];
  std::snprintf(id, sizeof id, "%020lld%020llu%016zu", static_cast<long long>(event.time_ms),
                static_cast<unsigned long long>(std::hash<std::string>{}(event.stream)), ordinal);
  return id;
}

Answer filter_events(const LogSources& sources, const Json& body) {
  const auto group = find_group(sources, body);
  if (!group) return tl::unexpected(group.error());
  const auto span = read_span(body);
  const auto prefix = read_string(body, "logStreamNamePrefix"), text = read_string(body, "filterPattern");
  const auto names = read_strings(body, "logStreamNames");
  const auto from = read_offset(body);
  if (!span) return tl::unexpected(span.error());
  if (!prefix || !text) return tl::unexpected(prefix ? text.error() : prefix.error());
  if (!names || !from) return tl::unexpected(names ? from.error() : names.error());
  if (*prefix && *names)
    return invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
  const auto pattern = FilterPattern::parse(text->value_or(""));
  if (!pattern) return tl::unexpected(pattern.error());
  std::set<std::string> wanted;
  if (*names) wanted.insert((*names)->begin(), (*names)->end());
  Json answer = {{"events", Json::array()}, {"searchedLogStreams", Json::array()}};
  std::map<std::pair<std::int64_t, std::string>, std::size_t> ordinals;
  std::size_t matching = 0, bytes = 0;
  for (const auto& event : events_of(sources, **group, span->start_ms)) {
    const auto ordinal = ordinals[{event.time_ms, event.stream}]++;
    if (event.time_ms >= span->end_ms || !event.stream.starts_with(prefix->value_or(""))) continue;
    if ((*names && !wanted.contains(event.stream)) || !pattern->matches(event.text)) continue;
    if (matching++ < *from) continue;
    bytes += event.text.size();
    if (std::ssize(answer["events"]) == span->limit || bytes > page_bytes_max) {
      answer["nextToken"] = std::to_string(matching - 1);
      break;
    }
    Json json = event_json(event);
    json["logStreamName"] = event.stream;
    json["eventId"] = event_id(event, ordinal);
    answer["events"].push_back(std::move(json));
  }
  return answered(answer);
}

// A token says where in the stream it goes on, and to which side: "f/12" or "b/3".
Answer get_events(const LogSources& sources, const Json& body) {
  const auto group = find_group(sources, body);
  if (!group) return tl::unexpected(group.error());
  const auto span = read_span(body);
  const auto stream = require_string(body, "logStreamName");
  const auto token = read_string(body, "nextToken");
  const auto from_head = read_boolean(body, "startFromHead");
  if (!span) return tl::unexpected(span.error());
  if (!stream || !token) return tl::unexpected(stream ? token.error() : stream.error());
  if (!from_head) return tl::unexpected(from_head.error());
  std::vector<LogEvent> events;
  bool is_there = false;
  for (auto& event : events_of(sources, **group, 0)) {
    if (event.stream != *stream) continue;
    is_there = true;
    if (event.time_ms >= span->start_ms && event.time_ms < span->end_ms) events.push_back(std::move(event));
  }
  if (!is_there) return refuse(400, "ResourceNotFoundException", "The specified log stream does not exist.");
  const bool backward = *token ? (*token)->starts_with("b/") : !from_head->value_or(false);
  auto from = read_offset(body, backward ? "b/" : "f/");
  if (!from) return tl::unexpected(from.error());
  if (!*token && backward) *from = events.size();
  std::size_t begin = std::min(*from, events.size()), end = begin, bytes = 0;
  const auto fits = [&](const LogEvent& event) {
    bytes += event.text.size();
    return static_cast<std::int64_t>(end - begin) < span->limit && (end == begin || bytes <= page_bytes_max);
  };
  if (backward) {
    while (begin > 0 && fits(events[begin - 1])) --begin;
  } else {
    while (end < events.size() && fits(events[end])) ++end;
  }
  Json answer = {{"events", Json::array()},
                 {"nextForwardToken", "f/" + std::to_string(end)},
                 {"nextBackwardToken", "b/" + std::to_string(begin)}};
  for (; begin < end; ++begin) answer["events"].push_back(event_json(events[begin]));
  return answered(answer);
}

}  // namespace

std::vector<LogGroup> log_groups(const fs::path& home, std::vector<LogGroup> of_functions) {
  std::map<std::string, std::vector<std::string>> groups;
  std::map<std::string, std::string> configured;
  for (const auto& group : of_functions)
    for (const auto& function : group.functions) configured[function] = group.name;
  std::error_code error;
  for (const auto& folder : fs::directory_iterator(home / "logs", error)) {
    const auto function = folder.path().filename().string();
    if (function.find('.') != std::string::npos) continue;  // of the local Cloud Run
    if (!LogReader(home, function).has_any()) continue;
    const auto at = configured.find(function);
    groups[at == configured.end() ? std::string(default_prefix) + function : at->second].push_back(function);
  }
  std::vector<LogGroup> found;
  for (auto& [name, functions] : groups) found.push_back({name, std::move(functions)});
  return found;
}

Answer answer_log_call(const LogSources& sources, std::string_view operation, const std::string& body) {
  const auto json = Json::parse(body.empty() ? "{}" : body, nullptr, false);
  if (!json.is_object()) return refuse(400, "SerializationException", "The body is not a JSON object.");
  if (operation == "DescribeLogGroups") return describe_groups(sources, json);
  if (operation == "DescribeLogStreams") return describe_streams(sources, json);
  if (operation == "FilterLogEvents") return filter_events(sources, json);
  if (operation == "GetLogEvents") return get_events(sources, json);
  return refuse(400, "UnknownOperationException",
                "The local Lambda's logs are read (DescribeLogGroups, DescribeLogStreams, FilterLogEvents, "
                "GetLogEvents); it has no " +
                    std::string(operation) + ".");
}

}  // namespace lambdapool::local
