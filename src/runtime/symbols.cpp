#include "runtime/symbols.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "runtime/modules.hpp"

namespace lambdapool::runtime {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

// The section headers of a file whose every offset is checked against its size.
template <class Visit>
void each_section(std::string_view file, Visit visit) {
  Header header;
  if (file.size() < sizeof header) return;
  std::memcpy(&header, file.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_shentsize != sizeof(Section)) return;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    if (header.e_shoff > file.size() || file.size() - header.e_shoff < (i + 1) * sizeof(Section)) return;
    Section section;
    std::memcpy(&section, file.data() + header.e_shoff + i * sizeof section, sizeof section);
    if (section.sh_type == SHT_NOBITS) continue;
    if (section.sh_offset > file.size() || file.size() - section.sh_offset < section.sh_size) continue;
    visit(i, section, file.substr(section.sh_offset, section.sh_size));
  }
}

std::string_view section_bytes(std::string_view file, std::size_t index) {
  std::string_view found;
  each_section(file, [&](std::size_t i, const Section&, std::string_view bytes) {
    if (i == index) found = bytes;
  });
  return found;
}

std::string_view first_of(std::string_view names) { return names.substr(0, names.find('\0')); }

}  // namespace

// By its name, which the build-id proves right. What is mapped where takes the kernel longer to say.
SymbolFile SymbolFile::of(const Module& module) {
  if (module.segments.empty()) return {};
  SymbolFile named = open(module.path.empty() ? program_invocation_name : module.path, module.build_id);
  const bool is_file = module.path.empty() || module.path.find('/') != std::string::npos;
  if (named.size_ > 0 || !is_file) return named;
  return open(file_mapped_at(module.segments.front().begin), module.build_id);
}

SymbolFile SymbolFile::open(const std::string& path, const std::string& build_id) {
  SymbolFile opened;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return opened;
  struct stat status {};
  if (::fstat(fd, &status) == 0 && status.st_size > 0) {
    void* mapped = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped != MAP_FAILED) {
      opened.data_ = static_cast<const char*>(mapped);
      opened.size_ = static_cast<std::size_t>(status.st_size);
    }
  }
  ::close(fd);
  bool same_build = false;
  each_section({opened.data_, opened.size_},
               [&](std::size_t, const Section& section, std::string_view bytes) {
                 if (section.sh_type == SHT_NOTE && build_id_in_notes(bytes) == build_id) same_build = true;
                 if (section.sh_type == SHT_SYMTAB) opened.complete_ = true;
               });
  if (!same_build) return {};
  return opened;
}

SymbolFile::SymbolFile(SymbolFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      complete_(other.complete_) {}

SymbolFile::~SymbolFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

// Until `goes_on` says that it does not. It is given all names from the function's own on: few are of
// interest, and a table may have tens of thousands.
template <class Visit>
void SymbolFile::each_function(Visit goes_on) const {
  const std::string_view file(data_, size_);
  bool done = false;
  each_section(file, [&](std::size_t, const Section& section, std::string_view bytes) {
    if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) return;
    const std::string_view names = section_bytes(file, section.sh_link);
    for (; !done && bytes.size() >= sizeof(Symbol); bytes.remove_prefix(sizeof(Symbol))) {
      Symbol symbol;
      std::memcpy(&symbol, bytes.data(), sizeof symbol);
      const int type = symbol.st_info & 0xf;
      if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_value == 0 ||
          symbol.st_name >= names.size())
        continue;
      done = !goes_on(symbol.st_value, names.substr(symbol.st_name), symbol.st_size);
    }
  });
}

std::optional<SymbolFile::Function> SymbolFile::enclosing(std::uint64_t offset) const {
  std::optional<Function> found;
  each_function([&](std::uint64_t at, std::string_view names, std::uint64_t size) {
    if (offset >= at && offset - at < size) found = Function{first_of(names), at};
    return !found;
  });
  return found;
}

std::optional<std::string> SymbolFile::function_at(std::uint64_t offset) const {
  std::optional<std::string> found;
  each_function([&](std::uint64_t at, std::string_view names, std::uint64_t) {
    if (at == offset) found = std::string(first_of(names));
    return !found;
  });
  return found;
}

std::optional<std::uint64_t> SymbolFile::function_named(const std::string& name) const {
  std::optional<std::uint64_t> found;
  bool ambiguous = false;
  each_function([&](std::uint64_t at, std::string_view names, std::uint64_t) {
    if (!names.starts_with(name) || first_of(names) != name) return true;
    ambiguous = found && *found != at;
    found = at;
    return !ambiguous;
  });
  return ambiguous ? std::nullopt : found;
}

}  // namespace lambdapool::runtime
