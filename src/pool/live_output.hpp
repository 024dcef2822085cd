// What the tasks of a pool print, on its way to their user's terminal. The thread that gets it must not wait
// for a terminal, and who prints it may be slow: in between, so much is kept and no more.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "cloud/caller.hpp"
#include "core/error.hpp"

namespace lambdapool::pool {

class EarlyParts;

class LiveOutput {
 public:
  static constexpr std::size_t bytes_max = std::size_t{1} << 20;

  // Lines of a call, each of which gets `name` in front. What does not fit is left out, and a line says so.
  void add(std::string_view name, std::string_view lines);
  // Of a call that has ended: the end of its log, where none of its lines came before.
  void add_rest(std::string_view name, const EarlyParts& parts, const Result<cloud::Invoked>& answer);

  // For the one thread that prints: whole lines, as soon as there are any. "": there will be no more. To come
  // again is to say that what was taken is printed.
  std::string take();
  // Until all that has been added is printed, or so long. A printer that was too slow for that once is not
  // waited for again before it has caught up.
  void wait_until_printed(std::chrono::milliseconds most);
  void close();

 private:
  bool is_printed() const { return waits_ && pending_.empty() && left_out_ == 0; }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string pending_;
  std::size_t left_out_ = 0;  // lines
  bool waits_ = true;         // the printer, for more
  bool is_late_ = false;
  bool is_closed_ = false;
};

// What a function wrote, of a log's end as platforms give it: without their own lines.
std::string written_in(std::string_view log_tail);

}  // namespace lambdapool::pool
