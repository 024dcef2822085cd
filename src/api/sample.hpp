// A sample of items with several sizes of memory: LambdaPool::tune().
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "api/books.hpp"
#include "api/dispatcher.hpp"
#include "lambdapool/tuning.hpp"

namespace lambdapool::api {

// `variants`: of each size of memory, by megabytes, the version of the function, as the transport knows it.
// Each item goes alone. Throws what an item failed with, unless that was too little memory, or time with it.
std::vector<Tuned> run_sample(Dispatcher& dispatcher, const Books& books, const std::string& head,
                              const std::vector<std::string>& items,
                              const std::map<int, std::size_t>& variants, Dispatcher::JobOptions options);

}  // namespace lambdapool::api
