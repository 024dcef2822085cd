#include "deploy/function/own_functions.hpp"

#include <optional>

#include "core/suggestion.hpp"
#include "deploy/function/marks.hpp"

namespace lambdapool::deploy {
namespace {

using Functions = std::vector<aws::FunctionConfiguration>;

// A page has at most fifty functions. For a suggestion not all of an account's thousands are asked for.
constexpr int pages_for_a_suggestion = 10;

// On local one without a runtime has a damaged record: shown, or nobody would know what to delete.
bool is_listed(const aws::FunctionConfiguration& function, bool local) {
  return function.environment.count(version_variable) != 0 || (local && function.runtime.empty());
}

Result<Functions> read_pages(Session& session, std::optional<int> pages) {
  Functions own;
  std::optional<std::string> marker;
  for (int page_number = 0; !pages || page_number < *pages; ++page_number) {
    const auto answer = session.send(aws::list_functions_request(marker), Repeatable::yes);
    if (!answer) return tl::unexpected(answer.error());
    auto page = aws::parse_list_functions(*answer);
    if (!page) return tl::unexpected(page.error());
    for (auto& function : page->functions)
      if (is_listed(function, session.is_local())) own.push_back(std::move(function));
    marker = page->next_marker;
    if (!marker) break;
  }
  return own;
}

}  // namespace

Result<Functions> own_functions(Session& session) { return read_pages(session, std::nullopt); }

std::string suggested_function(Session& session, const std::string& name) {
  std::vector<std::string> names;
  if (const auto functions = read_pages(session, pages_for_a_suggestion))
    for (const auto& function : *functions) names.push_back(function.name);
  return suggestion(name, names);
}

tl::unexpected<Error> no_such_function(Session& session, const std::string& name, const std::string& place) {
  const std::string meant = suggested_function(session, name);
  return fail(ErrorKind::not_found, "function " + name + " does not exist" + place +
                                        (meant.empty() ? ";" : meant) +
                                        " 'lambdapool list' shows those that do.");
}

std::string place_of(const Session& session) {
  return session.is_local() ? " on the target local" : " in " + session.target().region;
}

}  // namespace lambdapool::deploy
