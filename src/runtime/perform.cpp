#include "runtime/perform.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "core/encoding.hpp"
#include "core/envelope.hpp"
#include "core/task_data.hpp"
#include "lambdapool/errors.hpp"
#include "runtime/exception.hpp"
#include "runtime/forked_child.hpp"
#include "runtime/message.hpp"
#include "runtime/registry.hpp"

namespace lambdapool::runtime {
namespace {

tl::unexpected<NotRun> protocol_error(std::string message) {
  return tl::unexpected<NotRun>(NotRun{"LambdapoolProtocolError", std::move(message)});
}

tl::unexpected<NotRun> mismatch(std::string message) {
  return tl::unexpected<NotRun>(NotRun{"LambdapoolCodeMismatch", std::move(message)});
}

tl::unexpected<NotRun> blob_error(std::string message) {
  return tl::unexpected<NotRun>(NotRun{"LambdapoolBlobError", std::move(message)});
}

std::string build_names(const ProgramIdentity& mine, const ProgramIdentity& theirs) {
  return "the function runs build " + (mine.build.empty() ? "(none)" : mine.build.substr(0, 12)) +
         ", the call comes from build " + (theirs.build.empty() ? "(none)" : theirs.build.substr(0, 12));
}

tl::expected<const detail::TaskEntry*, NotRun> find_entry(const TaskHead& head, Coherence coherence) {
  const auto namesakes = coherence == Coherence::same_build ? Namesakes::allowed : Namesakes::refused;
  const detail::TaskEntry* entry = find_task(head.name, head.place, head.ordinal, namesakes);
  if (entry == nullptr) {
    return mismatch("the function's executable has no task '" + std::string(head.name) +
                    "'; deploy the calling executable with 'lambdapool update'");
  }
  if (entry->schema != head.schema) {
    return mismatch("the types of the task '" + std::string(head.name) +
                    "' differ between the two executables; deploy the calling one with 'lambdapool update'");
  }
  return entry;
}

ItemOutcome run_item(detail::Callable& callable, std::string_view arguments, const ServingProcess& worker) {
  try {
    Reader in(arguments);
    Writer out;
    callable.call(in, out);
    worker.end_child_that_returned();
    return {Status::value, out.take()};
  } catch (const MalformedMessage&) {
    worker.end_child_that_threw();
    throw;
  } catch (...) {
    worker.end_child_that_threw();
    return {Status::exception, describe_exception(std::current_exception())};
  }
}

struct Run {
  std::vector<ItemOutcome> items;
  std::chrono::microseconds busy{0};
};

Run run_items(detail::Callable& callable, const std::vector<std::string_view>& items,
              std::chrono::system_clock::time_point deadline, const Now& now, const Limits& limits,
              Early* early) {
  Run run;
  const ServingProcess worker;
  std::size_t bytes = 0;
  auto longest = std::chrono::system_clock::duration::zero();
  const auto begun = now();
  auto at = begun;
  for (std::string_view item : items) {
    if (!run.items.empty() && (bytes >= limits.enough_bytes || deadline - at < 2 * longest)) break;
    if (early) early->tell(run.items, at);
    run.items.push_back(run_item(callable, item, worker));
    bytes += run.items.back().bytes.size();
    const auto after = now();
    longest = std::max(longest, after - at);
    at = after;
  }
  run.busy = std::chrono::duration_cast<std::chrono::microseconds>(
      std::max(at - begun, std::chrono::system_clock::duration::zero()));
  return run;
}

// Where the caller lets it be put; nullopt: there is nowhere, or it fits. What cannot be put is told in the
// largest item's place, and `body` is the run's outcome again.
std::optional<std::string> stored_answer(Run& run, std::string& body, const envelope::Label& label,
                                         const Limits& limits, const std::string& url, const Blobs* blobs) {
  constexpr std::size_t members = 1'024;
  if (blobs == nullptr || url.empty()) return std::nullopt;
  if (body.size() <= (limits.response_bytes - members) / 4 * 3) return std::nullopt;
  const auto put = blobs->put(url, body);
  if (put) return envelope::encode_stored(label, {sha256_hex(body), {body.size()}});
  for (auto& item : run.items) {
    if (item.bytes.size() <= limits.enough_bytes) continue;
    item.bytes = "the function's result has " + std::to_string(item.bytes.size()) +
                 " bytes, more than fits the answer, and could not be stored: " + put.error().message +
                 "; the function has run";
    item.status = Status::too_large;
  }
  body = write_outcome(run.items, run.busy);
  return std::nullopt;
}

std::string lambdas_limit(std::size_t bytes, bool streamed) {
  return "AWS Lambda's limit for " +
         (streamed ? "a streamed answer: " + std::to_string(limits::streamed_payload_bytes_max) + " bytes"
                   : "an answer: " + std::to_string(bytes) +
                         " bytes, compressed and then a third longer as base64") +
         "; return less, or name an S3 bucket for such data (Options::bucket or LAMBDAPOOL_BUCKET)";
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      json += "\\u00" + hex_encode({&c, 1});
    } else {
      json += c;
    }
  }
  return json + "\"";
}

// An answer beyond the service's limit would be lost as a whole, so the largest items give way to a sentence.
// `body`: the run's outcome. `raw`: as the task came. `large`: see EarlyWays. "": it has gone there.
std::string fitting_answer(Run run, std::string body, const envelope::Label& label, const Limits& limits,
                           bool raw, const decltype(EarlyWays::large)& large) {
  while (true) {
    if (raw && body.size() <= limits.raw_bytes) return envelope::encode_raw(label, body);
    if (body.size() <= envelope::max_body_bytes) {
      auto answer = envelope::encode_within(limits.response_bytes, envelope::Direction::outcome, label, body);
      if (answer) return std::move(*answer);
    }
    if (large && large(envelope::encode_raw(label, {}), body)) return {};
    auto largest = std::max_element(run.items.begin(), run.items.end(), [](const auto& a, const auto& b) {
      return a.bytes.size() < b.bytes.size();
    });
    largest->bytes = "the function's " +
                     std::string(largest->status == Status::value ? "result" : "exception") + " has " +
                     std::to_string(largest->bytes.size()) + " bytes, more than fits " +
                     (limits.of.empty() ? lambdas_limit(limits.response_bytes, large != nullptr) : limits.of);
    largest->status = Status::too_large;
    body = write_outcome(run.items, run.busy);
  }
}

}  // namespace

std::string describe(const NotRun& why) {
  return "{\"errorType\":" + quoted(why.type) + ",\"errorMessage\":" + quoted(why.message) + "}";
}

tl::expected<std::string, NotRun> perform(std::string_view payload, const ProgramIdentity& mine,
                                          std::chrono::system_clock::time_point deadline, const Now& now,
                                          const Limits& limits, Blobs* blobs, const EarlyWays& ways) {
  // So early it is what the function may take in all, but for milliseconds.
  const auto timeout = std::chrono::ceil<std::chrono::seconds>(deadline - now());
  auto envelope = envelope::decode(envelope::Direction::task, payload);
  if (!envelope) return protocol_error(envelope.error().message);
  if (envelope->codec != "cpp") {
    return mismatch(
        "this function is a C++ executable and takes calls of the codec \"cpp\"; this one has \"" +
        envelope->codec + "\"");
  }
  const auto theirs = ProgramIdentity::parse(envelope->peer);
  const Coherence coherence = compare(mine, theirs);
  if (coherence == Coherence::different) {
    return mismatch(build_names(mine, theirs) + "; deploy the calling executable with 'lambdapool update'");
  }
  // A raw body stands behind the object.
  const auto data = envelope::read_task_data(payload.substr(0, payload.find('\0')));
  if (!data) return protocol_error(data.error().message);
  if (!data->blobs.empty()) {
    if (blobs == nullptr) return blob_error("this worker cannot fetch the data of the task");
    auto whole = blobs->assemble(*data, std::move(envelope->body));
    if (!whole) return blob_error(whole.error().message);
    envelope->body = std::move(*whole);
    blobs->begin_task(data->blobs);
  }
  try {
    const TaskMessage task = read_task(envelope->body);
    const auto entry = find_entry(task.head, coherence);
    if (!entry) return tl::unexpected<NotRun>(entry.error());
    Reader state(task.head.state);
    const std::unique_ptr<detail::Callable> callable = (*entry)->make(state);
    const std::string peer = mine.to_string();
    const envelope::Label label{"cpp", peer, envelope->echo, timeout};
    std::optional<Early> early;
    Parts* const parts = ways.memory ? ways.memory : data->streams ? ways.stream : nullptr;
    if (parts != nullptr && data->parts && task.items.size() > 1)
      early.emplace(*parts, label, task.items.size(), now());
    if (!ways.memory && data->streams && data->output && ways.show_output) ways.show_output();
    auto run = run_items(*callable, task.items, deadline, now, limits, early ? &*early : nullptr);
    std::string body = write_outcome(run.items, run.busy);
    if (auto stored = stored_answer(run, body, label, limits, data->results_url, blobs))
      return std::move(*stored);
    return fitting_answer(std::move(run), std::move(body), label, limits, envelope->raw,
                          data->large ? ways.large : nullptr);
  } catch (const MalformedMessage& malformed) {
    return protocol_error(std::string("the task cannot be read: ") + malformed.what());
  }
}

}  // namespace lambdapool::runtime
