// Who is at the other end of an accepted connection, as the kernel knows it.
#pragma once

#include "http/guard.hpp"

namespace lambdapool::http {

Caller caller_of(int fd);

}  // namespace lambdapool::http
