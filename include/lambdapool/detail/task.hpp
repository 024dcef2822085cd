// The worker's half of a call, made by the compiler when it sees the client's half: instantiating
// Task<F, R, Parameters> puts an entry into this executable's list of tasks, and the worker, which is this
// executable too, finds it there under the same name.
#pragma once

#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>
#include <typeinfo>

#include "lambdapool/codec.hpp"
#include "lambdapool/detail/carrier.hpp"

namespace lambdapool::detail {

// One task with its state, ready to be called for item after item.
class Callable {
 public:
  virtual ~Callable() = default;
  virtual void call(Reader& arguments, Writer& result) = 0;
};

// An entry of the executable's list. Made before main, never removed, and constant from then on.
struct TaskEntry {
  const char* name;      // typeid(Task<...>).name()
  std::uint64_t place;   // clang names lambdas by a number only: a hash of where they stand
  std::uint64_t schema;  // of parameters, state and result
  std::unique_ptr<Callable> (*make)(Reader& state);
  TaskEntry* next = nullptr;
};

void register_task(TaskEntry& entry);

// What precedes the items in a task's message: which task, and its state.
std::string task_head(const TaskEntry& entry, std::string_view state, bool aligned_items);

template <class P>
using Stored = std::remove_cvref_t<P>;

template <class T>
inline constexpr bool is_span = false;
template <class T>
inline constexpr bool is_span<std::span<const T>> = true;

template <class F, class R, class Parameters>
struct Task;

template <class F, class R, class... P>
struct Task<F, R, Types<P...>> final : Callable {
  explicit Task(F f) : function(std::move(f)) {}

  void call(Reader& in, Writer& out) override {
    const auto call_with = [&](Stored<P>&... argument) -> R {
      return invoke(function, static_cast<P&&>(argument)...);
    };
    std::tuple<Stored<P>...> arguments{Codec<Stored<P>>::read(in)...};
    in.finish();
    if constexpr (std::is_void_v<R>) {
      std::apply(call_with, arguments);
    } else {
      const auto& result = std::apply(call_with, arguments);
      Codec<Stored<R>>::write(out, result);
    }
  }

  template <class G, class... Args>
  static R invoke(G& g, Args&&... args) {
    return static_cast<R>(std::invoke(g, std::forward<Args>(args)...));
  }
  template <class G, class... State, class... Args>
  static R invoke(With<G, State...>& with, Args&&... args) {
    return std::apply(
        [&](const State&... state) -> R {
          return static_cast<R>(std::invoke(with.function, state..., std::forward<Args>(args)...));
        },
        with.state);
  }

  static constexpr std::uint64_t schema() {
    std::uint64_t hash = hash_text("task");
    ((hash = mix(hash, schema_fingerprint<Stored<P>>)), ...);
    if constexpr (!std::is_void_v<R>) hash = mix(hash, schema_fingerprint<Stored<R>>);
    return mix(hash, std::is_empty_v<F> ? 0 : sizeof(F));
  }
  static constexpr std::uint64_t place() {
#ifdef __clang__
    return hash_text(__PRETTY_FUNCTION__);
#else
    return 0;
#endif
  }
  static TaskEntry registered() {
    return {typeid(Task).name(), place(), schema(), [](Reader& state) -> std::unique_ptr<Callable> {
              auto task = std::make_unique<Task>(Carrier<F>::read(state));
              state.finish();
              return task;
            }};
  }

  struct Registration {
    TaskEntry entry = registered();
    Registration() { register_task(entry); }
  };
  static inline Registration registration;  // naming it in a call is what registers the task

  F function;
};

// The message's part that says which task, and the encoding of one item's arguments.
template <class F, class R, class... P>
std::string head_of(const F& f, Types<P...>) {
  Writer state;
  Carrier<F>::write(state, f);
  return task_head(Task<F, R, Types<P...>>::registration.entry, state.bytes(), (is_span<Stored<P>> || ...));
}

template <class P, class Arg>
void write_argument(Writer& out, Arg&& arg) {
  if constexpr (std::is_same_v<std::remove_cvref_t<Arg>, Stored<P>>) {
    Codec<Stored<P>>::write(out, arg);
  } else {
    const auto converted = static_cast<Stored<P>>(std::forward<Arg>(arg));
    Codec<Stored<P>>::write(out, converted);
  }
}

template <class... P, class... Args>
std::string encode_item(Types<P...>, Args&&... args) {
  Writer out;
  (write_argument<P>(out, std::forward<Args>(args)), ...);
  return out.take();
}

}  // namespace lambdapool::detail
