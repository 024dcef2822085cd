#include "deploy/role/role_policies.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "aws/iam/iam.hpp"
#include "core/named_fifo.hpp"
#include "deploy/form.hpp"

namespace lambdapool::deploy {
namespace {

constexpr std::size_t inline_policy_max = 10'240;  // of all of a role's, without white space

constexpr int nesting_max = 100;

// IAM's names of inline policies have letters, digits and _+=,.@-, 128 at most.
std::string policy_name(const std::filesystem::path& file) {
  std::string name = file.stem().string().substr(0, 128);
  for (char& c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!plain && std::string_view("_+=,.@-").find(c) == std::string_view::npos) c = '-';
  }
  return name;
}

Result<std::string> read_document(const std::string& path) {
  std::error_code ignored;
  auto in = open_to_read(path);
  if (!in.is_open() || std::filesystem::is_directory(path, ignored))
    return fail(ErrorKind::invalid_argument,
                "policy '" + path + "' is neither an ARN nor a file that can be read.");
  std::stringstream text;
  text << in.rdbuf();
  const std::string read = text.str();
  nlohmann::ordered_json document;
  bool is_too_deep = false;  // for dump(), which calls itself for each level
  try {
    document = nlohmann::ordered_json::parse(read, [&](int depth, auto event, auto&) {
      using Event = nlohmann::ordered_json::parse_event_t;
      const bool begins = event == Event::array_start || event == Event::object_start;
      is_too_deep |= begins && depth >= nesting_max;
      return true;
    });
  } catch (const nlohmann::json::parse_error& error) {
    const auto end = read.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, read.size()));
    return fail(ErrorKind::invalid_argument, "policy file '" + path + "' is not JSON: see line " +
                                                 std::to_string(1 + std::count(read.begin(), end, '\n')) +
                                                 ".");
  }
  if (is_too_deep)
    return fail(ErrorKind::invalid_argument,
                "policy file '" + path + "' is nested more than " + std::to_string(nesting_max) + " deep.");
  if (!document.is_object() || !document.contains("Statement"))
    return fail(ErrorKind::invalid_argument,
                "policy file '" + path +
                    "' is not an IAM policy: it must be an object with a Version and a Statement.");
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

using PageRequest = http::Request (*)(const std::string&, const std::optional<std::string>&);
using PageReader = Result<aws::iam::PolicyPage> (*)(const http::Response&);

// A role that is gone has no policies.
Result<std::vector<std::string>> all_pages(Session& iam, const std::string& role, PageRequest request,
                                           PageReader read) {
  std::vector<std::string> policies;
  for (std::optional<std::string> marker;;) {
    auto page = call<aws::iam::PolicyPage>(iam, request(role, marker), read);
    if (!page && page.error().kind == ErrorKind::not_found) return policies;
    if (!page) return tl::unexpected(page.error());
    policies.insert(policies.end(), page->policies.begin(), page->policies.end());
    if (!page->next_marker) return policies;
    marker = page->next_marker;
  }
}

// Gone is what is wanted, so that it is gone already is no error.
Result<void> gone(Result<void> done) {
  return !done && done.error().kind == ErrorKind::not_found ? Result<void>{} : done;
}

}  // namespace

Result<RolePolicies> read_policies(const std::vector<std::string>& given) {
  static const std::regex arn(R"(arn:[a-zA-Z0-9-]+:iam::(aws|\d{12}):policy/[\x21-\x7e]+)");
  RolePolicies policies;
  std::size_t bytes = 0;
  for (const std::string& policy : given) {
    if (has_form(policy, arn)) {
      policies.attached.push_back(policy);
      continue;
    }
    if (policy.starts_with("arn:"))
      return fail(
          ErrorKind::invalid_argument,
          "'" + policy + "' is not a policy's ARN, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess.");
    auto document = read_document(policy);
    if (!document) return tl::unexpected(document.error());
    bytes += document->size();
    const std::string name = policy_name(policy);
    if (!policies.own.emplace(name, std::move(*document)).second)
      return fail(ErrorKind::invalid_argument,
                  "two policy files are named '" + name + "', and the role's policies are named after them.");
  }
  if (bytes > inline_policy_max)
    return fail(ErrorKind::invalid_argument, "the policy files have " + std::to_string(bytes) +
                                                 " characters together, and IAM takes " +
                                                 std::to_string(inline_policy_max) +
                                                 " for a role; make a managed policy and give its ARN.");
  return policies;
}

Result<void> add_policies(Session& iam, const std::string& role, const RolePolicies& policies) {
  for (const auto& arn : policies.attached)
    if (auto done = call(iam, aws::iam::attach_role_policy_request(role, arn), aws::iam::parse_done); !done)
      return fail(done.error().kind, "policy " + arn + " could not be attached: " + done.error().message);
  for (const auto& [name, document] : policies.own)
    if (auto done = call(iam, aws::iam::put_role_policy_request(role, name, document), aws::iam::parse_done);
        !done)
      return fail(done.error().kind, "policy " + name + " could not be put: " + done.error().message);
  return {};
}

bool has_exactly(Session& iam, const std::string& role, const RolePolicies& policies) {
  const auto attached =
      all_pages(iam, role, aws::iam::list_attached_role_policies_request, aws::iam::parse_attached_policies);
  if (!attached || !std::is_permutation(attached->begin(), attached->end(), policies.attached.begin(),
                                        policies.attached.end()))
    return false;
  const auto own = all_pages(iam, role, aws::iam::list_role_policies_request, aws::iam::parse_policy_names);
  if (!own || own->size() != policies.own.size()) return false;
  return std::all_of(policies.own.begin(), policies.own.end(), [&](const auto& policy) {
    const auto request = aws::iam::get_role_policy_request(role, policy.first);
    const auto document = call(iam, request, aws::iam::parse_role_policy);
    const auto parsed = nlohmann::json::parse(document.value_or(""), nullptr, false);
    return parsed == nlohmann::json::parse(policy.second, nullptr, false);
  });
}

Result<void> drop_policies(Session& iam, const std::string& role, const RolePolicies& keep) {
  const auto attached =
      all_pages(iam, role, aws::iam::list_attached_role_policies_request, aws::iam::parse_attached_policies);
  if (!attached) return tl::unexpected(attached.error());
  const auto own = all_pages(iam, role, aws::iam::list_role_policies_request, aws::iam::parse_policy_names);
  if (!own) return tl::unexpected(own.error());
  for (const auto& arn : *attached) {
    if (std::find(keep.attached.begin(), keep.attached.end(), arn) != keep.attached.end()) continue;
    const auto request = aws::iam::detach_role_policy_request(role, arn);
    if (auto done = gone(call(iam, request, aws::iam::parse_done)); !done) return done;
  }
  for (const auto& name : *own) {
    if (keep.own.count(name) != 0) continue;
    const auto request = aws::iam::delete_role_policy_request(role, name);
    if (auto done = gone(call(iam, request, aws::iam::parse_done)); !done) return done;
  }
  return {};
}

}  // namespace lambdapool::deploy
