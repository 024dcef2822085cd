// The functions that an ELF file's symbol tables name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/modules.hpp"

namespace lambdapool::runtime {

class SymbolFile {
 public:
  // A module's file mapped into memory; empty where it cannot be read, is not ELF, or has another build-id
  // (it was rebuilt while this program ran).
  static SymbolFile of(const Module& module);
  SymbolFile() = default;
  SymbolFile(SymbolFile&& other) noexcept;
  SymbolFile& operator=(SymbolFile&&) = delete;
  ~SymbolFile();

  // Whether the full table (.symtab) is there. Without it a function that is not named may exist all the
  // same.
  bool complete() const { return complete_; }

  // The function that `offset` lies in. Allocates nothing, for use while the process crashes.
  struct Function {
    std::string_view name;
    std::uint64_t begin;
  };
  std::optional<Function> enclosing(std::uint64_t offset) const;

  std::optional<std::string> function_at(std::uint64_t offset) const;
  std::optional<std::uint64_t> function_named(const std::string& name) const;  // nullopt also where two are

 private:
  static SymbolFile open(const std::string& path, const std::string& build_id);
  template <class Visit>
  void each_function(Visit goes_on) const;

  const char* data_ = nullptr;
  std::size_t size_ = 0;
  bool complete_ = false;
};

}  // namespace lambdapool::runtime
