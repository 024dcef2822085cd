#include "local/worker/own_runtime.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/descriptor.hpp"

namespace lambdapool::local {
namespace {

// What src/runtime/serve.cpp leaves in its section, and what package/launcher/launcher.c says when it fails.
constexpr std::string_view section_name = ".lambdapool";
constexpr std::string_view marker = "lambdapool runtime ";
constexpr std::string_view launcher_sentence = "lambdapool: the function's package is damaged";
constexpr std::size_t launcher_bytes_max = 64 * 1024;
constexpr std::size_t section_bytes_max = 4 * 1024;
constexpr std::size_t names_bytes_max = 1024 * 1024;

std::optional<std::string> read_at(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = ::pread(fd, bytes.data(), size, static_cast<off_t>(offset));
  if (got != static_cast<ssize_t>(size)) return {};
  return bytes;
}

template <class Header>
std::optional<Header> read_header(int fd, std::uint64_t offset) {
  const auto bytes = read_at(fd, offset, sizeof(Header));
  if (!bytes) return {};
  Header header;
  std::memcpy(&header, bytes->data(), sizeof header);
  return header;
}

bool has_marker(int fd, const Elf64_Shdr& section) {
  const std::size_t size = std::min<std::size_t>(section.sh_size, section_bytes_max);
  const auto bytes = read_at(fd, section.sh_offset, size);
  return bytes && bytes->find(marker) != std::string::npos;
}

// By hand: packaging, which reads executables too, is not among what the local Lambda may include.
bool has_marked_section(int fd) {
  const auto elf = read_header<Elf64_Ehdr>(fd, 0);
  if (!elf || std::memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_ident[EI_CLASS] != ELFCLASS64 ||
      elf->e_shentsize != sizeof(Elf64_Shdr) || elf->e_shstrndx >= elf->e_shnum)
    return false;
  const auto table = read_at(fd, elf->e_shoff, std::size_t{elf->e_shnum} * sizeof(Elf64_Shdr));
  if (!table) return false;
  std::vector<Elf64_Shdr> sections(elf->e_shnum);
  std::memcpy(sections.data(), table->data(), table->size());
  const auto& strings = sections[elf->e_shstrndx];
  if (strings.sh_size > names_bytes_max) return false;
  const auto names = read_at(fd, strings.sh_offset, strings.sh_size);
  if (!names) return false;
  for (const auto& section : sections) {
    if (section.sh_name >= names->size() || section.sh_type != SHT_PROGBITS) continue;
    if (section_name == names->c_str() + section.sh_name && has_marker(fd, section)) return true;
  }
  return false;
}

bool is_launcher(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || status.st_size > static_cast<off_t>(launcher_bytes_max)) return false;
  const auto bytes = read_at(fd, 0, static_cast<std::size_t>(status.st_size));
  return bytes && bytes->starts_with(ELFMAG) && bytes->find(launcher_sentence) != std::string::npos;
}

}  // namespace

bool is_own_runtime(const std::filesystem::path& bootstrap) {
  const Descriptor file(::open(bootstrap.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return file && (is_launcher(file.get()) || has_marked_section(file.get()));
}

}  // namespace lambdapool::local
