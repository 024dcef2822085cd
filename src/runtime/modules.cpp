#include "runtime/modules.hpp"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace lambdapool::runtime {

bool Module::contains(std::uintptr_t address) const {
  return std::any_of(segments.begin(), segments.end(),
                     [&](const Segment& s) { return address >= s.begin && address < s.end; });
}

bool Module::has_code_at(std::uintptr_t address) const {
  return std::any_of(segments.begin(), segments.end(),
                     [&](const Segment& s) { return s.executable && address >= s.begin && address < s.end; });
}

std::optional<std::string> build_id_in_notes(std::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof header);
    const std::size_t name_size = (std::size_t{header.n_namesz} + 3) & ~std::size_t{3};
    const std::size_t value_size = (std::size_t{header.n_descsz} + 3) & ~std::size_t{3};
    if (notes.size() - sizeof header < name_size + header.n_descsz) return std::nullopt;
    const std::string_view name = notes.substr(sizeof header, header.n_namesz);
    const std::string_view value = notes.substr(sizeof header + name_size, header.n_descsz);
    if (header.n_type == NT_GNU_BUILD_ID && name == std::string_view("GNU\0", 4)) return std::string(value);
    notes.remove_prefix(std::min(notes.size(), sizeof header + name_size + value_size));
  }
  return std::nullopt;
}

std::vector<Module> loaded_modules() {
  std::vector<Module> modules;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* into) {
        Module module;
        module.path = info->dlpi_name == nullptr ? "" : info->dlpi_name;
        module.base = info->dlpi_addr;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr)& header = info->dlpi_phdr[i];
          const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
          if (header.p_type == PT_LOAD) {
            module.segments.push_back({begin, begin + header.p_memsz, (header.p_flags & PF_X) != 0});
          } else if (header.p_type == PT_NOTE && module.build_id.empty()) {
            module.build_id =
                build_id_in_notes({reinterpret_cast<const char*>(begin), header.p_memsz}).value_or("");
          }
        }
        static_cast<std::vector<Module>*>(into)->push_back(std::move(module));
        return 0;
      },
      &modules);
  return modules;
}

std::string file_mapped_at(std::uintptr_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t path = line.find('/');
    if (path == std::string::npos) continue;
    std::size_t dash = 0;
    const std::uintptr_t begin = std::stoull(line, &dash, 16);
    const std::uintptr_t end = std::stoull(line.substr(dash + 1), nullptr, 16);
    if (address >= begin && address < end) return line.substr(path);
  }
  return "/proc/self/exe";
}

}  // namespace lambdapool::runtime
