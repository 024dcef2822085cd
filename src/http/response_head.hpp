// An answer's status line and headers as they go over the wire.
#pragma once

#include <string>

#include "http/message.hpp"

namespace lambdapool::http {

bool has_body(int status);
void append_head(std::string& out, const Response& response, bool keep_alive);
// How a live body goes over a kept-alive connection: pieces, and behind the last one `last_chunk`.
std::string chunk_of(const std::string& piece);
inline constexpr const char* last_chunk = "0\r\n\r\n";

}  // namespace lambdapool::http
