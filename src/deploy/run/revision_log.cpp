#include "deploy/run/revision_log.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "deploy/run/deployed_service.hpp"
#include "deploy/run/run_request.hpp"
#include "gcp/logging/entries.hpp"
#include "gcp/run/services.hpp"

namespace lambdapool::deploy {
namespace {

namespace logging = gcp::logging;
namespace run = gcp::run;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr std::size_t lines_shown = 10;
constexpr std::size_t line_bytes_shown = 500;
constexpr int pages_max = 10;  // of which some are empty
constexpr auto patience = 10s;

// The oldest first.
Result<Lines> newest_lines(Session& logs, logging::EntryQuery query) {
  Lines lines;
  for (int pages = 0; pages < pages_max; ++pages) {
    auto page = call(logs, logging::list_entries_request(query), logging::parse_list_entries);
    if (!page) return tl::unexpected(page.error());
    for (auto& entry : page->entries) {
      while (entry.text.ends_with('\n')) entry.text.pop_back();
      if (lines.size() < lines_shown) lines.push_back(entry.text.substr(0, line_bytes_shown));
    }
    query.page_token = std::move(page->next_page_token);
    if (!query.page_token || lines.size() == lines_shown) break;
  }
  std::ranges::reverse(lines);
  return lines;
}

// Until no more come.
Result<Lines> settled_lines(Session& logs, const logging::EntryQuery& query) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (Lines before;;) {
    auto lines = newest_lines(logs, query);
    const bool is_all = !lines || (!lines->empty() && *lines == before);
    if (is_all || std::chrono::steady_clock::now() > deadline) return lines;
    before = std::move(*lines);
    if (!logs.pause(logs.target().name == "gcp" ? 2'000ms : 150ms)) return before;
  }
}

}  // namespace

std::string with_words(std::string sentence, const LastWords& words) {
  if (words.text.empty()) return sentence;
  sentence.erase(sentence.find_last_not_of(". \n") + 1);
  return sentence + "; " + words.text;
}

LastWords last_words(Session& session, const run::Service& service, const std::string& revision, Wait wait) {
  logging::EntryQuery query{place_on(session), service.id()};
  query.revision = revision.substr(revision.rfind('/') + 1);
  query.newest_first = true;
  query.page_size = lines_shown;
  const auto logs = Session::open_at(session, session.target().google->logging);
  const auto lines = wait == Wait::yes ? settled_lines(*logs, query) : newest_lines(*logs, query);
  if (!lines && lines.error().kind == ErrorKind::access_denied)
    return {"its log cannot be read without the role roles/logging.viewer"};
  if (!lines && lines.error().kind != ErrorKind::cancelled)
    return {"its log cannot be read: " + lines.error().message};
  if (!lines || lines->empty()) return {};
  LastWords words{"its log ends with:"};
  for (const auto& line : *lines) {
    words.text += (words.lines.empty() ? " " : " | ") +
                  line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
    words.lines += line + "\n";
  }
  return words;
}

Error explained(Session& session, const run::Service& before, Error error) {
  if (error.http_status >= 400) return error;
  const auto now = call(session, run::get_service_request(before.name), run::parse_get_service);
  if (!now || now->state != "CONDITION_FAILED" ||
      now->latest_created_revision == before.latest_created_revision)
    return error;
  error.kind = ErrorKind::service;
  auto words = last_words(session, *now, now->latest_created_revision, Wait::yes);
  const std::string function = "function " + function_of(*now).name;
  error.message = (now->latest_ready_revision.empty() ? function + " did not come up: "
                                                      : "the new revision of " + function +
                                                            " did not come up, and the old one serves on: ") +
                  with_words(error.message, words);
  error.log_tail = std::move(words.lines);
  return error;
}

}  // namespace lambdapool::deploy
