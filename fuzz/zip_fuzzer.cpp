// Whatever names and bytes are to be zipped: they are refused, or the zip has exactly them.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "package/zip.hpp"

using namespace lambdapool::package;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  std::vector<ZipEntry> entries;
  std::map<std::string, std::size_t> expected;
  while (in.remaining_bytes() > 0 && entries.size() < 20) {
    ZipEntry entry{.name = in.ConsumeRandomLengthString(300), .executable = in.ConsumeBool()};
    std::string content = in.ConsumeRandomLengthString(1'000);
    if (entry.name.ends_with('/')) content.clear();
    expected[entry.name] = content.size();
    entry.content = std::move(content);
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) return 0;  // readers take a zip of nothing for none, as AWS does
  const auto zip = write_zip(entries);
  if (!zip) return 0;
  const auto again = write_zip(entries);
  if (!again || *again != *zip) std::abort();
  const auto listed = list_zip(*zip);
  if (!listed || listed->size() != expected.size()) std::abort();
  for (const auto& file : *listed) {
    const auto found = expected.find(file.name);
    if (found == expected.end() || found->second != static_cast<std::size_t>(file.unzipped_bytes))
      std::abort();
  }
  return 0;
}
