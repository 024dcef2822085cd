#include "api/data_transfer.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/encoding.hpp"
#include "core/limits.hpp"
#include "core/signals_blocked.hpp"

namespace lambdapool::api {
namespace {

// What fits a call as base64, beside what else is in it. What compresses well might fit too; that is not
// tried where it can be stored.
constexpr std::size_t plain_bytes = (limits::request_payload_bytes_max - 64 * 1'024) / 4 * 3;

constexpr const char* was_run = "; the function has run";

Error told(Error error, const std::string& what) {
  error.message = what + ": " + error.message;
  return error;
}

}  // namespace

bool DataTransfer::must_store(std::size_t bytes) const { return store_ && bytes > plain_bytes; }

envelope::TaskData DataTransfer::shared_data() const {
  std::vector<Kept> kept;
  {
    const std::lock_guard lock(mutex_);
    kept = shared_;
  }
  envelope::TaskData data;
  for (auto& [name, blob] : kept) {
    blob.url = store_->url("GET", name);
    data.blobs.push_back(std::move(blob));
  }
  return data;
}

CallData DataTransfer::made(envelope::TaskData data) {
  CallData call;
  call.result = new_name("result");
  store_->expect(call.result);
  data.results_url = store_->url("PUT", call.result);
  call.members = envelope::data_members(data);
  return call;
}

CallData DataTransfer::of_call() { return store_ ? made(shared_data()) : CallData{}; }

Result<CallData> DataTransfer::store(const std::string& body) {
  auto data = shared_data();
  const auto digest = sha256_hex(body);
  auto stored = stored_before(digest);
  if (!stored) {
    auto put = put_body(digest, body);
    if (!put)
      return tl::unexpected(
          told(put.error(), std::to_string(body.size()) + " bytes of a call's data could not be stored"));
    stored = std::move(*put);
  }
  data.pieces = std::vector<envelope::Place>{{0, data.blobs.size()}};
  data.blobs.push_back({digest, body.size(), store_->url("GET", stored->name), stored->file});
  auto call = made(std::move(data));
  call.body = stored->name;
  return call;
}

std::optional<DataTransfer::Body> DataTransfer::stored_before(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(bodies_, digest, &Body::digest);
  if (found == bodies_.end()) return std::nullopt;
  ++found->calls;
  return *found;
}

Result<DataTransfer::Body> DataTransfer::put_body(const std::string& digest, std::string_view body) {
  Body made{digest, new_name("body")};
  auto stored = store_->put(made.name, body);
  if (!stored) return tl::unexpected(std::move(stored.error()));
  made.file = std::move(stored->file);
  const std::lock_guard lock(mutex_);
  bodies_.push_back(made);
  return made;
}

void DataTransfer::release(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(bodies_, name, &Body::name);
    if (found == bodies_.end() || --found->calls > 0) return;
    bodies_.erase(found);
  }
  store_->remove(name);
}

Result<detail::Sharing> DataTransfer::share(std::string_view bytes) {
  if (bytes.empty()) return detail::Sharing{};
  if (!store_) return detail::Sharing{sha256_hex(bytes), std::string(bytes)};
  const auto name = new_name("shared");
  auto stored = store_->put(name, bytes, objects::Digest::wanted);
  if (!stored)
    return tl::unexpected(told(stored.error(), std::to_string(bytes.size()) + " bytes could not be shared"));
  if (!is_shared(stored->sha256)) {
    const std::lock_guard lock(mutex_);
    shared_.push_back({name, {stored->sha256, bytes.size(), {}, stored->file}});
  } else {
    store_->remove(name);
  }
  return detail::Sharing{stored->sha256, {}};
}

bool DataTransfer::is_shared(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(shared_, [&](const Kept& kept) { return kept.blob.sha256 == digest; });
}

// Never used again: its removal may reach the store after what is put later.
std::string DataTransfer::new_name(const char* kind) {
  const std::lock_guard lock(mutex_);
  return kind + ("-" + std::to_string(names_++));
}

bool DataTransfer::has_shared() const {
  const std::lock_guard lock(mutex_);
  return !shared_.empty();
}

// A message names what is shared by its digest, which nothing else in it looks like.
Result<std::vector<SharedPart>> DataTransfer::shared_in(std::string_view message) {
  std::vector<Kept> known;
  {
    const std::lock_guard lock(mutex_);
    known = shared_;
  }
  std::vector<SharedPart> parts;
  for (const auto& [name, blob] : known) {
    if (message.find(blob.sha256) == std::string_view::npos) continue;
    SharedPart part{blob.sha256, std::string(blob.size, '\0')};
    if (auto got = store_->get(name, 0, part.bytes.data(), part.bytes.size()); !got)
      return tl::unexpected(told(got.error(), "what it shares with others"));
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<std::string> DataTransfer::fetch(const std::string& result, const envelope::StoredBody& stored) {
  const std::string what = "the result (" + std::to_string(stored.sizes.front()) + " bytes)";
  std::string body(stored.sizes.front(), '\0');
  const auto got = store_->get(result, 0, body.data(), body.size());
  store_->remove(result);
  if (!got)
    return tl::unexpected(told(got.error(), what + " could not be fetched, though the function has run"));
  if (sha256_hex(body) != stored.sha256)
    return fail(ErrorKind::protocol,
                what + " is not what the worker stored: its SHA-256 is another one" + was_run);
  return body;
}

void DataTransfer::receive(const std::string& result, Result<Reply> reply, const Transport::Done& done) {
  constexpr std::size_t envelope_bytes_max = 4'096;
  constexpr std::string_view mark = "\"encoding\":\"stored\"";
  const bool may_be_stored = store_ && reply && reply->payload.size() < envelope_bytes_max &&
                             reply->payload.find(mark) != std::string::npos;
  if (!may_be_stored) {
    if (store_ && reply && !result.empty()) store_->forget(result);
    return done(std::move(reply));
  }
  const auto envelope = envelope::decode(envelope::Direction::outcome, reply->payload);
  auto stored = envelope && envelope->stored ? envelope::parse_stored(envelope->body)
                                             : fail(ErrorKind::protocol, "the answer cannot be read");
  if (!stored) return done(tl::unexpected(told(stored.error(), "what the function stored cannot be read")));
  in_background([this, result, stored = *stored, reply = std::make_shared<Reply>(std::move(*reply)), done] {
    auto body = fetch(result, stored);
    if (!body) return done(tl::unexpected(body.error()));
    reply->stored_body = std::move(*body);
    done(std::move(*reply));
  });
}

void DataTransfer::in_background(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      work_.push_back(std::exchange(work, nullptr));
      if (idle_ < work_.size() && threads_.size() < threads_max) {
        try {
          const SignalsBlocked blocked;
          threads_.emplace_back([this] { serve(); });
        } catch (const std::system_error&) {  // no more of them are to be had
          if (threads_.empty()) {
            work = std::move(work_.back());
            work_.pop_back();
          }
        }
      }
      arrived_.notify_one();
    }
  }
  if (work) work();
}

void DataTransfer::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    arrived_.wait(lock, [this] { return closed_ || !work_.empty(); });
    --idle_;
    if (work_.empty()) return;
    {
      const auto work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
}

// What is queued still runs, and fails at once, because nothing can be stored any more.
void DataTransfer::close() {
  if (store_) store_->close();
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    threads.swap(threads_);
    arrived_.notify_all();
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace lambdapool::api
