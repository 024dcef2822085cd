// The bodies of a task and of its outcome, codec "cpp"; docs/protocol.md specifies both.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lambdapool::runtime {

inline constexpr std::uint8_t message_version = 1;

// Where items begin when a task's parameters view the message as spans.
inline constexpr std::size_t item_alignment = 16;

struct TaskHead {
  std::string_view name;      // the task's type, as typeid names it
  std::uint64_t place = 0;    // tells clang's numbered lambdas apart
  std::uint64_t ordinal = 0;  // among entries with this name and place (lambdas of several source files)
  std::uint64_t schema = 0;   // fingerprint of parameters and result
  std::string_view state;
  bool aligned_items = false;
};

struct TaskMessage {
  TaskHead head;
  std::vector<std::string_view> items;
};

std::string write_head(const TaskHead& head);

// What follows `head` in a message with these items.
std::string write_items(std::string_view head, const std::string* items, std::size_t count);

TaskMessage read_task(std::string_view body);  // throws MalformedMessage

enum class Status : std::uint8_t { value = 0, exception = 1, too_large = 2 };

struct ItemOutcome {
  Status status = Status::value;
  std::string bytes;  // the result; the exception; a sentence
};

std::string write_outcome(std::span<const ItemOutcome> items, std::chrono::microseconds busy);

struct ItemOutcomeView {
  Status status = Status::value;
  std::string_view bytes;
};

struct OutcomeMessage {
  std::chrono::microseconds busy{0};  // how long the worker ran the items
  std::vector<ItemOutcomeView> items;
};

OutcomeMessage read_outcome(std::string_view body);  // throws MalformedMessage

}  // namespace lambdapool::runtime
