// Reading the JSON that a service answered with. Readers take what is there and leave out what is not: AWS
// omits members freely. Only a body that is not the expected object at all is an error.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

const nlohmann::json& member(const nlohmann::json& object, const char* name);  // null where there is none
std::string text(const nlohmann::json& object, const char* name);              // "" where there is none
std::int64_t number(const nlohmann::json& object, const char* name);           // 0 where there is none
std::map<std::string, std::string> texts(const nlohmann::json& object);        // the members that are strings
std::vector<std::string> text_list(const nlohmann::json& array);

// The body of a successful answer; the service's refusal, or kind protocol, else.
Result<nlohmann::json> object_of(const http::Response& response);
Error unreadable(const http::Response& response, const std::string& what);

}  // namespace lambdapool::aws
