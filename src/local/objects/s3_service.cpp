#include "local/objects/s3_service.hpp"

#include <cstdio>

#include "local/objects/multipart.hpp"
#include "local/objects/object_writer.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/store/home.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

// What takes long enough to hold the loop up: it reads many files, or copies large ones.
bool is_slow(S3Operation operation) {
  switch (operation) {
    case S3Operation::list_buckets:
    case S3Operation::list_objects:
    case S3Operation::delete_objects:
    case S3Operation::complete_upload:
      return true;
    default:
      return false;
  }
}

bool takes_body(S3Operation operation) {
  return operation == S3Operation::put_object || operation == S3Operation::upload_part;
}

tl::unexpected<Refusal> no_such_bucket() {
  return refuse(404, "NoSuchBucket", "The specified bucket does not exist");
}

}  // namespace

bool names_written_file(const http::Request& head, const S3Request& asked) {
  return asked.bucket == transit_bucket && asked.operation == S3Operation::put_object &&
         head.headers.find(transit_written_header) != nullptr;
}

S3Service::S3Service(S3Options options)
    : options_(std::move(options)),
      admission_(options_.admission),
      signature_(options_.identity, options_.region) {
  std::error_code error;
  for (fs::directory_iterator entry(options_.directory, error), end; !error && entry != end;
       entry.increment(error))
    ObjectFiles(entry->path()).remove_abandoned();
}

ObjectFiles S3Service::files_of(const std::string& bucket) const {
  return ObjectFiles(bucket == transit_bucket ? options_.transit : options_.directory / bucket);
}

OrRefusal<void> S3Service::judge(const http::Request& head, const http::Caller& caller) {
  if (auto admitted = admission_.judge(head, caller); !admitted) return admitted;
  const auto asked = parse_s3_request(head);
  if (!asked) return tl::unexpected(asked.error());
  if (auto verified = signature_.verify(head, options_.clock()); !verified) return verified;
  const bool makes = asked->operation == S3Operation::create_bucket;
  if (asked->bucket == transit_bucket) {
    if (auto made = make_transit(); !made) return made;
  } else if (!makes && !asked->bucket.empty() && !files_of(asked->bucket).exists()) {
    return no_such_bucket();
  }
  return {};
}

OrRefusal<void> S3Service::make_transit() {
  if (transit_made_) return {};
  if (options_.before_transit) options_.before_transit();
  if (auto made = files_of(transit_bucket).make(); !made)
    return refuse(500, "InternalError", made.error().message);
  transit_made_ = true;
  return {};
}

std::optional<http::Response> S3Service::screen(const http::Request& head, const http::Caller& caller) {
  const auto since = std::chrono::steady_clock::now();
  auto let_in = judge(head, caller);
  if (let_in) return std::nullopt;
  auto response = complete(tl::unexpected(let_in.error()), head);
  log(head, response.status, since);
  return response;
}

std::unique_ptr<http::BodySink> S3Service::divert(const http::Request& head) {
  const auto asked = parse_s3_request(head);
  if (!asked || !takes_body(asked->operation) || names_written_file(head, *asked)) return nullptr;
  return std::make_unique<ObjectWriter>(files_of(asked->bucket).incoming(), promise_of(head));
}

void S3Service::handle(http::Request request, http::Responder responder) {
  const auto since = std::chrono::steady_clock::now();
  const auto asked = parse_s3_request(request);
  if (!asked) return responder.send(complete(tl::unexpected(asked.error()), request));
  auto work = [this, since, asked = *asked, request = std::make_shared<http::Request>(std::move(request)),
               responder = std::make_shared<http::Responder>(std::move(responder))] {
    Answer made;
    try {
      made = answer(*request, asked);
    } catch (const std::exception& failure) {
      made = refuse(500, "InternalError", std::string("The local object store failed: ") + failure.what());
    }
    auto response = complete(std::move(made), *request);
    log(*request, response.status, since);
    responder->send(std::move(response));
  };
  if (is_slow(asked->operation)) return threads_.run(std::move(work));
  work();
}

Answer S3Service::answer(const http::Request& request, const S3Request& asked) {
  const auto files = files_of(asked.bucket);
  switch (asked.operation) {
    case S3Operation::put_object:
      return put(request, asked, files);
    case S3Operation::get_object:
    case S3Operation::head_object:
      return get(request, asked, files);
    case S3Operation::delete_object:
      files.remove(asked.key);
      return http::Response{.status = 204};
    case S3Operation::create_upload:
      return begin_upload(request, asked, files);
    case S3Operation::upload_part:
      return upload_part(request, asked, files);
    case S3Operation::complete_upload:
      return complete_upload(request, asked, files);
    case S3Operation::abort_upload:
      return Multipart(files).abort(asked.value("uploadId")).map([] {
        return http::Response{.status = 204};
      });
    default:
      return of_bucket(request, asked, files);
  }
}

Answer S3Service::of_bucket(const http::Request& request, const S3Request& asked, const ObjectFiles& files) {
  std::error_code error;
  switch (asked.operation) {
    case S3Operation::list_buckets:
      return list_buckets();
    case S3Operation::create_bucket:
      if (files.exists())
        return refuse(409, "BucketAlreadyOwnedByYou",
                      "Your previous request to create the named bucket succeeded and you already own it.");
      if (auto made = files.make(); !made) return refuse(500, "InternalError", made.error().message);
      return http::Response{200, {{"Location", "/" + asked.bucket}}};
    case S3Operation::delete_bucket:
      if (asked.bucket == transit_bucket)
        return refuse(409, "OperationAborted", "This bucket ends with the service.");
      if (!files.empty()) return refuse(409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
      fs::remove_all(options_.directory / asked.bucket, error);
      return http::Response{.status = 204};
    case S3Operation::get_bucket_location:
      return xml_answer("<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
                        (options_.region == "us-east-1" ? "" : options_.region) + "</LocationConstraint>");
    case S3Operation::list_objects:
      return list_objects(asked, files);
    case S3Operation::delete_objects:
      return delete_objects(request, files);
    default:
      return http::Response{200, {{"x-amz-bucket-region", options_.region}}};
  }
}

http::Response S3Service::complete(Answer answer, const http::Request& request) const {
  http::Response response;
  if (answer) {
    response = std::move(*answer);
  } else {
    response = s3_refusal(answer.error(), request.target.substr(0, request.target.find('?')));
  }
  response.headers.add("x-amz-request-id", random_uuid());
  response.headers.add("Date", http_date(options_.clock()));
  return response;
}

void S3Service::log(const http::Request& request, int status,
                    std::chrono::steady_clock::time_point since) const {
  if (!options_.log) return;
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - since;
  char numbers[48];
  std::snprintf(numbers, sizeof numbers, " %d %.1f ms", status, took.count());
  options_.log(request.method + " " + request.target.substr(0, request.target.find('?')) + numbers);
}

}  // namespace lambdapool::local
