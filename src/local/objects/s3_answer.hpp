// What S3 answers: errors and lists in XML.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "local/control/refusal.hpp"
#include "local/objects/object_files.hpp"

namespace lambdapool::local {

http::Response s3_refusal(const Refusal& refusal, std::string_view resource);
Refusal not_stored(const std::string& what, int error_number);  // 507 where the disk is full, else 500
http::Response xml_answer(std::string body);                    // of status 200; the declaration is added

std::string xml_text(std::string_view text);                                      // escaped
std::string xml_element(std::string_view name, std::string_view text);            // escaped
std::vector<std::string> xml_texts(std::string_view xml, std::string_view name);  // of each, unescaped

// "Sat, 28 Nov 2026 09:14:04 GMT", as HTTP writes it; nullopt where it is something else.
std::string http_date(std::chrono::system_clock::time_point time);
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

}  // namespace lambdapool::local
