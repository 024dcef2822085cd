// A local Cloud Run service as it is kept: what the API shows of it, and what serves its requests.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "local/run/revision.hpp"

namespace lambdapool::local::run {

using Time = std::chrono::system_clock::time_point;

// Where a revision's code is in Cloud Storage.
struct CodeSource {
  std::string bucket;
  std::string object;
  std::string generation;
};

class RunRecord {
 public:
  // Of a request to create or change the service `name`: `body` is a Service of the API, of which an update
  // takes over what `mask` names from `before`. Error kind invalid_argument, with the field.
  static Result<RunRecord> make(const std::string& name, std::string_view body, const RunRecord* before,
                                const std::string& mask, Time now);
  static std::optional<RunRecord> parse(std::string_view text);  // of text()

  std::string text() const;
  std::string shown(const std::string& url) const;  // a Service, as the API answers
  std::string name() const;

  Result<CodeSource> source() const;
  // What was asked for last; `code`: where its files are.
  std::shared_ptr<const Revision> wanted(const std::filesystem::path& code) const;
  // What gets the requests: the last one that came up.
  std::shared_ptr<const Revision> serving() const;

  void came_up(const std::filesystem::path& code, Time now);
  void failed(const std::string& why, Time now);
  bool has_served() const;

 private:
  struct Content;
  explicit RunRecord(std::shared_ptr<Content> content) : content_(std::move(content)) {}
  std::shared_ptr<Content> content_;
};

}  // namespace lambdapool::local::run
