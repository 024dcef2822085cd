// The call of Cloud Logging that reads a service's log, as a pair of build and parse.
// Source: the discovery document of logging.googleapis.com, v2.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "gcp/run/services.hpp"
#include "http/message.hpp"

namespace lambdapool::gcp::logging {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

struct EntryQuery {
  run::Place place;
  std::string service;                         // its id
  std::optional<Instant> since = {};           // nullopt: as far back as there is anything
  std::optional<std::string> page_token = {};  // of the page before, all else being the same
  int page_size = 1'000;
  bool newest_first = false;
  std::string revision = {};  // of one alone, by its short name
};

http::Request list_entries_request(const EntryQuery& query);

struct Entry {
  std::string id;  // of this entry alone, among all of its time
  Instant time;
  std::string instance;  // and which of its tasks that run at a time, where it says so: "00bf4b#3"
  std::string text;
};

struct EntryPage {
  std::vector<Entry> entries;                       // without those that have no text, such as of requests
  std::optional<std::string> next_page_token = {};  // also after a page without entries
};
Result<EntryPage> parse_list_entries(const http::Response& response);

}  // namespace lambdapool::gcp::logging
