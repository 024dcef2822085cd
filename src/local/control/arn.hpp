// Amazon resource names, and the ways in which a request may name a function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "local/control/refusal.hpp"

namespace lambdapool::local {

inline constexpr std::string_view account_id = "000000000000";

std::string function_arn(std::string_view region, std::string_view name, std::string_view qualifier = "");
std::string layer_arn(std::string_view region, std::string_view name);
std::string layer_version_arn(std::string_view region, std::string_view name, std::int64_t version);

// A name, name:qualifier, partial ARN or ARN, taken apart.
struct FunctionReference {
  std::string name;
  std::string qualifier;  // "" where none was given
};

// The shapes that names of functions have in AWS's model; each operation has one of them.
enum class NameRule {
  plain,        // FunctionName
  namespaced,   // NamespacedFunctionName: longer, and dots are no mistake
  unqualified,  // UnqualifiedFunctionName
  url,          // FunctionUrlFunctionName: no version
};

// `query_qualifier` is the Qualifier parameter, "" where there is none; it must agree with the reference's
// own.
OrRefusal<FunctionReference> parse_function_reference(std::string_view text, std::string_view region,
                                                      std::string_view query_qualifier = "",
                                                      NameRule rule = NameRule::plain);

struct LayerReference {
  std::string name;
  std::int64_t version = 0;
};
// arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION of this region and account; nullopt for anything else.
// The region of a layer version's ARN, wherever it is; nullopt for anything else.
std::optional<std::string_view> layer_arn_region(std::string_view arn);

std::optional<LayerReference> parse_layer_version_arn(std::string_view arn, std::string_view region);

// The layer's name out of a name or an ARN (the {l} of the layer calls).
OrRefusal<std::string> parse_layer_name(std::string_view text, std::string_view region);

bool is_name(std::string_view text);     // [a-zA-Z0-9-_]+
bool is_account(std::string_view text);  // \d{12}

}  // namespace lambdapool::local
