#include "package/elf_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/encoding.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view runtime_section = ".lambdapool";
constexpr std::string_view runtime_marker = "lambdapool runtime 1";
constexpr std::uint64_t no_interposed_executable = 0x0800'0000;  // DF_1_PIE

// Bytes at an offset of a file, as many as are asked for and there.
class File {
 public:
  explicit File(const fs::path& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return descriptor_ >= 0; }

  std::string read(std::uint64_t at, std::uint64_t size) const {
    std::string bytes(static_cast<std::size_t>(std::min(size, part_max)), '\0');
    std::size_t done = 0;
    while (done < bytes.size() && at <= offset_max) {
      const auto got =
          pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  template <class Header>
  std::optional<Header> header(std::uint64_t at) const {
    const std::string bytes = read(at, sizeof(Header));
    if (bytes.size() != sizeof(Header)) return {};
    Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    return header;
  }

 private:
  static constexpr std::uint64_t part_max = 16U << 20;  // more of a section than anything here needs
  static constexpr std::uint64_t offset_max = std::uint64_t{1} << 62;
  int descriptor_;
};

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// The text at `at` of a string table; nullopt where it is not in there.
std::optional<std::string> text_at(const std::string& table, std::uint64_t at) {
  if (at >= table.size()) return {};
  return std::string(table.c_str() + at);  // a std::string ends with a zero
}

// Whether one of a dynamic string table's names is that of lambdapool::init, as a compiler mangles it.
bool names_init(const std::string& table) {
  for (std::size_t at = 0; at < table.size(); at += std::strlen(table.c_str() + at) + 1) {
    const std::string_view name(table.c_str() + at);
    if (name.starts_with("_ZN10lambdapool") && name.ends_with("4initEiPPc")) return true;
  }
  return false;
}

struct Elf32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Section = Elf32_Shdr;
  using Dynamic = Elf32_Dyn;
};

struct Elf64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Section = Elf64_Shdr;
  using Dynamic = Elf64_Dyn;
};

std::string find_build_id(const std::string& notes) {
  const auto padded = [](std::uint64_t size) { return (size + 3) / 4 * 4; };
  for (std::uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= notes.size();) {
    Elf64_Nhdr note;  // of both classes alike
    std::memcpy(&note, notes.data() + at, sizeof note);
    const std::uint64_t name = at + sizeof note;
    const std::uint64_t description = name + padded(note.n_namesz);
    if (description + note.n_descsz > notes.size()) return "";
    if (note.n_type == NT_GNU_BUILD_ID && notes.compare(name, note.n_namesz, std::string("GNU\0", 4)) == 0)
      return hex_encode(std::string_view(notes).substr(description, note.n_descsz));
    at = description + padded(note.n_descsz);
  }
  return "";
}

template <class Class>
class Reader {
 public:
  Reader(const File& file, typename Class::Header header) : file_(file), header_(header) {}

  ElfFile read() {
    read_segments();
    read_sections();
    return std::move(out_);
  }
  std::uint64_t flags() const { return flags_; }  // DT_FLAGS_1

 private:
  void read_segments() {
    if (header_.e_phentsize != sizeof(typename Class::Segment)) return;
    for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment = file_.header<typename Class::Segment>(header_.e_phoff + i * header_.e_phentsize);
      if (!segment) return;
      if (segment->p_type == PT_INTERP)
        out_.interpreter = text_at(file_.read(segment->p_offset, segment->p_filesz), 0).value_or("");
      if (segment->p_type == PT_NOTE && out_.build_id.empty())
        out_.build_id = find_build_id(file_.read(segment->p_offset, segment->p_filesz));
    }
  }

  std::optional<typename Class::Section> section(std::uint64_t index) const {
    if (header_.e_shentsize != sizeof(typename Class::Section)) return {};
    return file_.header<typename Class::Section>(header_.e_shoff + index * header_.e_shentsize);
  }

  std::string content(const typename Class::Section& section) const {
    return section.sh_type == SHT_NOBITS ? "" : file_.read(section.sh_offset, section.sh_size);
  }

  void read_sections() {
    const auto names = section(header_.e_shstrndx);
    if (header_.e_shoff == 0 || !names) return;
    const std::string table = content(*names);
    for (std::uint64_t i = 0; i < header_.e_shnum; ++i) {
      const auto one = section(i);
      if (!one) return;
      if (one->sh_type == SHT_DYNAMIC) read_dynamic(*one);
      if (one->sh_type == SHT_PROGBITS && text_at(table, one->sh_name) == runtime_section)
        out_.has_lambdapool |= content(*one).find(runtime_marker) != std::string::npos;
    }
  }

  void read_dynamic(const typename Class::Section& dynamic) {
    using Entry = typename Class::Dynamic;
    const auto strings = section(dynamic.sh_link);
    const std::string table = strings ? content(*strings) : "";
    const std::string entries = content(dynamic);
    out_.has_lambdapool |= names_init(table);
    for (std::size_t at = 0; at + sizeof(Entry) <= entries.size(); at += sizeof(Entry)) {
      Entry entry;
      std::memcpy(&entry, entries.data() + at, sizeof entry);
      if (entry.d_tag == DT_NULL) return;
      if (entry.d_tag == DT_FLAGS_1) flags_ = entry.d_un.d_val;
      const auto text = text_at(table, entry.d_un.d_val);
      if (!text) continue;
      if (entry.d_tag == DT_NEEDED) out_.needed.push_back(*text);
      if (entry.d_tag == DT_RPATH) out_.rpath = split_path(*text);
      if (entry.d_tag == DT_RUNPATH) out_.runpath = split_path(*text);
      if (entry.d_tag == DT_SONAME) out_.soname = *text;
    }
  }

  const File& file_;
  const typename Class::Header header_;
  ElfFile out_;
  std::uint64_t flags_ = 0;
};

ElfFile::Kind kind_of(int type, const ElfFile& file, std::uint64_t flags) {
  if (type == ET_REL) return ElfFile::Kind::object;
  if (type == ET_EXEC) return ElfFile::Kind::executable;
  if (type != ET_DYN) return ElfFile::Kind::other;
  // A position-independent executable and a shared library have the same type. Newer linkers mark the
  // first; without the mark, libraries are told by their name or by having no loader.
  if ((flags & no_interposed_executable) != 0) return ElfFile::Kind::executable;
  if (!file.soname.empty() || file.interpreter.empty()) return ElfFile::Kind::shared_library;
  return ElfFile::Kind::executable;
}

std::uint16_t swapped(std::uint16_t value) { return static_cast<std::uint16_t>(value << 8 | value >> 8); }

// nullopt where not even the header is there. Of a machine with the other byte order only the header is read:
// nothing here can run it.
template <class Class>
std::optional<ElfFile> read_as(const File& file, bool foreign_order) {
  const auto header = file.header<typename Class::Header>(0);
  if (!header) return {};
  Reader<Class> reader(file, *header);
  ElfFile out = foreign_order ? ElfFile{} : reader.read();
  out.machine = foreign_order ? swapped(header->e_machine) : header->e_machine;
  out.is_64_bit = std::is_same_v<Class, Elf64>;
  out.kind = kind_of(foreign_order ? swapped(header->e_type) : header->e_type, out, reader.flags());
  return out;
}

}  // namespace

bool is_elf(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  char start[4] = {};
  std::ifstream in(path, std::ios::binary);
  return in.read(start, sizeof start) && std::memcmp(start, "\177ELF", sizeof start) == 0;
}

Result<ElfFile> read_elf(const fs::path& path) {
  const File file(path);
  if (!file.is_open())
    return fail(ErrorKind::io, "Can't read " + path.string() + ": " + std::strerror(errno) + ".");
  const auto broken =
      fail(ErrorKind::invalid_argument, path.string() + " is not an ELF file, or a damaged one.");
  const std::string start = file.read(0, EI_NIDENT);
  if (start.size() < EI_NIDENT || !start.starts_with(ELFMAG)) return broken;
  const bool foreign_order =
      start[EI_DATA] != (std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB);
  std::optional<ElfFile> out;
  if (start[EI_CLASS] == ELFCLASS64) out = read_as<Elf64>(file, foreign_order);
  if (start[EI_CLASS] == ELFCLASS32) out = read_as<Elf32>(file, foreign_order);
  if (!out) return broken;
  return std::move(*out);
}

std::string machine_name(const ElfFile& elf) {
  switch (elf.machine) {
    case EM_X86_64:
      return elf.is_64_bit ? "x86_64" : "x32";
    case EM_AARCH64:
      return "arm64";
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit ARM";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "PowerPC";
    case EM_S390:
      return "S/390";
    default:
      return "machine number " + std::to_string(elf.machine);
  }
}

}  // namespace lambdapool::package
