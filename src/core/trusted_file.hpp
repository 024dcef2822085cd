// Whether a file that is found, not named, may be obeyed: one that another user of the machine could have put
// there, or written, may not.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool {

// It, its directory, and what it leads to where it is a symbolic link, must belong to this process's user or
// to root, and nobody else may write to them. A group may where it is such a user's own (umask 002), or
// root's; a sticky directory such as /tmp may be open to all. To root SUDO_UID's user is as good, and to all
// `trusted` where it is given. Errors: invalid_argument, which names the file, whose it is or who may write
// it, and what to do.
Result<void> check_trusted(const std::filesystem::path& file, const Environment& environment,
                           std::optional<uid_t> trusted = std::nullopt);

// The nearest regular file of this name in `from` or a directory above; nullopt where there is none. Errors:
// as check_trusted's: an untrusted one is not passed over, since that would change settings in silence.
Result<std::optional<std::filesystem::path>> find_trusted_above(const std::filesystem::path& from,
                                                                const std::string& name,
                                                                const Environment& environment);

}  // namespace lambdapool
