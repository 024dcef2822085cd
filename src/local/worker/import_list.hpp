// Which modules workers of a package have imported, in that order; kept in the home beside the code
// (imports/<sha256>/<runtime and layers>/), so that the next service knows it from the start; and what these
// modules compile to. A name that begins with "-" is of one that no template may import.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "local/worker/workers.hpp"

namespace lambdapool::local {

class ImportList {
 public:
  // Where the list of this version's code, runtime and layers is, below `imports`.
  static std::filesystem::path place(const std::filesystem::path& imports, const FunctionVersion& function);

  explicit ImportList(std::filesystem::path directory);

  bool empty() const { return names_.empty(); }
  int additions() const { return additions_; }  // how often something came to it
  std::filesystem::path file() const;
  std::filesystem::path bytecode() const { return directory_ / "bytecode"; }

  // One a line. What the list has not is added; then what was said of a template for it no longer holds.
  void add(std::string_view names);

  // A template that has imported all this cannot be forked from: for the sake of that module, which is then
  // left out, or (module "") of all.
  bool unfit() const;
  void note_unfit(const std::string& module, const std::string& why);

 private:
  bool take(std::string_view names);
  void write(const char* name, std::string_view text) const;

  std::filesystem::path directory_;
  std::vector<std::string> names_;
  std::unordered_set<std::string> known_;
  int additions_ = 0;
  bool unfit_ = false;
};

}  // namespace lambdapool::local
