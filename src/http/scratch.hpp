// What a client's connections use one after the other, so that it stays in the processor's caches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "http/parser.hpp"

namespace lambdapool::http {

class Scratch {
 public:
  explicit Scratch(std::uint64_t max_response_bytes) : limits_{1ull << 20, max_response_bytes} {}

  // For what is read, until the next connection reads; and for a head, until the next one sends.
  std::span<char> room() { return {room_.get(), room_bytes}; }
  std::string head;

  // For an answer from its first bytes to its last. Most come in one piece, and then there is one for all.
  std::unique_ptr<ResponseParser> take_parser() {
    if (parsers_.empty()) return std::make_unique<ResponseParser>(limits_);
    auto parser = std::move(parsers_.back());
    parsers_.pop_back();
    return parser;
  }
  void give_back(std::unique_ptr<ResponseParser> parser) { parsers_.push_back(std::move(parser)); }

 private:
  static constexpr std::size_t room_bytes = 256 * 1'024;

  const ParserLimits limits_;
  const std::unique_ptr<char[]> room_ = std::make_unique_for_overwrite<char[]>(room_bytes);
  std::vector<std::unique_ptr<ResponseParser>> parsers_;
};

}  // namespace lambdapool::http
