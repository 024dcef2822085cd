// Published versions of a function, and the aliases that name them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

// Lambda answers the newest version, and makes none, where neither code nor configuration has changed since
// it.
struct PublishVersion {
  std::string name;
  std::string description = {};  // the version's own; at most 256 characters
  std::string code_sha256 = {};  // base64; refused where $LATEST has other code. "": of whatever it has
  std::string revision_id = {};  // likewise, of $LATEST's revision
};

struct VersionPage {
  std::vector<FunctionConfiguration> versions;  // $LATEST among them
  std::optional<std::string> next_marker;
};

struct Alias {
  std::string name;
  std::vector<std::string>
      versions;  // those it sends invocations to: its own and one that it is weighted with
};

struct AliasPage {
  std::vector<Alias> aliases;
  std::optional<std::string> next_marker;
};

http::Request publish_version_request(const PublishVersion& call);  // parse_configuration reads the answer
http::Request list_versions_request(const std::string& name, const std::optional<std::string>& marker);
http::Request delete_version_request(const std::string& name, const std::string& version);
http::Request list_aliases_request(const std::string& name, const std::optional<std::string>& marker);

Result<VersionPage> parse_list_versions(const http::Response& response);
Result<AliasPage> parse_list_aliases(const http::Response& response);

}  // namespace lambdapool::aws
