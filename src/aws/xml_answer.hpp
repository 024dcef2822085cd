// Reading the XML that IAM and S3 answer with. Their answers are small and regular, so finding an element by
// its name is enough: none of the elements that are read here can hold one of the same name, and text cannot
// hold a tag.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws::xml {

std::optional<std::string_view> element(std::string_view xml, std::string_view name);
std::string text_of(std::string_view xml, std::string_view name);  // unescaped; "" where there is none
std::string escaped(std::string_view text);
std::string unescaped(std::string_view text);

// The contents of each <member> of a list; nullopt where there is no such list.
std::optional<std::vector<std::string_view>> members(std::string_view xml, std::string_view list);

bool is_success(const http::Response& response);
Error refused(const http::Response& response);  // the <Error> in the answer
Error unreadable(const http::Response& response, const char* missing, const char* service);

}  // namespace lambdapool::aws::xml
