#include "objects/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "aws/s3/s3.hpp"
#include "aws/signed_request.hpp"
#include "aws/xml_answer.hpp"
#include "core/descriptor.hpp"
#include "core/encoding.hpp"
#include "core/own_thread.hpp"
#include "core/presigned_target.hpp"
#include "core/random.hpp"
#include "core/retry.hpp"
#include "core/write_all.hpp"
#include "http/client.hpp"
#include "objects/parallel.hpp"

namespace lambdapool::objects {
namespace {

namespace s3 = aws::s3;

constexpr std::size_t connections = 8;
constexpr std::size_t at_once = 4;          // parts of one object, each of them in memory
constexpr std::size_t at_once_locally = 2;  // where more of them are not faster
constexpr std::chrono::minutes answer_within{5};
constexpr std::chrono::hours url_life{12};  // a task may wait long before it runs; then up to half an hour
constexpr std::chrono::seconds close_within{10};

using Clock = std::chrono::steady_clock;

bool is_success(const http::Response& response) { return response.status / 100 == 2; }

enum class Late { refused, allowed };  // what is still done once the store is closed

}  // namespace

struct Store::Impl {
  explicit Impl(const target::Target& target)
      : local(target.name == "local"),
        incoming(target.objects_incoming),
        bucket(target.bucket),
        region(target.region),
        provider(target.provider),
        service(target.service),
        prefix("lambdapool-data/" + random_hex(16) + "/") {
    endpoint = target.objects;
    addressing = s3::addressing_of(endpoint.host, bucket);
    if (addressing == s3::Addressing::virtual_host) endpoint.host = bucket + "." + endpoint.host;
    http::ClientOptions options;
    options.endpoint = endpoint;
    options.proxies = target.proxies;
    options.ca_bundle = target.settings.ca_bundle;
    options.max_connections = connections;
    client.emplace(loop, std::move(options));
  }

  std::size_t parts_at_once() const { return local ? at_once_locally : at_once; }

  s3::Location location(const std::string& name) const { return {{bucket, prefix + name}, addressing}; }

  sigv4::Signer signer() const {
    return {provider->current()->identity, {region, "s3"}, sigv4::PathEncoding::once};
  }

  Error told(Error error, const http::Response& response) const {
    const auto elsewhere = response.headers.get("x-amz-bucket-region");
    if (!elsewhere.empty() && elsewhere != region)
      error.message = "it is in the region " + std::string(elsewhere) + ", and these credentials' is " +
                      region + ": name a bucket there, or the region (AWS_REGION)";
    if (!error.code.empty()) error.message += " (" + error.code + ")";
    error.message = "the bucket " + bucket + ", where data goes that does not fit a call: " + error.message;
    return error;
  }

  // One call, again where that may help. `make` makes the request anew each time.
  template <class Make>
  Result<http::Response> call(Make make, Late late = Late::refused) {
    retry::Attempts attempts;
    retry::Budget budget;
    for (;;) {
      if (closed && late == Late::refused) return fail(ErrorKind::cancelled, "the pool has ended");
      http::Request request = make();
      auto own = signer();
      aws::sign(request, own, endpoint.host_header(), std::chrono::system_clock::now());
      auto answer = client->call(std::move(request), answer_within);
      if (answer && is_success(*answer)) return std::move(*answer);
      Error error =
          answer ? told(aws::xml::refused(*answer), *answer) : told(std::move(answer.error().error), {});
      const auto delay = attempts.failed(retry::classify(error), budget, random_fraction());
      if (!delay) return tl::unexpected(std::move(error));
      std::this_thread::sleep_for(*delay);
    }
  }

  Result<Stored> put_parts(const s3::Location& where, std::string_view bytes) {
    const auto begun = call([&] { return s3::create_multipart_upload_request(where); });
    if (!begun) return tl::unexpected(begun.error());
    const auto id = s3::parse_upload_id(*begun);
    if (!id) return tl::unexpected(id.error());
    std::vector<std::string> etags((bytes.size() + s3::part_bytes - 1) / s3::part_bytes);
    auto sent = in_parallel(etags.size(), parts_at_once(), [&](std::size_t i) -> Result<void> {
      const auto part = bytes.substr(i * s3::part_bytes, s3::part_bytes);
      const auto answer = call([&] {
        return s3::upload_part_request(where, *id, static_cast<int>(i + 1), std::string(part),
                                       s3::Payload::unsigned_payload);
      });
      if (!answer) return tl::unexpected(answer.error());
      auto etag = s3::parse_etag(*answer);
      if (!etag) return tl::unexpected(etag.error());
      etags[i] = std::move(*etag);
      return {};
    });
    Result<http::Response> done =
        sent ? call([&] { return s3::complete_multipart_upload_request(where, *id, etags); })
             : tl::unexpected(sent.error());
    if (done) {
      if (auto good = s3::parse_completed(*done); !good) done = tl::unexpected(told(good.error(), *done));
    }
    if (!done) {
      call([&] { return s3::abort_multipart_upload_request(where, *id); }, Late::allowed);
      return tl::unexpected(done.error());
    }
    return stored(*done);
  }

  Result<Stored> put_bytes(const s3::Location& where, std::string_view bytes) {
    if (auto file = write_file(where, bytes); !file.empty()) {
      const auto answer = call([&] {
        auto request = s3::put_object_request(where, {});
        request.headers.add("X-Lambdapool-Written", file.filename().string());
        return request;
      });
      if (answer) return stored(*answer);
      ::unlink(file.c_str());
      return tl::unexpected(answer.error());
    }
    if (bytes.size() > s3::part_bytes) return put_parts(where, bytes);
    const auto answer = call([&] { return s3::put_object_request(where, std::string(bytes)); });
    if (!answer) return tl::unexpected(answer.error());
    return stored(*answer);
  }

  // The new file where the local object store will find it; "" elsewhere, and where it could not be written:
  // then the store says why when it is given the bytes.
  std::filesystem::path write_file(const s3::Location& where, std::string_view bytes) {
    if (incoming.empty()) return {};
    auto file = incoming / random_hex(16);
    const auto open = [&] {
      return Descriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    };
    auto descriptor = open();
    if (!descriptor && errno == ENOENT) {  // nobody has asked for anything yet, or the store is gone
      call([&] { return s3::get_range_request(where, 0, 1); });
      descriptor = open();
    }
    if (!descriptor) return {};
    const bool written =
        each_piece(bytes, [&](std::string_view piece) { return write_all(descriptor.get(), piece); });
    if (written) return file;
    ::unlink(file.c_str());
    return {};
  }

  std::string hash(std::string_view bytes) const {
    Sha256Stream hash;
    each_piece(bytes, [&](std::string_view piece) {
      hash.add(piece);
      return true;
    });
    return hash.hex();
  }

  // False: the store was closed meanwhile, or `work` has failed.
  template <class Work>
  bool each_piece(std::string_view bytes, const Work& work) const {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), s3::part_bytes))) {
      if (closed || !work(bytes.substr(0, s3::part_bytes))) return false;
    }
    return true;
  }

  static Stored stored(const http::Response& response) {
    return {std::string(response.headers.get("x-lambdapool-file"))};
  }

  // While it lives close() waits, so that nothing is put behind its back.
  class Putting {
   public:
    Putting(Impl& impl, const std::string& name) : impl_(impl) {
      const std::lock_guard lock(impl_.mutex);
      ++impl_.putting;
      impl_.names.insert(name);
    }
    ~Putting() {
      const std::lock_guard lock(impl_.mutex);
      if (--impl_.putting == 0) impl_.put_over.notify_all();
    }

   private:
    Impl& impl_;
  };

  void remember(const std::string& name) {
    const std::lock_guard lock(mutex);
    names.insert(name);
  }
  void forget(const std::string& name) {
    const std::lock_guard lock(mutex);
    names.erase(name);
  }

  const bool local;
  const std::filesystem::path incoming;  // where the local object store takes files from; "" elsewhere
  const std::string bucket;
  const std::string region;
  const std::shared_ptr<identity::Provider> provider;
  const std::shared_ptr<void> service;
  const std::string prefix;
  http::Endpoint endpoint;
  s3::Addressing addressing = s3::Addressing::path;
  std::atomic<bool> closed{false};
  std::mutex mutex;
  std::mutex url_mutex;
  identity::Snapshot url_signed_as;
  std::optional<sigv4::Signer> url_signer;
  std::condition_variable put_over;
  int putting = 0;
  std::set<std::string> names;  // of what is there, as far as is known
  http::EventLoop loop;
  std::optional<http::Client> client;
};

Result<std::shared_ptr<Store>> Store::open(const target::Target& target) {
  return made_with_thread([&] { return std::shared_ptr<Store>(new Store(std::make_shared<Impl>(target))); });
}

Store::Store(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() { close(); }

const std::string& Store::bucket() const { return impl_->bucket; }

Result<Stored> Store::put(const std::string& name, std::string_view bytes, Digest digest) {
  const auto where = impl_->location(name);
  const Impl::Putting putting(*impl_, name);
  if (digest == Digest::unwanted) return impl_->put_bytes(where, bytes);
  Result<Stored> done;
  std::string sha256;
  in_parallel(2, 2, [&](std::size_t which) -> Result<void> {
    if (which == 0) {
      done = impl_->put_bytes(where, bytes);
    } else {
      sha256 = impl_->hash(bytes);
    }
    return {};
  });
  if (done) done->sha256 = std::move(sha256);
  return done;
}

Result<void> Store::get(const std::string& name, std::uint64_t offset, char* into, std::size_t size) {
  const auto where = impl_->location(name);
  const std::size_t pieces = (size + s3::part_bytes - 1) / s3::part_bytes;
  return in_parallel(pieces, impl_->parts_at_once(), [&](std::size_t i) -> Result<void> {
    const std::size_t begin = i * s3::part_bytes;
    const std::size_t length = std::min(s3::part_bytes, size - begin);
    const auto answer = impl_->call([&] { return s3::get_range_request(where, offset + begin, length); });
    if (!answer) return tl::unexpected(answer.error());
    if (answer->body.size() != length)
      return fail(ErrorKind::protocol, "the bucket " + impl_->bucket + " answered with " +
                                           std::to_string(answer->body.size()) + " bytes of " +
                                           where.object.key + " instead of " + std::to_string(length));
    std::memcpy(into + begin, answer->body.data(), length);
    return {};
  });
}

void Store::remove(const std::string& name) {
  const auto impl = impl_;
  if (impl->closed) return;
  auto request = s3::delete_object_request(impl->location(name));
  auto signer = impl->signer();
  aws::sign(request, signer, impl->endpoint.host_header(), std::chrono::system_clock::now());
  // What fails here is tried again by close().
  impl->client->send(std::move(request), answer_within,
                     [weak = std::weak_ptr(impl), name](const auto& answer) {
                       const auto alive = weak.lock();
                       if (alive && answer && is_success(*answer)) alive->forget(name);
                     });
}

std::string Store::url(std::string_view method, const std::string& name) const {
  const auto& endpoint = impl_->endpoint;
  // One for each call of a pool: the day's key is kept.
  const std::lock_guard lock(impl_->url_mutex);
  if (auto newest = impl_->provider->current(); !impl_->url_signer || newest != impl_->url_signed_as) {
    impl_->url_signer = impl_->signer();
    impl_->url_signed_as = std::move(newest);
  }
  const auto target = sigv4::presigned_target(
      *impl_->url_signer,
      {method, s3::object_target(impl_->location(name)), endpoint.host_header(), url_life},
      std::chrono::system_clock::now());
  if (endpoint.scheme != http::Endpoint::Scheme::unix_socket) return endpoint.url() + target;
  return "http+unix://" + percent_encode(endpoint.path) + target;
}

void Store::expect(const std::string& name) { impl_->remember(name); }
void Store::forget(const std::string& name) { impl_->forget(name); }

void Store::close() {
  if (impl_->closed.exchange(true)) return;
  std::vector<std::string> left;
  {
    std::unique_lock lock(impl_->mutex);
    impl_->put_over.wait(lock, [this] { return impl_->putting == 0; });  // they end with their next part
    left.assign(impl_->names.begin(), impl_->names.end());
    impl_->names.clear();
  }
  const auto until = Clock::now() + close_within;
  in_parallel(left.size(), connections, [&](std::size_t i) -> Result<void> {
    if (Clock::now() > until) return {};
    auto request = s3::delete_object_request(impl_->location(left[i]));
    auto signer = impl_->signer();
    aws::sign(request, signer, impl_->endpoint.host_header(), std::chrono::system_clock::now());
    impl_->client->call(std::move(request), close_within);
    return {};
  });
}

}  // namespace lambdapool::objects
