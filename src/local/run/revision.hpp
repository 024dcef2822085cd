// What one revision of a Cloud Run service runs, as the instances need to know it.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lambdapool::local::run {

// A service as the folder of its log is called, as no Lambda function can be: "run.PROJECT.LOCATION.SERVICE".
struct LogName {
  std::string project;
  std::string location;
  std::string service;

  static LogName of(const std::string& name);  // of the service: "projects/P/locations/L/services/S"
  static std::optional<LogName> parse(const std::string& folder);
  std::string folder() const { return "run." + project + "." + location + "." + service; }
};

// Where a revision's code is in Cloud Storage.
struct CodeSource {
  std::string bucket;
  std::string object;
  std::string generation;
};

struct Revision {
  std::string service;  // "projects/P/locations/L/services/S"
  std::string name;     // "S-00001-abcd"
  CodeSource source;
  std::filesystem::path code;        // unpacked
  std::vector<std::string> command;  // with its arguments
  std::string python;                // the base image's, "3.11"; "" where it has none
  std::map<std::string, std::string> environment;
  int concurrency = 1;
  int instances_max = 100;
  int memory_mb = 512;
  std::chrono::seconds timeout{300};

  std::string short_name() const { return service.substr(service.rfind('/') + 1); }
};

}  // namespace lambdapool::local::run
