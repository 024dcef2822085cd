#include "package/zip_memory.hpp"

#include <algorithm>
#include <cstring>

namespace lambdapool::package {

namespace {

MemoryFile& file_of(voidpf stream) { return *static_cast<MemoryFile*>(stream); }

voidpf open_memory(voidpf opaque, const void*, int) { return opaque; }

uLong read_memory(voidpf, voidpf stream, void* buffer, uLong size) {
  MemoryFile& file = file_of(stream);
  const std::string_view content = file.content();
  const std::size_t left = content.size() - std::min<std::size_t>(file.position, content.size());
  const std::size_t count = std::min<std::size_t>(size, left);
  if (count < size) file.cut_off = true;
  if (count == 0) return 0;
  std::memcpy(buffer, content.data() + file.position, count);
  file.position += count;
  return count;
}

uLong write_memory(voidpf, voidpf stream, const void* buffer, uLong size) {
  MemoryFile& file = file_of(stream);
  if (file.output == nullptr) return 0;
  if (file.output->size() < file.position + size) file.output->resize(file.position + size);
  std::memcpy(file.output->data() + file.position, buffer, size);
  file.position += size;
  return size;
}

ZPOS64_T tell_memory(voidpf, voidpf stream) { return file_of(stream).position; }

long seek_memory(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  MemoryFile& file = file_of(stream);
  const std::uint64_t size = file.content().size();
  std::uint64_t base = 0;
  if (origin == ZLIB_FILEFUNC_SEEK_CUR) base = file.position;
  if (origin == ZLIB_FILEFUNC_SEEK_END) base = size;
  if (offset > size || base + offset > size) return -1;  // broken archives point anywhere
  file.position = base + offset;
  return 0;
}

int close_memory(voidpf, voidpf) { return 0; }
int memory_error(voidpf, voidpf stream) { return file_of(stream).cut_off ? 1 : 0; }

}  // namespace

zlib_filefunc64_def memory_functions(MemoryFile& file) {
  zlib_filefunc64_def functions{};
  functions.zopen64_file = open_memory;
  functions.zread_file = read_memory;
  functions.zwrite_file = write_memory;
  functions.ztell64_file = tell_memory;
  functions.zseek64_file = seek_memory;
  functions.zclose_file = close_memory;
  functions.zerror_file = memory_error;
  functions.opaque = &file;
  return functions;
}

}  // namespace lambdapool::package
