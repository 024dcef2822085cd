// The executable and the shared libraries that are mapped into this process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lambdapool::runtime {

struct Module {
  std::string path;  // "" for the executable
  std::uintptr_t base = 0;
  std::string build_id;  // bytes of the GNU build-id; "" where the linker wrote none
  struct Segment {
    std::uintptr_t begin;
    std::uintptr_t end;
    bool executable;
  };
  std::vector<Segment> segments;

  bool contains(std::uintptr_t address) const;
  bool has_code_at(std::uintptr_t address) const;
};

// The executable first.
std::vector<Module> loaded_modules();

// The file that is mapped at an address. Not always /proc/self/exe: a program that was started through a
// loader of its own has that loader there.
std::string file_mapped_at(std::uintptr_t address);

std::optional<std::string> build_id_in_notes(std::string_view notes);

}  // namespace lambdapool::runtime
