#include "deploy/code/requirements_copy.hpp"

#include <filesystem>
#include <fstream>

namespace lambdapool::deploy {

bool can_be_read_again(const std::string& requirements) {
  std::error_code ignored;
  return !std::filesystem::is_fifo(requirements, ignored);
}

Result<RequirementsCopy> keep_what_is_read_once(std::string& requirements) {
  if (can_be_read_again(requirements)) return nullptr;
  std::error_code ignored;
  auto made = package::TempDir::make(std::filesystem::temp_directory_path(ignored));
  if (!made) return tl::unexpected(made.error());
  const auto copy = made->path() / "requirements.txt";
  std::ifstream in(requirements, std::ios::binary);
  std::ofstream out(copy, std::ios::binary);
  if (in.peek() != std::ifstream::traits_type::eof()) out << in.rdbuf();
  out.close();
  if (!out || in.bad()) return fail(ErrorKind::io, "the requirements " + requirements + " cannot be read");
  requirements = copy.string();
  return std::make_shared<const package::TempDir>(std::move(*made));
}

}  // namespace lambdapool::deploy
