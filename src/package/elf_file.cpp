#include "package/elf_file.hpp"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <string_view>

#include "core/encoding.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view runtime_section = ".lambdapool";
constexpr std::string_view runtime_marker = "lambdapool runtime 1";
constexpr GElf_Sxword no_interposed_executable = 0x0800'0000;  // DF_1_PIE

struct Closing {
  void operator()(Elf* elf) const { elf_end(elf); }
};

class File {
 public:
  explicit File(const fs::path& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string_view bytes_of(const Elf_Data* data) {
  if (data == nullptr || data->d_buf == nullptr) return {};
  return {static_cast<const char*>(data->d_buf), data->d_size};
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

void read_dynamic(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, ElfFile& file, GElf_Sxword& flags) {
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  for (GElf_Xword i = 0; i < header.sh_size / header.sh_entsize; ++i) {
    GElf_Dyn entry{};
    if (gelf_getdyn(data, static_cast<int>(i), &entry) == nullptr || entry.d_tag == DT_NULL) return;
    if (entry.d_tag == DT_FLAGS_1) flags = static_cast<GElf_Sxword>(entry.d_un.d_val);
    const bool is_text = entry.d_tag == DT_NEEDED || entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH ||
                         entry.d_tag == DT_SONAME;
    const char* text = is_text ? elf_strptr(elf, header.sh_link, entry.d_un.d_val) : nullptr;
    if (text == nullptr) continue;
    if (entry.d_tag == DT_NEEDED) file.needed.emplace_back(text);
    if (entry.d_tag == DT_RPATH) file.rpath = split_path(text);
    if (entry.d_tag == DT_RUNPATH) file.runpath = split_path(text);
    if (entry.d_tag == DT_SONAME) file.soname = text;
  }
}

std::string find_build_id(Elf_Data* notes) {
  GElf_Nhdr note{};
  std::size_t name = 0;
  std::size_t description = 0;
  const std::string_view bytes = bytes_of(notes);
  for (std::size_t at = 0; (at = gelf_getnote(notes, at, &note, &name, &description)) > 0;) {
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        bytes.substr(name, 4) == std::string_view("GNU\0", 4))
      return hex_encode(bytes.substr(description, note.n_descsz));
  }
  return "";
}

void read_segments(Elf* elf, ElfFile& file) {
  std::size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header{};
    if (gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr) return;
    if (header.p_type != PT_INTERP && header.p_type != PT_NOTE) continue;
    Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<std::int64_t>(header.p_offset), header.p_filesz,
                                          header.p_type == PT_NOTE ? ELF_T_NHDR : ELF_T_BYTE);
    const std::string_view bytes = bytes_of(data);
    if (header.p_type == PT_INTERP) file.interpreter = bytes.substr(0, bytes.find('\0'));
    if (header.p_type == PT_NOTE && data != nullptr && file.build_id.empty())
      file.build_id = find_build_id(data);
  }
}

void read_sections(Elf* elf, ElfFile& file, GElf_Sxword& flags) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header{};
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_DYNAMIC) read_dynamic(elf, section, header, file, flags);
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr || name != runtime_section || header.sh_type != SHT_PROGBITS) continue;
    const std::string_view bytes = bytes_of(elf_getdata(section, nullptr));
    file.has_lambdapool |= bytes.find(runtime_marker) != std::string_view::npos;
  }
}

ElfFile::Kind kind_of(int type, const ElfFile& file, GElf_Sxword flags) {
  if (type == ET_REL) return ElfFile::Kind::object;
  if (type == ET_EXEC) return ElfFile::Kind::executable;
  if (type != ET_DYN) return ElfFile::Kind::other;
  // A position-independent executable and a shared library have the same type. Newer linkers mark the
  // first; without the mark, libraries are told by their name or by having no loader.
  if ((flags & no_interposed_executable) != 0) return ElfFile::Kind::executable;
  if (!file.soname.empty() || file.interpreter.empty()) return ElfFile::Kind::shared_library;
  return ElfFile::Kind::executable;
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
  const File opened(path);
  if (opened.descriptor() < 0)
    return fail(ErrorKind::io, "Can't read " + path.string() + ": " + std::strerror(errno) + ".");
  elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, Closing> elf(elf_begin(opened.descriptor(), ELF_C_READ, nullptr));
  GElf_Ehdr header{};
  if (elf == nullptr || elf_kind(elf.get()) != ELF_K_ELF || gelf_getehdr(elf.get(), &header) == nullptr)
    return fail(ErrorKind::invalid_argument, path.string() + " is not an ELF file, or a damaged one.");
  ElfFile file;
  file.machine = header.e_machine;
  file.is_64_bit = gelf_getclass(elf.get()) == ELFCLASS64;
  GElf_Sxword flags = 0;
  read_segments(elf.get(), file);
  read_sections(elf.get(), file, flags);
  file.kind = kind_of(header.e_type, file, flags);
  return file;
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
