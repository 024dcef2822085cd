// One pass over a JSON object that hands out its members as views, so that a member of several
// megabytes is looked at once and copied never. Containers inside are checked and skipped.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lambdapool {

struct JsonValue {
  enum class Type { string, number, literal, object, array };
  Type type = Type::literal;
  std::string_view text;  // as it stands in the source; a string's is without its quotes
  bool escaped = false;   // a string with backslashes in it: see unescape_json
};

// Calls `visit` for each member in order. Returns what is wrong with the text, with where; nullopt if
// it is one JSON object and nothing else. Strings' bytes are not checked for being UTF-8.
std::optional<std::string> scan_json_object(
    std::string_view json, const std::function<void(std::string_view name, const JsonValue& value)>& visit);

// The string that `text` (without quotes) stands for; nullopt where an escape is malformed.
std::optional<std::string> unescape_json(std::string_view text);

// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

}  // namespace lambdapool
