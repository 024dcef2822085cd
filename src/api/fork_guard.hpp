// A pool after fork(): the child has a copy of it without its threads, and with locks as they were held at
// that moment.
#pragma once

#include <memory>

#include "lambdapool/detail/connection.hpp"

namespace lambdapool::api {

// The same connection, which a child answers for without touching it: what it starts and waits for there
// throws Cancelled, and it is never destroyed there.
std::shared_ptr<detail::Connection> guarded_from_fork(std::shared_ptr<detail::Connection> connection);

}  // namespace lambdapool::api
