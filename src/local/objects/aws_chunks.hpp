// "aws-chunked": how S3's clients frame a body whose checksum follows it. Each chunk is its length in hex
// (with extensions such as its signature), CR LF, the bytes, CR LF; after the last, of length 0, come
// trailers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lambdapool::local {

class AwsChunks {
 public:
  // Takes `piece` and gives the bytes in it to `store`. False: it is framed otherwise.
  template <class Store>
  bool feed(std::string_view piece, Store store) {
    while (!piece.empty()) {
      if (left_ > 0) {
        const auto bytes =
            piece.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece.size())));
        store(bytes);
        left_ -= bytes.size();
        piece.remove_prefix(bytes.size());
        continue;
      }
      line_ += piece.front();
      piece.remove_prefix(1);
      if (line_.size() > line_max) return false;
      if (line_.ends_with("\r\n") && !line()) return false;
    }
    return true;
  }
  bool complete() const { return complete_; }
  std::string trailer(const std::string& name) const;  // in lower case; "" where there is none

 private:
  static constexpr std::size_t line_max = 8'192;
  bool line();  // line_ is one, with its end

  std::string line_;
  std::uint64_t left_ = 0;  // of the chunk
  bool after_bytes_ = false;
  bool in_trailers_ = false;
  bool complete_ = false;
  std::map<std::string, std::string> trailers_;
};

}  // namespace lambdapool::local
