#pragma once

#include <chrono>
#include <ctime>
#include <string>

namespace lambdapool::local {

// The Date header's value, written once a second.
class DateHeader {
 public:
  const std::string& at(std::chrono::system_clock::time_point now) {
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    if (seconds != seconds_) {
      std::tm parts{};
      gmtime_r(&seconds, &parts);
      char text[40];
      text_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
      seconds_ = seconds;
    }
    return text_;
  }

 private:
  std::time_t seconds_ = -1;
  std::string text_;
};

}  // namespace lambdapool::local
