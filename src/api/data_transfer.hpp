// What of a connection's calls does not fit them: bodies that are stored, results that are fetched, and what
// is shared. Its own threads do what takes longer than a caller or the I/O thread may be held up.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/kept_task.hpp"
#include "api/transport.hpp"
#include "core/task_data.hpp"
#include "lambdapool/shared.hpp"
#include "objects/store.hpp"

namespace lambdapool::api {

// What a call's envelope says of data.
struct CallData {
  std::string members = {};  // see envelope::Label
  std::string result = {};   // the name under which an answer may be stored; "" where it may not
  std::string body = {};     // the name of the body that was stored; "" where it travels
};

class DataTransfer {
 public:
  // Without a store there is nothing but what fits.
  explicit DataTransfer(std::shared_ptr<objects::Store> store) : store_(std::move(store)) {}
  ~DataTransfer() { close(); }

  bool has_store() const { return store_ != nullptr; }
  bool must_store(std::size_t bytes) const;
  CallData of_call();  // whose body travels with it
  Result<CallData> store(const std::string& body);
  void release(const std::string& body);  // CallData::body of a call that is over

  Result<detail::Sharing> share(std::string_view bytes);
  bool has_shared() const;
  // Fetched again, so not on the I/O thread.
  Result<std::vector<SharedPart>> shared_in(std::string_view message);

  // Runs `done` with the reply, in the background where something has to be fetched first.
  void receive(const std::string& result, Result<Reply> reply, const Transport::Done& done);

  // From any thread; run by close(), quickly, where it comes too late.
  void in_background(std::function<void()> work);

  // Nothing is stored any more, and all that was is removed. Not in the background.
  void close();

 private:
  static constexpr std::size_t threads_max = 4;

  struct Body {
    std::string digest;
    std::string name = {};
    std::string file = {};
    std::size_t calls = 1;  // that need it
  };

  struct Kept {
    std::string name;
    envelope::Blob blob;  // without its URL, which is made for each call
  };

  std::string new_name(const char* kind);
  bool is_shared(const std::string& digest) const;
  std::optional<Body> stored_before(const std::string& digest);  // which one call more needs now
  Result<Body> put_body(const std::string& digest, std::string_view body);
  envelope::TaskData shared_data() const;
  CallData made(envelope::TaskData data);
  Result<std::string> fetch(const std::string& result, const envelope::StoredBody& stored);
  void serve();

  const std::shared_ptr<objects::Store> store_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> work_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool closed_ = false;
  std::uint64_t names_ = 0;
  std::vector<Body> bodies_;  // about as many as calls are out
  std::vector<Kept> shared_;
};

}  // namespace lambdapool::api
