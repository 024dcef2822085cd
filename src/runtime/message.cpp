#include "runtime/message.hpp"

#include "core/given_back.hpp"
#include "lambdapool/codec/bytes.hpp"

namespace lambdapool::runtime {
namespace {

void expect_version(Reader& in, const char* what) {
  const auto version = in.scalar<std::uint8_t>();
  if (version == message_version) return;
  throw MalformedMessage(std::string(what) + " has version " + std::to_string(version) +
                         "; this side reads version " + std::to_string(message_version));
}

}  // namespace

std::string write_head(const TaskHead& head) {
  Writer out;
  out.scalar(message_version);
  out.text(head.name);
  out.scalar(head.place);
  out.length(head.ordinal);
  out.scalar(head.schema);
  out.text(head.state);
  out.scalar(static_cast<std::uint8_t>(head.aligned_items));  // last, so that write_items finds it
  return out.take();
}

std::string write_items(std::string_view head, const std::string* items, std::size_t count) {
  const bool aligned = !head.empty() && head.back() == 1;
  Writer out;
  out.length(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.length(items[i].size());
    if (aligned) {
      while ((head.size() + out.bytes().size()) % item_alignment != 0) out.raw("\0", 1);
    }
    out.raw(items[i]);
  }
  return out.take();
}

TaskMessage read_task(std::string_view body) {
  Reader in(body);
  expect_version(in, "the task");
  TaskMessage message;
  message.head.name = in.text();
  message.head.place = in.scalar<std::uint64_t>();
  message.head.ordinal = in.number();
  message.head.schema = in.scalar<std::uint64_t>();
  message.head.state = in.text();
  message.head.aligned_items = in.scalar<std::uint8_t>() == 1;
  const std::size_t count = in.length();
  message.items.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = in.length();
    if (message.head.aligned_items) in.align(item_alignment);
    message.items.push_back(in.raw(size));
  }
  in.finish();
  return message;
}

std::string write_outcome(std::span<const ItemOutcome> items, std::chrono::microseconds busy) {
  Writer out;
  out.scalar(message_version);
  out.scalar(static_cast<std::uint64_t>(busy.count()));
  out.length(items.size());
  for (const ItemOutcome& item : items) {
    out.scalar(item.status);
    out.text(item.bytes);
  }
  return out.take();
}

OutcomeMessage read_outcome(std::string_view body) {
  Reader in(body);
  expect_version(in, "the outcome");
  OutcomeMessage message;
  message.busy = std::chrono::microseconds(static_cast<std::int64_t>(in.scalar<std::uint64_t>()));
  const std::size_t count = in.length(2);
  message.items.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto status = in.scalar<std::uint8_t>();
    if (status > static_cast<std::uint8_t>(Status::too_large))
      throw MalformedMessage("an item's status is unknown");
    message.items.push_back({static_cast<Status>(status), in.text()});
  }
  in.finish();
  return message;
}

}  // namespace lambdapool::runtime

namespace lambdapool::detail {

const char* give_back(const char* from, const char* to) { return lambdapool::give_back(from, to); }

}  // namespace lambdapool::detail
