#pragma once

#include <iostream>
#include <string>

inline int failed_checks = 0;

#define CHECK(condition)                                                                    \
  do {                                                                                      \
    if (!(condition)) {                                                                     \
      ++failed_checks;                                                                      \
      std::cout << __FILE__ << ":" << __LINE__ << ": " << #condition << " does not hold\n"; \
    }                                                                                       \
  } while (false)

// The message of the Exception that `expression` throws; a failed check and "" where it throws none.
template <class Exception, class F>
std::string message_of(int line, F&& expression) {
  try {
    expression();
  } catch (const Exception& error) {
    return error.what();
  } catch (...) {
    std::cout << "line " << line << ": another exception\n";
    ++failed_checks;
    return "";
  }
  std::cout << "line " << line << ": no exception\n";
  ++failed_checks;
  return "";
}
#define MESSAGE_OF(Exception, ...) message_of<Exception>(__LINE__, [&] { __VA_ARGS__; })
