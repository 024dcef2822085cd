#include "local/control/arn.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/limits.hpp"

namespace lambdapool::local {
namespace {

constexpr const char* function_pattern_begin =
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?"
    "(function:)?";
struct Rule {
  const char* pattern_end;
  std::size_t longest;
};
constexpr Rule rules[] = {{"([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?", 140},
                          {"([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?", 256},
                          {"([a-zA-Z0-9-_]+)", 140},
                          {"([a-zA-Z0-9-_]{1,64})(:((?!\\d+$)[0-9a-zA-Z-_]+))?", 140}};
constexpr std::string_view layer_pattern =
    "((arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+)";

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0;;) {
    const auto end = text.find(':', start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string arn(std::string_view region, std::string_view kind, std::string_view name) {
  std::string text = "arn:aws:lambda:";
  text.append(region).append(":").append(account_id).append(":").append(kind).append(":").append(name);
  return text;
}

bool is_lower(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

// [a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}
bool is_region(std::string_view text) {
  if (text.starts_with("eusc-")) text.remove_prefix(5);
  if (text.size() < 6 || !is_lower(text.substr(0, 2)) || text[2] != '-') return false;
  text.remove_prefix(2);
  if (text.starts_with("-gov-")) text.remove_prefix(4);
  if (text.starts_with("-iso")) text.remove_prefix(text[4] == '-' ? 4 : 5);
  if (text.size() < 4 || text[0] != '-' || text[text.size() - 2] != '-') return false;
  const char digit = text.back();
  return is_lower(text.substr(1, text.size() - 3)) && digit >= '0' && digit <= '9';
}

// What stands before the name, from left to right, each part optional.
struct Prefix {
  std::size_t length = 0;
  std::string_view region = {};
  std::string_view account = {};
};

Prefix prefix_of(const std::vector<std::string_view>& parts) {
  Prefix prefix;
  auto& i = prefix.length;
  if (parts.size() > 3 && parts[0] == "arn" && parts[1].starts_with("aws") && parts[2] == "lambda") i = 3;
  if (i + 1 < parts.size() && is_region(parts[i])) prefix.region = parts[i++];
  if (i + 1 < parts.size() && is_account(parts[i])) prefix.account = parts[i++];
  if (i + 1 < parts.size() && parts[i] == "function") ++i;
  return prefix;
}

bool is_qualifier(std::string_view text) {
  std::string plain(text);
  std::erase(plain, '$');
  return text == "$LATEST" || text == "$LATEST.PUBLISHED" ||
         (!text.empty() && (plain.empty() || is_name(plain)));
}

std::string length_constraint(std::size_t most) {
  return "Member must have length less than or equal to " + std::to_string(most);
}

}  // namespace

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string function_arn(std::string_view region, std::string_view name, std::string_view qualifier) {
  auto text = arn(region, "function", name);
  if (!qualifier.empty()) text.append(":").append(qualifier);
  return text;
}

std::string layer_arn(std::string_view region, std::string_view name) { return arn(region, "layer", name); }

std::string layer_version_arn(std::string_view region, std::string_view name, std::int64_t version) {
  return layer_arn(region, name) + ":" + std::to_string(version);
}

namespace {

bool is_name_by(NameRule rule, std::string_view text) {
  if (rule == NameRule::url && text.size() > 64) return false;
  std::string plain(text);
  if (rule == NameRule::namespaced) std::erase(plain, '.');
  return !text.empty() && (plain.empty() || is_name(plain));
}

// Of what stands behind the name.
bool is_own_qualifier_by(NameRule rule, std::string_view text) {
  switch (rule) {
    case NameRule::unqualified:
      return false;
    case NameRule::url:
      return is_name(text) && text.find_first_not_of("0123456789") != std::string_view::npos;
    case NameRule::namespaced:
      return text == "$LATEST" || text == "$LATEST.PUBLISHED" || is_name(text);
    case NameRule::plain:
      break;
  }
  return text == "$LATEST" || is_name(text);
}

}  // namespace

OrRefusal<FunctionReference> parse_function_reference(std::string_view text, std::string_view region,
                                                      std::string_view query_qualifier, NameRule rule) {
  const auto& [pattern_end, longest] = rules[static_cast<std::size_t>(rule)];
  const auto parts = split(text);
  const auto prefix = prefix_of(parts);
  const auto rest = parts.size() - prefix.length;
  const auto name = parts[prefix.length];
  const auto own = rest == 2 ? parts[prefix.length + 1] : std::string_view{};
  std::vector<Violation> violations;
  if (rest > 2 || !is_name_by(rule, name) || (rest == 2 && !is_own_qualifier_by(rule, own)))
    violations.push_back({std::string(text), "functionName",
                          std::string("Member must satisfy regular expression pattern: ") +
                              function_pattern_begin + pattern_end});
  if (text.size() > longest)
    violations.push_back({std::string(text), "functionName", length_constraint(longest)});
  if (query_qualifier.size() > 128)
    violations.push_back({std::string(query_qualifier), "qualifier", length_constraint(128)});
  if (!query_qualifier.empty() && !is_qualifier(query_qualifier))
    violations.push_back({std::string(query_qualifier), "qualifier",
                          "Member must satisfy regular expression pattern: "
                          "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"});
  if (!violations.empty()) return validation_errors(violations);
  if (!prefix.region.empty() && prefix.region != region) {
    return not_found("Functions from '" + std::string(prefix.region) +
                     "' are not reachable in this region ('" + std::string(region) + "')");
  }
  if (!prefix.account.empty() && prefix.account != account_id)
    return refuse(403, "AccessDeniedException",
                  "The local Lambda has the account " + std::string(account_id) + " alone, not that of " +
                      std::string(text) + ".");
  if (!own.empty() && !query_qualifier.empty() && own != query_qualifier) {
    return invalid_parameter(
        "The derived qualifier from the function name does not match the specified qualifier.");
  }
  return FunctionReference{std::string(name), std::string(own.empty() ? query_qualifier : own)};
}

std::optional<std::string_view> layer_arn_region(std::string_view text) {
  const auto parts = split(text);
  const bool shaped = parts.size() == 8 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "layer";
  if (!shaped || !is_region(parts[3]) || !is_account(parts[4]) || !is_name(parts[6]) || parts[7].empty() ||
      parts[7].find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return parts[3];
}

std::optional<LayerReference> parse_layer_version_arn(std::string_view text, std::string_view region) {
  const auto parts = split(text);
  if (parts.size() != 8 || parts[0] != "arn" || parts[2] != "lambda" || parts[5] != "layer")
    return std::nullopt;
  if (parts[3] != region || parts[4] != account_id || !is_name(parts[6])) return std::nullopt;
  LayerReference layer{std::string(parts[6]), 0};
  const auto* end = parts[7].data() + parts[7].size();
  const auto [stop, error] = std::from_chars(parts[7].data(), end, layer.version);
  if (error != std::errc{} || stop != end || layer.version < 1) return std::nullopt;
  return layer;
}

OrRefusal<std::string> parse_layer_name(std::string_view text, std::string_view region) {
  const auto parts = split(text);
  if (parts.size() == 1 && is_name(text)) {
    if (text.size() <= 140) return std::string(text);
    return validation_error(text, "layerName", "Member must have length less than or equal to 140");
  }
  const bool shaped = parts.size() == 7 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "layer";
  if (!shaped || !is_name(parts[6])) return pattern_error(text, "layerName", layer_pattern);
  if (parts[3] != region || parts[4] != account_id)
    return not_found("The resource you requested does not exist.");
  return std::string(parts[6]);
}

}  // namespace lambdapool::local
