// Where a machine keeps the certificates of the authorities that it trusts. A statically linked OpenSSL looks
// where the machine that built it keeps them, and each family of distributions has a place of its own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lambdapool::http {

struct Authorities {
  std::string file = {};  // PEM, all of them; or
  std::string directory =
      {};  // one each, under the hashes of their names, of which OpenSSL reads what it needs
};

// The first that there is of: the places of Debian, Red Hat and Amazon, SUSE and Alpine, below `root`; what
// the packages certifi, pip and botocore bring, in `packages` (a Python's site-packages). nullopt: there is
// none.
std::optional<Authorities> find_authorities(const std::filesystem::path& root,
                                            const std::filesystem::path& packages);

// The directory that the package with this code is installed in: of interest if that is a Python package.
std::filesystem::path packages_beside_this();

}  // namespace lambdapool::http
