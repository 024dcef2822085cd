// Shared<T>: something large that many calls need, sent to each worker once. LambdaPool::share makes it; as
// an argument (or in one) it arrives in the worker and stands for the value there.
//
//   auto table = pool.share(std::vector<double>(10'000'000, 1.0));
//   pool.map(lambdapool::with([](const Shared<std::vector<double>>& t, int i) { return (*t)[i]; }, table),
//   rows);
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lambdapool/codec.hpp"

namespace lambdapool {

namespace detail {

// What a connection has made of shared bytes: stored under their digest, or (where there is no store)
// themselves.
struct Sharing {
  std::string sha256;
  std::string bytes;  // "" where they are stored
};

// In a worker: of what came with the task. The first of the pair keeps them. Throws MalformedMessage.
std::pair<std::shared_ptr<const void>, std::string_view> shared_bytes(std::string_view sha256);

// What is decoded once in a worker, and then used by all the tasks there that it comes with.
template <class Value, class Make>
std::shared_ptr<const Value> made_once(const std::string& sha256, Make make) {
  constexpr std::size_t kept = 16;
  static std::list<std::pair<std::string, std::shared_ptr<const Value>>> made;  // the newest first
  for (auto at = made.begin(); at != made.end(); ++at) {
    if (at->first != sha256) continue;
    made.splice(made.begin(), made, at);
    return made.front().second;
  }
  made.emplace_front(sha256, make());
  if (made.size() > kept) made.pop_back();
  return made.front().second;
}

}  // namespace detail

template <class T>
class Shared {
 public:
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }

 private:
  friend struct Codec<Shared<T>>;
  friend class LambdaPool;
  friend class LambdaExecutor;
  static std::string encoded(const T& value) { return encode(value); }
  Shared(std::shared_ptr<const T> value, std::shared_ptr<const detail::Sharing> sharing)
      : value_(std::move(value)), sharing_(std::move(sharing)) {}

  std::shared_ptr<const T> value_;
  std::shared_ptr<const detail::Sharing> sharing_;
};

// A vector of numbers is not decoded: `*shared` is a span over the worker's one copy of the bytes.
template <class E>
  requires detail::is_block<E>
class Shared<std::vector<E>> {
 public:
  std::span<const E> operator*() const { return view_; }
  const std::span<const E>* operator->() const { return &view_; }

 private:
  using T = std::vector<E>;
  friend struct Codec<Shared<T>>;
  friend class LambdaPool;
  friend class LambdaExecutor;
  static std::string encoded(const T& value) {
    return {reinterpret_cast<const char*>(value.data()), value.size() * sizeof(E)};
  }
  Shared(std::shared_ptr<const T> value, std::shared_ptr<const detail::Sharing> sharing)
      : held_(value), view_(*value), sharing_(std::move(sharing)) {}
  Shared(std::shared_ptr<const void> held, std::span<const E> view,
         std::shared_ptr<const detail::Sharing> sharing)
      : held_(std::move(held)), view_(view), sharing_(std::move(sharing)) {}

  std::shared_ptr<const void> held_;
  std::span<const E> view_;
  std::shared_ptr<const detail::Sharing> sharing_;
};

template <class T>
struct Codec<Shared<T>> {
  static constexpr std::uint64_t tag = detail::hash_text("shared");
  using Parts = detail::Types<T>;
  static void write(Writer& out, const Shared<T>& shared) {
    out.text(shared.sharing_->sha256);
    out.text(shared.sharing_->bytes);
  }
  static Shared<T> read(Reader& in) {
    auto sharing = std::make_shared<detail::Sharing>();
    sharing->sha256 = in.text();
    sharing->bytes = in.text();
    auto value = detail::made_once<T>(sharing->sha256, [&] {
      if (!sharing->bytes.empty()) return std::make_shared<const T>(decode<T>(sharing->bytes));
      const auto [held, bytes] = detail::shared_bytes(sharing->sha256);
      return std::make_shared<const T>(decode<T>(bytes));
    });
    return {std::move(value), std::move(sharing)};
  }
};

template <class E>
  requires detail::is_block<E>
struct Codec<Shared<std::vector<E>>> {
  static constexpr std::uint64_t tag = detail::hash_text("shared");
  using Parts = detail::Types<std::vector<E>>;
  static void write(Writer& out, const Shared<std::vector<E>>& shared) {
    out.text(shared.sharing_->sha256);
    out.text(shared.sharing_->bytes);
  }
  static Shared<std::vector<E>> read(Reader& in) {
    auto sharing = std::make_shared<detail::Sharing>();
    sharing->sha256 = in.text();
    sharing->bytes = in.text();
    std::shared_ptr<const void> held = sharing;
    std::string_view bytes = sharing->bytes;
    if (bytes.empty() && !sharing->sha256.empty())
      std::tie(held, bytes) = detail::shared_bytes(sharing->sha256);
    if (bytes.size() % sizeof(E) != 0 || reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(E) != 0)
      throw MalformedMessage("what is shared is no vector of this type");
    return {std::move(held),
            {reinterpret_cast<const E*>(bytes.data()), bytes.size() / sizeof(E)},
            std::move(sharing)};
  }
};

}  // namespace lambdapool
