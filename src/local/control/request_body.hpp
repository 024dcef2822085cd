// Reads a request's JSON members with AWS's texts for what is missing, of the wrong type or out of bounds.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

using StringMap = std::map<std::string, std::string>;

OrRefusal<std::optional<std::string>> read_string(const Json& body, const char* member);
OrRefusal<std::optional<std::int64_t>> read_integer(const Json& body, const char* member);
OrRefusal<std::optional<bool>> read_boolean(const Json& body, const char* member);
OrRefusal<std::optional<std::vector<std::string>>> read_strings(const Json& body, const char* member);
OrRefusal<std::optional<StringMap>> read_string_map(const Json& body, const char* member);

OrRefusal<std::string> require_string(const Json& body, const char* member);  // absent: ValidationException
void require(const Json& body, const char* member, Violations& violations);
void check_length(const std::string& text, const char* member, std::size_t most, Violations& violations);

// Applies Role, Runtime, Handler, Timeout, MemorySize, Description, Environment, EphemeralStorage,
// LoggingConfig, VpcConfig and what is only kept; refuses what the local Lambda cannot do (DurableConfig,
// ...) instead of ignoring it. Architectures and Layers are read by whoever looks them up. As on AWS what
// breaks a rule of the model is answered first, and all of it at once, with `violations` before it.
OrRefusal<void> apply_configuration(const Json& body, FunctionConfig& config, Violations violations = {});

// Before anything else is asked for: an image needs no runtime.
OrRefusal<void> refuse_images(const Json& body);
OrRefusal<std::optional<std::string>> read_architecture(const Json& body);
std::string host_architecture();

OrRefusal<void> check_tags(const StringMap& tags);

}  // namespace lambdapool::local
