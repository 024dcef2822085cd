// A local Cloud Run service as it is kept: what the API shows of it, and what serves its requests.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "local/run/revision.hpp"

namespace lambdapool::local::run {

using Time = std::chrono::system_clock::time_point;

class RunRecord {
 public:
  // Of a request to create or change the service `name`: `body` is a Service of the API, of which an update
  // takes over what `mask` names from `before`. Error kind invalid_argument, with the field.
  static Result<RunRecord> make(const std::string& name, std::string_view body, const RunRecord* before,
                                const std::string& mask, Time now);
  // Of text(). Of what is no record any more it is one that says so, and can only be deleted.
  static RunRecord parse(const std::string& name, std::string_view text);

  std::string text() const;
  std::string shown(const std::string& url) const;  // a Service, as the API answers
  std::string name() const;
  bool is_damaged() const;

  Result<CodeSource> source() const;
  // What was asked for last; `code`: where its files are.
  std::shared_ptr<const Revision> wanted(const std::filesystem::path& code) const;
  // What gets the requests to the service, or to one of its tags; null where nothing does.
  std::shared_ptr<const Revision> serving(const std::string& tag = "") const;
  std::set<std::string> kept_revisions() const;  // which requests can reach, by name

  std::string why_not() const;                 // nothing serves; "" where it is not known
  std::set<std::string> code_folders() const;  // by name, of the revisions that came up

  bool is_coming_up() const;  // whether what was asked for last is a new revision, which has not come up yet
  void came_up(const std::filesystem::path& code, Time now);
  void failed(const std::string& why, Time now);
  std::optional<std::string> shown_revision(const std::string& revision) const;  // as the API answers

 private:
  struct Content;
  explicit RunRecord(std::shared_ptr<Content> content) : content_(std::move(content)) {}
  std::shared_ptr<Content> content_;
};

}  // namespace lambdapool::local::run
