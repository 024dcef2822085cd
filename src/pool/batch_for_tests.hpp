// What the tests of a batch share: its calls, as one wants to compare and to read them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <vector>

#include "pool/batch.hpp"

namespace lambdapool::pool {

inline void PrintTo(const Batch::Chunk& chunk, std::ostream* out) {
  *out << "job " << chunk.job << ", " << chunk.count << " from " << chunk.first;
}

MATCHER_P3(Is, job, first, count, "") {
  return arg.job == static_cast<Batch::Job>(job) && arg.first == static_cast<std::size_t>(first) &&
         arg.count == static_cast<std::size_t>(count);
}

inline std::vector<Batch::Chunk> all(Batch& batch) {
  std::vector<Batch::Chunk> chunks;
  while (const auto chunk = batch.next()) chunks.push_back(*chunk);
  return chunks;
}

}  // namespace lambdapool::pool
