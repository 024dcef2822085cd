// The local object store: S3's operations on objects, on the endpoint of the local Lambda and with its rules
// of trust. Bodies go to files and come from files, never whole through memory.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/sigv4.hpp"
#include "http/body_stream.hpp"
#include "http/guard.hpp"
#include "http/server.hpp"
#include "local/control/admission.hpp"
#include "local/objects/object_files.hpp"
#include "local/objects/s3_request.hpp"
#include "local/objects/s3_signature.hpp"
#include "local/work_threads.hpp"

namespace lambdapool::local {

struct S3Options {
  std::filesystem::path directory;  // of buckets, each a directory in it
  // Of the one bucket that is always there and ends with the service: what pools send to their workers.
  std::filesystem::path transit;
  std::function<void()> before_transit = {};  // runs before the first object is put there
  std::optional<sigv4::Identity> identity = {};
  AdmissionOptions admission = {};
  std::string region = "us-east-1";
  std::function<void(const std::string&)> log = {};
  std::function<std::chrono::system_clock::time_point()> clock = [] {
    return std::chrono::system_clock::now();
  };
};

inline constexpr const char* transit_bucket = "lambdapool";
// Of what was put into it: the name of the object's file in the directory that workers find by
// LAMBDAPOOL_OBJECTS.
inline constexpr const char* transit_file_header = "x-lambdapool-file";
// Of a PutObject there without a body, signed in its headers: the name (hex digits) of the file in
// transit_incoming() that the caller has written the object's bytes to. Any request for the bucket makes that
// directory.
inline constexpr const char* transit_written_header = "x-lambdapool-written";

bool names_written_file(const http::Request& head, const S3Request& asked);

class S3Service {
 public:
  explicit S3Service(S3Options options);

  // For requests of which is_for_s3() is true; on the loop's thread. In this order.
  std::optional<http::Response> screen(const http::Request& head, const http::Caller& caller);
  std::unique_ptr<http::BodySink> divert(const http::Request& head);
  void handle(http::Request request, http::Responder responder);
  std::filesystem::path transit_incoming() const { return files_of(transit_bucket).incoming(); }

  void pause() { threads_.pause(); }
  void resume() { threads_.resume(); }
  void stop() { threads_.stop(); }

 private:
  ObjectFiles files_of(const std::string& bucket) const;
  OrRefusal<void> judge(const http::Request& head, const http::Caller& caller);
  OrRefusal<void> make_transit();
  Answer answer(const http::Request& request, const S3Request& asked);
  Answer of_bucket(const http::Request& request, const S3Request& asked, const ObjectFiles& files);
  Answer list_buckets() const;
  Answer list_objects(const S3Request& asked, const ObjectFiles& files) const;
  Answer delete_objects(const http::Request& request, const ObjectFiles& files) const;
  Answer put(const http::Request& request, const S3Request& asked, const ObjectFiles& files) const;
  Answer get(const http::Request& request, const S3Request& asked, const ObjectFiles& files) const;
  Answer begin_upload(const http::Request& request, const S3Request& asked, const ObjectFiles& files) const;
  Answer upload_part(const http::Request& request, const S3Request& asked, const ObjectFiles& files) const;
  Answer complete_upload(const http::Request& request, const S3Request& asked,
                         const ObjectFiles& files) const;
  void log(const http::Request& request, int status, std::chrono::steady_clock::time_point since) const;
  http::Response complete(Answer answer, const http::Request& request) const;

  S3Options options_;
  Admission admission_;
  S3Signature signature_;
  bool transit_made_ = false;
  WorkThreads threads_{2};
};

}  // namespace lambdapool::local
