// Zips a directory as a package is zipped: `lambdapool_bench_zip DIRECTORY OUT`.
#include "package/zip.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

namespace fs = std::filesystem;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::vector<lambdapool::package::ZipEntry> entries;
  for (const auto& file : fs::recursive_directory_iterator(argv[1])) {
    if (file.is_regular_file()) entries.push_back({fs::relative(file, argv[1]).string(), false, file.path()});
  }
  const auto zip = lambdapool::package::write_zip(std::move(entries));
  if (!zip) {
    std::fprintf(stderr, "%s\n", zip.error().message.c_str());
    return 1;
  }
  std::ofstream(argv[2], std::ios::binary) << *zip;
  return 0;
}
