// An answer's status line and headers as they go over the wire.
#pragma once

#include <string>

#include "http/message.hpp"

namespace lambdapool::http {

bool has_body(int status);
void append_head(std::string& out, const Response& response, bool keep_alive);

}  // namespace lambdapool::http
