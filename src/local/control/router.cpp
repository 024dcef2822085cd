#include "local/control/router.hpp"

#include <algorithm>

#include "core/encoding.hpp"

namespace lambdapool::local {
namespace {

constexpr OperationEntry code_download{
    Operation::download_code, "download of code", "GET", "/code/*", Support::works, ""};

std::string_view next_part(std::string_view& path) {
  path.remove_prefix(1);  // the slash
  const auto part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  return part;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string_view>& parameters) {
  parameters.clear();
  while (!pattern.empty() && !path.empty()) {
    const auto expected = next_part(pattern);
    const auto part = next_part(path);
    if (expected == "*" && !part.empty()) {
      parameters.push_back(part);
    } else if (expected != part) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::multimap<std::string, std::string> parse_query(std::string_view text) {
  std::multimap<std::string, std::string> query;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    query.emplace(decode_query(pair.substr(0, equals)), decode_query(value));
  }
  return query;
}

std::string decode_query(std::string_view text) {
  std::string spaced(text);
  for (auto& c : spaced) {
    if (c == '+') c = ' ';
  }
  return percent_decode(spaced);
}

std::string_view aws_name(Operation operation) {
  for (const auto& entry : operations()) {
    if (entry.operation == operation) return entry.name;
  }
  return "";
}

std::string Route::query_value(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

std::optional<Route> route(std::string_view method, std::string_view target) {
  auto path = target.substr(0, target.find('?'));
  const auto query = path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view{};
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);  // some clients end lists with a slash
  if (path.empty() || path.front() != '/') return std::nullopt;
  std::vector<std::string_view> parameters;
  const auto serves = [&](const OperationEntry& entry) {
    return entry.method == method && matches(entry.path, path, parameters);
  };
  const auto all = operations();
  const auto found = std::find_if(all.begin(), all.end(), serves);
  if (found == all.end() && !serves(code_download)) return std::nullopt;
  const OperationEntry& entry = found == all.end() ? code_download : *found;
  Route route{entry.operation, {}, parse_query(query), &entry};
  for (const auto part : parameters) route.parameters.push_back(percent_decode(part));
  return route;
}

}  // namespace lambdapool::local
