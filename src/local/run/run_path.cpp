#include "local/run/run_path.hpp"

#include <regex>
#include <vector>

#include "core/encoding.hpp"

namespace lambdapool::local::run {
namespace {

using Operation = RunOperation;

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    parts.push_back(percent_decode(path.substr(0, end)));
    path.remove_prefix(end);
  }
  return parts;
}

std::map<std::string, std::string> parse_query(std::string_view text) {
  std::map<std::string, std::string> query;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    query[percent_decode(pair.substr(0, equals))] =
        percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return query;
}

struct Custom {
  std::string_view method;
  std::string_view verb;
  Operation operation;
};

// "upload", "v2", "projects", P, "locations", "L:uploadSource".
std::optional<RunPath> of_source(std::string_view method, const std::vector<std::string>& parts) {
  constexpr std::string_view verb = ":uploadSource";
  if (method != "POST" || parts.size() != 6 || parts[2] != "projects" || parts[4] != "locations" ||
      !parts[5].ends_with(verb))
    return std::nullopt;
  return RunPath{Operation::upload_source, parts[3], parts[5].substr(0, parts[5].size() - verb.size())};
}

// "v2", "projects", P, "locations", L, "services" or "operations", and what follows.
std::optional<RunPath> of_run(std::string_view method, const std::vector<std::string>& parts) {
  if (parts.size() < 6 || parts[1] != "projects" || parts[3] != "locations") return std::nullopt;
  RunPath path{Operation::get_service, parts[2], parts[4]};
  const bool names_one = parts.size() == 7;
  if (parts.size() == 9 && method == "GET" && parts[5] == "services" && parts[7] == "revisions") {
    path.operation = Operation::get_revision;
    path.id = parts[6];
    path.revision = parts[8];
    return path;
  }
  if (parts.size() > 7) return std::nullopt;
  if (names_one) path.id = parts[6];
  if (parts[5] == "operations" && names_one) {
    constexpr std::string_view wait = ":wait";
    if (method == "POST" && path.id.ends_with(wait)) {
      path.id.resize(path.id.size() - wait.size());
      path.operation = Operation::wait_operation;
      return path;
    }
    path.operation = Operation::get_operation;
    return method == "GET" ? std::optional(path) : std::nullopt;
  }
  constexpr Custom customs[] = {{"POST", ":testIamPermissions", Operation::test_permissions},
                                {"GET", ":getIamPolicy", Operation::get_policy},
                                {"POST", ":setIamPolicy", Operation::set_policy}};
  for (const Custom& custom : customs) {
    if (parts[5] != "services" || method != custom.method || !path.id.ends_with(custom.verb)) continue;
    path.id.resize(path.id.size() - custom.verb.size());
    path.operation = custom.operation;
    return path;
  }
  if (parts[5] != "services" || path.id.find(':') != std::string::npos) return std::nullopt;
  if (!names_one) {
    path.operation = method == "POST" ? Operation::create_service : Operation::list_services;
    return method == "POST" || method == "GET" ? std::optional(path) : std::nullopt;
  }
  if (method == "PATCH") path.operation = Operation::update_service;
  if (method == "DELETE") path.operation = Operation::delete_service;
  return method == "GET" || method == "PATCH" || method == "DELETE" ? std::optional(path) : std::nullopt;
}

// "storage", "v1", "b", BUCKET, "o", OBJECT; uploads begin with "upload", and contents with "download".
std::optional<RunPath> of_storage(std::string_view method, std::vector<std::string> parts) {
  const std::string first = parts[0];
  if (first != "storage") parts.erase(parts.begin());
  if (parts.size() < 3 || parts[0] != "storage" || parts[1] != "v1" || parts[2] != "b") return std::nullopt;
  RunPath path{Operation::get_bucket};
  if (parts.size() > 3) path.bucket = parts[3];
  if (parts.size() > 5) path.object = parts[5];
  if (parts.size() > 4 && parts[4] != "o") return std::nullopt;
  struct Known {
    std::string_view first;
    std::string_view method;
    std::size_t parts;
    Operation operation;
  };
  constexpr Known all[] = {
      {"storage", "GET", 3, Operation::list_buckets},     {"storage", "POST", 3, Operation::create_bucket},
      {"storage", "GET", 4, Operation::get_bucket},       {"storage", "DELETE", 4, Operation::delete_bucket},
      {"storage", "PATCH", 4, Operation::update_bucket},  {"storage", "GET", 5, Operation::list_objects},
      {"storage", "GET", 6, Operation::get_object},       {"download", "GET", 6, Operation::get_object},
      {"storage", "DELETE", 6, Operation::delete_object}, {"upload", "POST", 5, Operation::upload_object},
      {"upload", "PUT", 5, Operation::upload_object}};
  for (const Known& known : all) {
    if (known.first != first || known.method != method || known.parts != parts.size()) continue;
    path.operation = known.operation;
    return path;
  }
  return std::nullopt;
}

// "BUCKET", and the rest, which may have slashes.
std::optional<RunPath> of_xml_storage(std::string_view path) {
  const auto slash = path.find('/', 1);
  if (slash == std::string_view::npos || slash + 1 == path.size()) return std::nullopt;
  RunPath found{Operation::xml_object};
  found.bucket = percent_decode(path.substr(1, slash - 1));
  found.object = percent_decode(path.substr(slash + 1));
  return found;
}

bool is_version_of_lambda(std::string_view first) {
  static const std::regex form(R"(\d{4}-\d{2}-\d{2})");
  return std::regex_match(first.begin(), first.end(), form);
}

// "_run", P, L, S, and the rest, which is the service's.
std::optional<RunPath> of_call(const std::vector<std::string>& parts, std::string_view target) {
  if (parts.size() < 4) return std::nullopt;
  RunPath path{Operation::call_service, parts[1], parts[2], parts[3]};
  std::size_t at = 0;
  for (int slashes = 0; slashes < 4; ++slashes) at = target.find_first_of("/?", at + 1);
  path.rest = at == std::string_view::npos ? "/" : target.substr(at);
  if (!path.rest.starts_with('/')) path.rest.insert(0, "/");
  return path;
}

}  // namespace

bool is_for_xml_storage(const http::Request& head) {
  const std::string_view target = head.target;
  const auto path = target.substr(0, target.find('?'));
  const auto slash = path.find('/', 1);
  if (!path.starts_with('/') || slash == std::string_view::npos) return false;
  if (is_version_of_lambda(path.substr(1, slash - 1))) return false;
  return head.headers.get("Authorization").starts_with("Bearer ") ||
         target.find("X-Goog-Signature=") != std::string_view::npos;
}

std::optional<RunPath> parse_run_path(std::string_view method, std::string_view target) {
  const auto question = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, question);
  const auto parts = split_path(path);
  if (parts.empty() || !target.starts_with('/')) return std::nullopt;
  std::optional<RunPath> found;
  if (path.starts_with("/storage/v1/") || path.starts_with("/upload/storage/v1/") ||
      path.starts_with("/download/storage/v1/")) {
    found = of_storage(method, parts);
  } else if (path.starts_with("/upload/v2/")) {
    found = of_source(method, parts);
  } else if (parts[0] == "_run") {
    found = of_call(parts, target);
  } else if (method == "POST" && path == "/v2/entries:list") {
    found = RunPath{Operation::list_entries};
  } else if (parts[0] == "v2" || parts[0] == "v1") {
    found = of_run(method, parts);
    // The older version is answered where tools still ask it: who may call.
    if (parts[0] == "v1" && found && found->operation != Operation::get_policy &&
        found->operation != Operation::set_policy)
      return std::nullopt;
  } else {
    found = of_xml_storage(path);
  }
  if (found) found->query = parse_query(target.substr(std::min(question + 1, target.size())));
  return found;
}

}  // namespace lambdapool::local::run
