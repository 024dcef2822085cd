// Who may do what with a local Cloud Run service: kept as it is asked for. Here it lets nobody in and keeps
// nobody out.
#pragma once

#include <string>

#include "http/message.hpp"
#include "local/run/run_files.hpp"

namespace lambdapool::local::run {

// The answers to getIamPolicy, setIamPolicy and testIamPermissions of the service `name`, which is there.
http::Response policy_of(const RunFiles& files, const std::string& name);
http::Response set_policy(const RunFiles& files, const std::string& name, const std::string& body);
http::Response test_permissions(const std::string& body);  // whoever may speak to it may do everything

}  // namespace lambdapool::local::run
