// Where data goes that does not fit a call: objects of one S3 bucket (or of the local object store) below a
// prefix that is this store's alone. Whoever is to read or write one of them is given a URL for that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "target/target.hpp"

namespace lambdapool::objects {

struct Stored {
  // The local object store's: the name of the object's file in the directory that workers on this machine see
  // (LAMBDAPOOL_OBJECTS). "" elsewhere.
  std::string file = {};
  std::string sha256 = {};  // of the bytes, in hex, where it was asked for
};

enum class Digest { unwanted, wanted };  // it is made while the bytes are being put

class Store {
 public:
  // target.bucket must not be empty. Connects to nothing yet. Error kind: invalid_argument.
  static Result<std::shared_ptr<Store>> open(const target::Target& target);
  ~Store();  // as close()

  // All from any thread. put() and get() return when it is done. `name` is below the prefix. Errors tell the
  // bucket and the service's own reason; kinds: access_denied, not_found, network, service, credentials,
  // cancelled (close() was called).
  Result<Stored> put(const std::string& name, std::string_view bytes, Digest digest = Digest::unwanted);
  Result<void> get(const std::string& name, std::uint64_t offset, char* into, std::size_t size);
  void remove(const std::string& name);  // soon; nobody waits for it

  // A URL that allows one such call ("GET" or "PUT") for so long, with the credentials of now. What is put by
  // one is removed by close() where expect() was told of it.
  std::string url(std::string_view method, const std::string& name) const;
  void expect(const std::string& name);  // somebody else may put it
  void forget(const std::string& name);  // that did not happen

  const std::string& bucket() const;

  // Removes all that is there still, for as long as that takes but no longer than a while; then nothing more
  // is put.
  void close();

 private:
  struct Impl;
  explicit Store(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lambdapool::objects
