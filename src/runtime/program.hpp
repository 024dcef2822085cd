// Which program this is, so that no call is ever run by another one.
//
// A call names code by the compiler's names and by offsets, which mean the same only in the same build.
// So both sides compare the GNU build-id, which the linker computes over the whole executable. A program
// that is deliberately built twice (for arm64, say) may carry a program id as well, a hash of its sources:
// lambdapool_program(target) in CMake sets it. Then names are trusted, and offsets are not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lambdapool::runtime {

struct ProgramIdentity {
  std::string build;  // build-id in hex, of the executable and then of libraries that hold tasks; "" if none
  std::string program;  // program id and the registry's hash; "" where there is no program id

  std::string to_string() const;  // the envelope's `peer`
  static ProgramIdentity parse(std::string_view peer);
};

ProgramIdentity own_identity();

enum class Coherence { same_build, same_program, different };
Coherence compare(const ProgramIdentity& mine, const ProgramIdentity& theirs);

}  // namespace lambdapool::runtime
