#include "runtime/program.hpp"

#include <set>

#include "core/encoding.hpp"
#include "runtime/modules.hpp"
#include "runtime/registry.hpp"

// Defined by the file that lambdapool_program(target) adds to the executable; absent otherwise.
extern "C" __attribute__((weak)) const char lambdapool_program_id[];

namespace lambdapool::runtime {

std::string ProgramIdentity::to_string() const { return program.empty() ? build : build + "/" + program; }

ProgramIdentity ProgramIdentity::parse(std::string_view peer) {
  const std::size_t slash = peer.find('/');
  if (slash == std::string_view::npos) return {std::string(peer), ""};
  return {std::string(peer.substr(0, slash)), std::string(peer.substr(slash + 1))};
}

ProgramIdentity own_identity() {
  ProgramIdentity identity;
  const std::vector<Module> modules = loaded_modules();
  if (modules.empty() || modules.front().build_id.empty()) return identity;
  identity.build = hex_encode(modules.front().build_id);
  std::set<std::string> libraries;
  const auto add_library_of = [&](std::uintptr_t code) {
    for (std::size_t i = 1; i < modules.size(); ++i)
      if (modules[i].contains(code)) libraries.insert(hex_encode(modules[i].build_id));
  };
  add_library_of(reinterpret_cast<std::uintptr_t>(&own_identity));  // lambdapool's shared library
  for (const auto* task = first_task(); task != nullptr; task = task->next) {
    add_library_of(reinterpret_cast<std::uintptr_t>(task->make));
  }
  for (const std::string& library : libraries) identity.build += "+" + library;
  if (lambdapool_program_id != nullptr) {
    const std::uint64_t hash = registry_hash();
    identity.program = std::string(lambdapool_program_id) + "." +
                       hex_encode({reinterpret_cast<const char*>(&hash), sizeof hash});
  }
  return identity;
}

Coherence compare(const ProgramIdentity& mine, const ProgramIdentity& theirs) {
  if (!mine.build.empty() && mine.build == theirs.build) return Coherence::same_build;
  if (!mine.program.empty() && mine.program == theirs.program) return Coherence::same_program;
  return Coherence::different;
}

}  // namespace lambdapool::runtime
