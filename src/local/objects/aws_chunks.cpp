#include "local/objects/aws_chunks.hpp"

#include <charconv>

namespace lambdapool::local {

bool AwsChunks::line() {
  const std::string_view text = std::string_view(line_).substr(0, line_.size() - 2);
  bool good = true;
  if (after_bytes_) {
    good = text.empty();  // what ends a chunk
    after_bytes_ = false;
  } else if (in_trailers_) {
    const auto colon = text.find(':');
    if (colon != std::string_view::npos)
      trailers_[std::string(text.substr(0, colon))] = std::string(text.substr(colon + 1));
    complete_ = true;
  } else {
    const auto length = text.substr(0, text.find(';'));
    const auto [stop, status] = std::from_chars(length.data(), length.data() + length.size(), left_, 16);
    good = !length.empty() && status == std::errc() && stop == length.data() + length.size();
    in_trailers_ = complete_ = good && left_ == 0;
    after_bytes_ = left_ > 0;
  }
  line_.clear();
  return good;
}

std::string AwsChunks::trailer(const std::string& name) const {
  const auto found = trailers_.find(name);
  return found == trailers_.end() ? "" : found->second;
}

}  // namespace lambdapool::local
