// Whatever is taken for an executable, a library or the loader's cache is read or refused.
#include <string_view>

#include "memory_file.hpp"
#include "package/elf_file.hpp"
#include "package/library_search.hpp"

using namespace lambdapool;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const fuzz::MemoryFile file(bytes);
  if (const auto elf = package::read_elf(file.path())) package::machine_name(*elf);
  package::parse_loader_cache(bytes);
  return 0;
}
