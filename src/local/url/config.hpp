// What is configured of a function's URL, and who may call it without a signature.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

struct Cors {
  std::vector<std::string> origins;
  std::vector<std::string> methods;
  std::vector<std::string> headers;
  std::vector<std::string> exposed_headers;
  bool credentials = false;
  std::optional<std::int64_t> max_age = {};  // seconds
};

struct FunctionUrl {
  std::string id;
  std::string function;
  std::string qualifier;     // an alias; "": the function's $LATEST
  bool is_signed = true;     // AuthType AWS_IAM
  bool is_public = false;    // the resource policy lets everybody call it; asked where AuthType is NONE
  bool is_streamed = false;  // InvokeMode RESPONSE_STREAM
  std::optional<Cors> cors = {};
};

// The Cors member of a request, checked by the bounds of botocore's model; null where there is none.
OrRefusal<Json> read_cors(const Json& body);
std::optional<Cors> cors_from(const Json& content);

// Lambda asks for two statements since October 2025: lambda:InvokeFunctionUrl and lambda:InvokeFunction.
bool lets_everybody_call(const Json& policy);

}  // namespace lambdapool::local
