// The journal of one run: which of its items have their results, from one start of the program to the next.
//
// An item is known by its place and by a digest of its bytes. Its life: missing; sent, which is written
// before the call is made; done, which is written before anybody sees the result. So whenever the program
// ends, nothing that is done is lost, and what was sent and is not done may have run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "journal/database.hpp"
#include "journal/directory.hpp"

namespace lambdapool::journal {

using Position = std::int64_t;  // of an item in the user's iterable, from 0

enum class OnChange { error, restart, keep };
enum class State : std::uint8_t { missing = 0, sent = 1, done = 2 };

// What a call took; 0 where the platform has not reported it.
struct Billed {
  double billed_ms = 0;
  int memory_mb = 0;
  double cost = 0;  // in dollars
};

struct Opening {
  std::string function;                  // as the pool names it
  std::string code;                      // a digest of the code that the items are for
  OnChange on_change = OnChange::error;  // where the code or the items are others than before
  bool idempotent = false;               // what may have run is sent again; else it is an error
};

class RunJournal {
 public:
  // Makes or opens the run. Error kinds: run (it is under way elsewhere, or its code has changed), io,
  // invalid_argument (the name).
  static Result<std::unique_ptr<RunJournal>> open(const std::filesystem::path& runs, const std::string& name,
                                                  Opening opening);

  // What is known of the items from `first` on, by their digests: missing or done. `whole`: there are no
  // others. Error kind: run (they have changed, or some may have run), io.
  enum class Extent { part, whole };
  Result<std::vector<State>> claim(Position first, const std::vector<std::string_view>& digests,
                                   Extent extent);

  // Of an iterable, whose items came in parts: there are so many. Unless there were more before.
  Result<void> ended(Position items);

  Result<std::string> result(Position item);  // of one that is done

  Result<void> sent(const std::vector<Position>& items);
  // They have not run, or have come to an end without a result: they are to be sent again.
  Result<void> returned(const std::vector<Position>& items);
  Result<void> done(const std::vector<std::pair<Position, std::string_view>>& results);
  Result<void> took(const Billed& call);  // one that has come to its end

 private:
  RunJournal(std::string name, std::filesystem::path directory, Lock lock, std::unique_ptr<Database> database,
             Opening opening);
  Result<void> compare_code();
  Result<void> compare_items(Position first, const std::vector<std::string_view>& digests, Extent extent);
  Result<std::vector<State>> states(Position first, std::size_t count);
  void drop(Position from);
  void take_over(Position first, const std::vector<std::string_view>& digests);
  std::filesystem::path file_of(std::int64_t row) const;
  Result<void> write_file(std::int64_t row, std::string_view bytes) const;
  std::int64_t row_of(Position item);
  Result<void> set_state(const std::vector<Position>& items, State state);

  std::mutex mutex_;
  const std::string name_;
  const std::filesystem::path directory_;
  const Lock lock_;
  const std::unique_ptr<Database> database_;
  const Opening opening_;
};

}  // namespace lambdapool::journal
