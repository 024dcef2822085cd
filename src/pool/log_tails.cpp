#include "pool/log_tails.hpp"

#include <utility>

#include "core/encoding.hpp"

namespace lambdapool::pool {
namespace {

constexpr std::size_t overhead = 128;  // what an entry takes beside its text

}  // namespace

void LogTails::keep_base64(Call call, std::string tail) { store(call, {std::move(tail), true}); }
void LogTails::keep_text(Call call, std::string tail) { store(call, {std::move(tail), false}); }

void LogTails::store(Call call, Stored stored) {
  bytes_ += stored.text.size() + overhead;
  tails_.insert_or_assign(call, std::move(stored));
  oldest_first_.push_back(call);
  while (bytes_ > bytes_max_ && oldest_first_.size() > 1) {
    const auto oldest = tails_.find(oldest_first_.front());
    bytes_ -= oldest->second.text.size() + overhead;
    tails_.erase(oldest);
    oldest_first_.pop_front();
    ++dropped_;
  }
}

LogTails::Tail LogTails::of(Call call) const {
  const auto found = tails_.find(call);
  if (found == tails_.end()) return {};
  const auto& [text, base64] = found->second;
  return {true, base64 ? base64_decode(text).value_or("") : text};
}

}  // namespace lambdapool::pool
