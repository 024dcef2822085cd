// Between what is asked of a function and the Cloud Run service that it is.
#pragma once

#include <string>

#include "deploy/functions.hpp"
#include "gcp/run/service.hpp"
#include "package/package.hpp"

namespace lambdapool::deploy {

inline constexpr const char* run_version_label = "lambdapool";  // of services that lambdapool made

// What Cloud Run has not got, or lambdapool cannot do there yet: error kind invalid_argument, in one
// sentence.
Result<void> check_on_run(const Connection& connection, const FunctionRequest& asked);

// The service of a new function, without its name and its code.
gcp::run::Service new_service(const FunctionRequest& asked);

// What is asked for, and a line for each thing that changes by it.
std::vector<std::string> change_service(gcp::run::Service& service, const FunctionRequest& asked);

// "x86_64": what instances are. The local Cloud Run's are this machine's.
std::string architecture_on_run(const Connection& connection);

void set_runtime(gcp::run::Service& service, std::string python);  // "python3.13"

// What the service is made of, once the code is uploaded.
void describe_code(gcp::run::Service& service, const package::Package& code, const FunctionRequest& asked);

// Which runtime its packages of a requirements file are for; "" where it has none.
std::string packages_of(const gcp::run::Service& service);

Function function_of(const gcp::run::Service& service);
bool is_own(const gcp::run::Service& service);

}  // namespace lambdapool::deploy
