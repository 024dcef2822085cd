// Where the answers of calls go that do not fit them: a name and a URL that each call has before it is sent.
//
// Hardly any call puts something there, and to sign a URL is a good part of what a tiny task costs. So a
// place goes on to another call, once nothing can come to it any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace lambdapool::objects {

class ResultPlaces {
 public:
  using Call = std::uint64_t;
  using Clock = std::chrono::steady_clock;
  struct Place {
    std::string name;
    std::string url = {};
    Clock::time_point signed_at = {};
  };
  enum class Use { once, again };
  // Whether a place may ever go on to another call, and what makes a URL for a name, which is the first that
  // is heard of it.
  ResultPlaces(Use use, std::function<std::string(const std::string& name)> sign);

  // All from any thread.
  std::shared_ptr<const Place> take(Call call, Clock::time_point now);
  std::string name_of(Call call) const;  // of what take() was told of, until one of the others is
  // The call has been answered, and nothing was put there. The place's name, where it is of no more use; else
  // "".
  std::string left_empty(Call call);
  std::string forget(Call call);  // something was put there, or may be yet: its name; "" where it has none
  std::vector<std::string> left_empty() const;  // the names of those that wait for another call

 private:
  using Taken = std::shared_ptr<Place>;
  Taken taken_from(Call call);

  const Use use_;
  const std::function<std::string(const std::string& name)> sign_;
  mutable std::mutex mutex_;
  std::pmr::unsynchronized_pool_resource memory_;
  std::pmr::unordered_map<Call, Taken> of_calls_{&memory_};
  std::vector<Taken> free_;
};

}  // namespace lambdapool::objects
