// The tasks that this executable contains: a list that the registrations build before main.
#pragma once

#include <cstdint>
#include <string_view>

#include "lambdapool/detail/task.hpp"

namespace lambdapool::runtime {

// Null where there is none. `unique` asks for a name that stands once: between two builds of a program the
// order of namesakes is not known to be the same.
enum class Namesakes { allowed, refused };
const detail::TaskEntry* find_task(std::string_view name, std::uint64_t place, std::uint64_t ordinal,
                                   Namesakes namesakes);

// Over names and schemas of all tasks, in no particular order.
std::uint64_t registry_hash();

// The first entry; the rest by `next`.
const detail::TaskEntry* first_task();

}  // namespace lambdapool::runtime
