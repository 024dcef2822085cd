#include "runtime/ahead.hpp"

namespace lambdapool::runtime {

void Ahead::parts(std::string_view frames) {
  if (spoilt_) return;
  const auto whole = whole_parts(frames);
  spoilt_ = whole.size() < frames.size();
  if (!whole.empty()) tell_(whole);
}

void Ahead::write(std::string_view text) {
  if (output_ == Output::yes) show(lines_.of(text));
}

void Ahead::end() { show(lines_.rest()); }

void Ahead::show(std::string_view lines) {
  if (const auto frame = frames_.of(lines); !frame.empty()) tell_(frame);
}

}  // namespace lambdapool::runtime
