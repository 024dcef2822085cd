// Whatever arrives as a value is read or refused; what is read survives being written and read again.
#include <cstdlib>
#include <string_view>

#include "lambdapool/codec.hpp"

using namespace lambdapool;

namespace {

enum class Colour : std::uint8_t { red, green };
struct Leaf {
  std::string name;
  Colour colour;
  std::vector<int> numbers;
};
struct Tree {
  std::variant<int, std::string, Leaf> value;
  std::vector<Tree> children;
  std::unique_ptr<Leaf> leaf;
};
struct Everything {
  bool flag;
  std::optional<Leaf> maybe;
  std::map<std::string, std::vector<bool>> map;
  std::set<int> set;
  std::array<std::pair<char, long>, 2> array;
  std::chrono::milliseconds time;
  std::tuple<std::u16string, std::list<Leaf>> tuple;
  int numbers[3];
};

template <class T>
void try_as(std::string_view bytes) {
  try {
    const T value = decode<T>(bytes);
    const std::string written = encode(value);
    if (encode(decode<T>(written)) != written) std::abort();
  } catch (const MalformedMessage&) {
  }
}

// Its order is no part of the value, so it is only read.
void try_unordered(std::string_view bytes) {
  try {
    decode<std::unordered_map<std::string, std::unordered_set<int>>>(bytes);
  } catch (const MalformedMessage&) {
  }
}

void try_span(std::string_view bytes) {
  try {
    Reader in(bytes);
    double sum = 0;
    for (const double number : Codec<std::span<const double>>::read(in)) sum += number;
    volatile double used = sum;
    (void)used;
  } catch (const MalformedMessage&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try_as<Tree>(bytes);
  try_as<Everything>(bytes);
  try_unordered(bytes);
  try_span(bytes);
  return 0;
}
