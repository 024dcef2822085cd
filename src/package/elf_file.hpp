// What an ELF file says about itself: for whom it is, what it needs, and whether lambdapool is in it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace lambdapool::package {

struct ElfFile {
  enum class Kind { executable, shared_library, object, other };

  Kind kind = Kind::other;
  int machine = 0;  // EM_X86_64, EM_AARCH64, ...
  bool is_64_bit = false;
  std::string interpreter = {};           // the loader it asks for; "" in a static executable
  std::vector<std::string> needed = {};   // DT_NEEDED
  std::vector<std::string> rpath = {};    // DT_RPATH, unexpanded; searched before LD_LIBRARY_PATH
  std::vector<std::string> runpath = {};  // DT_RUNPATH, unexpanded; after it
  std::string soname = {};
  std::string build_id = {};    // hex; "" where there is none
  bool has_lambdapool = false;  // has the runtime's section, or imports init
};

bool is_elf(const std::filesystem::path& path);  // by its first four bytes; false where it can't be read

// Errors: io (unreadable), invalid_argument (not an ELF file, or a broken one).
Result<ElfFile> read_elf(const std::filesystem::path& path);

std::string machine_name(const ElfFile& elf);  // "x86_64" and "arm64" as Lambda says; others for people

}  // namespace lambdapool::package
