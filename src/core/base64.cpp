// Base64 (RFC 4648 §4) by tables: two characters from each 12 bits when encoding, four table look-ups
// or-ed together when decoding, an invalid character showing as a bit above the low 24. Bodies of
// several megabytes pass here on every call, so it is worth more than a loop over characters.
#include <array>
#include <cstring>

#include "core/encoding.hpp"

namespace lambdapool {

namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct Pair {
  char text[2];
};
using PairTable = std::array<Pair, 4096>;

constexpr PairTable make_pairs() {
  PairTable table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = {{alphabet[i >> 6], alphabet[i & 63]}};
  return table;
}
constexpr PairTable pairs = make_pairs();

constexpr std::uint32_t invalid = 0x0100'0000;
using SextetTable = std::array<std::uint32_t, 256>;

constexpr SextetTable make_sextets(int shift) {
  SextetTable table{};
  for (auto& entry : table) entry = invalid;
  for (std::uint32_t i = 0; i < 64; ++i) table[static_cast<unsigned char>(alphabet[i])] = i << shift;
  return table;
}
constexpr std::array<SextetTable, 4> sextets = {make_sextets(18), make_sextets(12), make_sextets(6),
                                                make_sextets(0)};

std::uint32_t decode_four(const unsigned char* in) {
  return sextets[0][in[0]] | sextets[1][in[1]] | sextets[2][in[2]] | sextets[3][in[3]];
}

void store_three(char* out, std::uint32_t bits) {
  out[0] = static_cast<char>(bits >> 16);
  out[1] = static_cast<char>(bits >> 8);
  out[2] = static_cast<char>(bits);
}

char* encode_three(char* out, std::uint32_t bits) {
  std::memcpy(out, pairs[bits >> 12].text, 2);
  std::memcpy(out + 2, pairs[bits & 4095].text, 2);
  return out + 4;
}

// The last one or two bytes; the unused low bits must be zero, as RFC 4648 §3.5 lets a decoder demand.
bool decode_tail(const unsigned char* in, std::size_t padding, char* out) {
  const auto third = padding == 2 ? static_cast<unsigned char>('A') : in[2];
  const unsigned char quartet[4] = {in[0], in[1], third, 'A'};
  const std::uint32_t bits = decode_four(quartet);
  const std::uint32_t unused = padding == 2 ? 0xFFFF : 0xFF;
  if (bits >= invalid || (bits & unused) != 0) return false;
  out[0] = static_cast<char>(bits >> 16);
  if (padding == 1) out[1] = static_cast<char>(bits >> 8);
  return true;
}

}  // namespace

void base64_append(std::string& out, std::string_view bytes) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, from += 3) {
    to = encode_three(to, std::uint32_t{from[0]} << 16 | std::uint32_t{from[1]} << 8 | from[2]);
  }
  if (left == 0) return;
  encode_three(to, std::uint32_t{from[0]} << 16 | (left == 2 ? std::uint32_t{from[1]} << 8 : 0));
  to[3] = '=';
  if (left == 1) to[2] = '=';
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  base64_append(out, bytes);
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return std::string();
  const std::size_t padding = text.back() != '=' ? 0 : text[text.size() - 2] != '=' ? 1 : 2;
  std::string out(text.size() / 4 * 3 - padding, '\0');
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  char* to = out.data();
  std::uint32_t seen = 0;
  for (std::size_t quartets = text.size() / 4 - (padding != 0 ? 1 : 0); quartets > 0; --quartets) {
    const std::uint32_t bits = decode_four(from);
    seen |= bits;
    store_three(to, bits);
    from += 4;
    to += 3;
  }
  if (seen >= invalid) return std::nullopt;
  if (padding != 0 && !decode_tail(from, padding, to)) return std::nullopt;
  return out;
}

}  // namespace lambdapool
