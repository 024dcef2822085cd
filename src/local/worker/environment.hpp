// The environment variables that a worker starts with: Lambda's own, then the function's. Nothing of the
// host's environment, which may hold its owner's credentials, gets in.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "local/worker/workers.hpp"

namespace lambdapool::local {

struct WorkerSetting {
  std::string region;
  std::string runtime_api;  // host:port, of the port of a foreign runtime
  std::string log_stream;
  std::string task_root = "/var/task";
  std::string opt = "/opt";
  std::string tmp = "/tmp";
  std::string objects = "/var/lambdapool";  // the files of the object store's transit bucket
  std::filesystem::path interpreter = {};   // of Python functions
  int processors = 1;
  bool has_packets =
      false;  // core/packets.hpp, and memory in which it tells outcomes early (shared_parts.hpp)
  bool own_runtime = false;  // lambdapool's: it finds its way by variables that nobody else is to see
};

std::map<std::string, std::string> worker_environment(const FunctionVersion& function,
                                                      const WorkerSetting& setting);
std::vector<std::string> as_strings(const std::map<std::string, std::string>& environment);

// Whether a Python handler is lambdapool's own agent.
bool is_own_handler(const std::string& handler);

// What an external extension has: all but what is of the runtime alone, and the function's own log.
std::map<std::string, std::string> extension_environment(std::map<std::string, std::string> runtimes);

// Whether something of a Python function works only while an interpreter starts, so that a fork of one will
// not do: variables that the interpreter or the loader reads then, shared libraries for LD_LIBRARY_PATH.
bool needs_fresh_interpreter(const FunctionVersion& function, const std::filesystem::path& opt);

// Whether installed packages (with a .dist-info) are among the function's files or in its layers.
bool has_packages(const FunctionVersion& function, const std::filesystem::path& opt);

// "YYYY/MM/DD/[version]32 hex digits", as Lambda names log streams.
std::string new_log_stream(const std::string& version);

}  // namespace lambdapool::local
