// File: a file whose bytes travel with it, as an argument of a task or as what it returns.
//
//   lp::File regrid(const lp::File& file) {      // in the worker: file.path() is a copy of its own
//     write_coarse(file.path(), "/tmp/coarse.nc");
//     return lp::File("/tmp/coarse.nc");
//   }
//   pool.map(regrid, std::vector{lp::File("data/a.nc"), lp::File("data/b.nc")});
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "lambdapool/codec.hpp"

namespace lambdapool {

namespace detail {

using FilePath = std::shared_ptr<const std::filesystem::path>;
FilePath file_to_send(const std::filesystem::path& path);
void write_file(Writer& out, const std::filesystem::path& path);
FilePath read_file(Reader& in);

}  // namespace detail

// The bytes are read when the task is sent, or its result: the file must not be changed meanwhile. What
// arrives is a copy in the temporary directory, under the name that the file had; it is removed with the last
// copy of the object. A URL (whatever has "://") travels as it is, and is the path: the function reads it
// with rights of its own. To send one file to many tasks, share it: pool.share(File(path)).
class File {
 public:
  // Throws std::filesystem::filesystem_error where there is no such file, or it is no regular one.
  explicit File(const std::filesystem::path& path) : path_(detail::file_to_send(path)) {}

  const std::filesystem::path& path() const { return *path_; }
  std::string name() const { return path_->filename(); }

 private:
  friend struct Codec<File>;
  explicit File(detail::FilePath path) : path_(std::move(path)) {}

  detail::FilePath path_;
};

// Throw std::filesystem::filesystem_error where the file cannot be read, or its copy not be written (the disk
// is full, for one).
template <>
struct Codec<File> {
  static constexpr std::uint64_t tag = detail::hash_text("file");
  static void write(Writer& out, const File& file) { detail::write_file(out, file.path()); }
  static File read(Reader& in) { return File(detail::read_file(in)); }
};

}  // namespace lambdapool
