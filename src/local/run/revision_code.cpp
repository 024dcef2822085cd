#include "local/run/revision_code.hpp"

#include <chrono>
#include <set>

#include "local/run/run_record.hpp"

namespace lambdapool::local::run {
namespace {

constexpr std::chrono::hours kept{24};  // a request has at most one

}  // namespace

bool has_code(const RunFiles& files, const Revision& revision) {
  const auto& source = revision.source;
  return std::filesystem::is_directory(revision.code) ||
         files.has_object(source.bucket, source.object, source.generation);
}

std::string code_is_gone(const Revision& revision) {
  return "its code is gone, so deploy it again: neither " + revision.code.string() +
         " nor its archive is there";
}

Result<void> make_code_ready(const RunFiles& files, const Revision& revision) {
  if (std::filesystem::is_directory(revision.code)) return {};
  const auto& source = revision.source;
  if (const auto archive = files.object(source.bucket, source.object, source.generation))
    if (const auto code = files.unpack(*archive); code && *code == revision.code) return {};
  return fail(ErrorKind::io, code_is_gone(revision));
}

void remove_unused_code(const RunFiles& files) {
  std::set<std::string> in_use;
  for (const auto& [name, text] : files.services("-", "-")) {
    const auto record = RunRecord::parse(name, text);
    if (record.is_damaged()) return;  // what it referred to is not known
    in_use.merge(record.code_folders());
  }
  files.remove_code(in_use, std::filesystem::file_time_type::clock::now() - kept);
}

}  // namespace lambdapool::local::run
