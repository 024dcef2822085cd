#include "api/replay.hpp"

#include <cstdlib>
#include <cstring>
#include <iostream>

#include "api/kept_task.hpp"
#include "core/envelope.hpp"
#include "core/task_data.hpp"
#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/errors.hpp"
#include "runtime/exception.hpp"
#include "runtime/message.hpp"
#include "runtime/perform.hpp"

namespace lambdapool::api {
namespace {

[[noreturn]] void end(const std::string& sentence, int code) {
  std::cerr << "lambdapool replay: " << sentence << std::endl;
  std::exit(code);
}

[[noreturn]] void tell_exception(std::string_view described) {
  try {
    runtime::throw_described(described);
  } catch (const RemoteError& error) {
    for (const auto& cause : error.chain())
      std::cerr << "lambdapool: " << (&cause == &error.chain().front() ? "it threw " : "nested in it ")
                << cause.type_name << ": " << cause.what << "\n";
  } catch (const MalformedMessage& malformed) {
    end(malformed.what(), 2);
  }
  std::exit(1);
}

// The data that came with the task, from its file.
runtime::Remote remote_of(const KeptTask& task) {
  return {[&task](const std::string& url, char* into, std::uint64_t size) -> Result<void> {
            for (const SharedPart& part : task.shared)
              if (part.sha256 == url && part.bytes.size() == size) {
                std::memcpy(into, part.bytes.data(), size);
                return {};
              }
            return fail(ErrorKind::not_found, "the file has no such data");
          },
          {}};
}

}  // namespace

void replay(const std::string& path) {
  ::unsetenv(replay_variable);
  const auto task = read_kept_task(path);
  if (!task) end(task.error().message, 2);
  const auto mine = runtime::own_identity();
  if (compare(mine, runtime::ProgramIdentity::parse(task->peer)) == runtime::Coherence::different)
    end("this program has been built anew since the task failed, so it cannot run it", 2);
  std::cerr << "lambdapool: " << (task->item ? "item " + std::to_string(*task->item) : "a task")
            << " of function " << task->function << ", which failed with " << task->failure << std::endl;
  envelope::TaskData data;
  for (const SharedPart& part : task->shared)
    data.blobs.push_back({part.sha256, part.bytes.size(), part.sha256});
  const std::string members = envelope::data_members(data);
  const std::string payload = envelope::encode_raw({"cpp", task->peer, {}, {}, {}, members}, task->message);
  runtime::Blobs blobs(remote_of(*task), Environment());
  const auto answer = runtime::perform(
      payload, mine, std::chrono::system_clock::time_point(std::chrono::hours(1)),
      [] { return std::chrono::system_clock::time_point(); },
      {.response_bytes = envelope::max_body_bytes, .raw_bytes = envelope::max_body_bytes}, &blobs);
  if (!answer) end(answer.error().message, 2);
  const auto outcome = envelope::decode(envelope::Direction::outcome, *answer);
  if (!outcome) end(outcome.error().message, 2);
  const auto items = runtime::read_outcome(outcome->body).items;
  if (items.size() != 1) end("it had not one outcome", 2);
  if (items.front().status == runtime::Status::exception) tell_exception(items.front().bytes);
  std::cerr << "lambdapool: it returned a value of " << items.front().bytes.size() << " bytes" << std::endl;
  std::exit(0);
}

}  // namespace lambdapool::api
