// zip64's end of an archive: the place for a number of entries that has no room in the 16 bits of the
// ordinary one. (minizip writes it for large archives only, not for many entries.)
#pragma once

#include <cstddef>
#include <string>

namespace lambdapool::package {

// `zip` is complete, with `entries` entries and no comment. Up to 65,534 entries it is left as it is.
void add_zip64_end(std::string& zip, std::size_t entries);

}  // namespace lambdapool::package
