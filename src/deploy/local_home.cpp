#include "deploy/local_home.hpp"

namespace lambdapool::deploy {

namespace fs = std::filesystem;

Result<LocalHome> LocalHome::find(const Connection& connection) {
  auto named = connection.home();
  if (!named) return tl::unexpected(named.error());
  std::error_code error;
  // What cannot even be looked at is for the service to complain of.
  if (fs::status(*named, error).type() != fs::file_type::not_found) return LocalHome(*named, std::nullopt);
  const auto parent = fs::temp_directory_path(error);
  auto empty = package::TempDir::make(error ? fs::path("/tmp") : parent);
  if (!empty) return tl::unexpected(empty.error());
  return LocalHome(*named, std::move(*empty));
}

}  // namespace lambdapool::deploy
