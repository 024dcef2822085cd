// What Lambda's requests and answers have in common.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace lambdapool::aws {

// The target of what concerns one function: its path, and what stands below it ("/code").
std::string function_path(const std::string& name, std::string_view rest = {});

// The query of a page of a list: the first, or the one that a page named; and what a page names.
std::string page_query(const std::optional<std::string>& marker);
std::optional<std::string> next_marker_of(const nlohmann::json& page);

}  // namespace lambdapool::aws
