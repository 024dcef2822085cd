#include "api/initialised.hpp"

#include <atomic>

namespace lambdapool::api {
namespace {

constinit std::atomic<const char*> marked{nullptr};

}  // namespace

bool initialised() { return marked.load() != nullptr; }
void set_initialised(const char* marker) { marked = marker; }

}  // namespace lambdapool::api
