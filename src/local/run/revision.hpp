// What one revision of a Cloud Run service runs, as the instances need to know it.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lambdapool::local::run {

struct Revision {
  std::string service;  // "projects/P/locations/L/services/S"
  std::string name;     // "S-00001-abcd"
  std::filesystem::path code;
  std::vector<std::string> command;  // with its arguments
  std::string python;                // the base image's, "3.11"; "" where it has none
  std::map<std::string, std::string> environment;
  int concurrency = 1;
  int instances_max = 100;
  int memory_mb = 512;
  std::chrono::seconds timeout{300};

  std::string short_name() const { return service.substr(service.rfind('/') + 1); }
  std::string log_name() const { return "run." + short_name(); }  // no Lambda function can be called so
};

}  // namespace lambdapool::local::run
