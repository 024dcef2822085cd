#include "deploy/function/tags.hpp"

#include <algorithm>
#include <string_view>

#include "core/utf8.hpp"
#include "deploy/function/marks.hpp"

namespace lambdapool::deploy {
namespace {

constexpr std::size_t tags_max = 50, key_max = 128, value_max = 256;  // AWS's "Tag restrictions"

// Of the ASCII characters AWS takes letters, digits, spaces and _.:/=+-@; of the others any letter.
bool has_tag_characters(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= 128 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view(" _.:/=+-@").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Result<void> validate_key(const std::string& key) {
  if (key == version_tag || key == unfinished_tag || key == requirements_tag || key == left_role_tag)
    return fail(ErrorKind::invalid_argument, "tag '" + key + "' is lambdapool's own and can't be changed.");
  if (key.starts_with("aws:"))
    return fail(ErrorKind::invalid_argument, "tag '" + key + "' begins with aws:, which is AWS's own.");
  if (key.empty() || utf8::length(key) > key_max || !has_tag_characters(key))
    return fail(ErrorKind::invalid_argument,
                "tag '" + key + "' must have 1 to 128 letters, digits, spaces or _.:/=+-@.");
  return {};
}

}  // namespace

Result<void> validate_tags(const FunctionRequest& options) {
  for (const auto& [key, value] : options.tags) {
    if (auto valid = validate_key(key); !valid) return valid;
    if (utf8::length(value) > value_max || !has_tag_characters(value))
      return fail(ErrorKind::invalid_argument, "the value of tag '" + key +
                                                   "' must have at most 256 letters, digits, spaces or "
                                                   "_.:/=+-@.");
    if (options.untags.count(key) != 0)
      return fail(ErrorKind::invalid_argument, "tag '" + key + "' is both set and removed.");
  }
  for (const auto& key : options.untags)
    if (auto valid = validate_key(key); !valid) return valid;
  return {};
}

Result<void> validate_tag_count(const Tags& now, const TagChange& change) {
  Tags then = now;
  for (const auto& key : change.remove) then.erase(key);
  for (const auto& [key, value] : change.set) then[key] = value;
  if (then.size() <= tags_max) return {};
  return fail(ErrorKind::invalid_argument, "a function can have at most " + std::to_string(tags_max) +
                                               " tags, not " + std::to_string(then.size()) +
                                               " (lambdapool's own included).");
}

TagChange tag_change(const Tags& now, const FunctionRequest& options) {
  TagChange change;
  for (const auto& [key, value] : options.tags) {
    const auto found = now.find(key);
    if (found == now.end() || found->second != value) change.set[key] = value;
  }
  for (const auto& key : options.untags)
    if (now.count(key) != 0) change.remove.push_back(key);
  return change;
}

}  // namespace lambdapool::deploy
