// The runs of a directory: what each has come to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace lambdapool::journal {

// Positions, ascending, as people read them: "3, 7 to 9". Of more than so many ranges the first, and "...".
std::string in_words(const std::vector<std::int64_t>& positions, std::size_t ranges_max = 1'000'000);

struct Summary {
  std::string name;
  std::string function = {};
  std::string code = {};
  std::int64_t created_s = 0;  // since 1970
  std::int64_t updated_s = 0;
  std::optional<std::int64_t> items = {};  // nullopt: an iterable's, of which nobody has seen the end
  std::int64_t known = 0;                  // that have come so far
  std::int64_t done = 0;
  std::vector<std::int64_t> in_doubt = {};  // sent, without a result; while it is under way: in flight
  bool under_way = false;
  std::int64_t calls = 0;  // whose end is known
  double billed_ms = 0;
  double gb_seconds = 0;
  double cost = 0;           // in dollars, by the prices that its pool knew
  std::uintmax_t bytes = 0;  // on disk
  std::string broken = {};   // why its journal cannot be read
};

// By name. Error kind: io.
Result<std::vector<Summary>> list_runs(const std::filesystem::path& runs);

// Error kinds: not_found, invalid_argument (the name), io.
Result<Summary> show_run(const std::filesystem::path& runs, const std::string& name);

// Error kinds: not_found, invalid_argument (the name), run (it is under way), io.
Result<void> delete_run(const std::filesystem::path& runs, const std::string& name);

}  // namespace lambdapool::journal
