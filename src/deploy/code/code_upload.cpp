#include "deploy/code/code_upload.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "aws/s3/s3.hpp"
#include "core/limits.hpp"
#include "core/random.hpp"
#include "deploy/local_home.hpp"

namespace lambdapool::deploy {
namespace {

namespace s3 = aws::s3;

Result<http::Response> ask(Session& session, http::Request request) {
  return session.send(std::move(request), Repeatable::yes);
}

Error upload_failed(const std::string& bucket, const Error& error) {
  Error told = error;
  told.message = "the package could not be put into bucket " + bucket + ": " + error.message;
  return told;
}

void remove_object(Session& session, const s3::Location& location) {
  const auto answer = ask(session, s3::delete_object_request(location));
  if (!answer || !s3::parse_done(*answer))
    session.tell(Event::Kind::warning, location.object.key + " could not be removed from bucket " +
                                           location.object.bucket + "; remove it yourself.");
}

Result<void> upload_parts(Session& session, const s3::Location& location, const std::string& zip,
                          const std::string& upload_id) {
  std::vector<std::string> etags;
  Event event{Event::Kind::uploading_part, location.object.bucket, 0, static_cast<std::int64_t>(zip.size())};
  session.tell(event);
  for (std::size_t begin = 0; begin < zip.size(); begin += s3::part_bytes) {
    if (auto go_on = session.check_unchanged(); !go_on) return go_on;
    const int number = static_cast<int>(etags.size()) + 1;
    const auto answer =
        ask(session, s3::upload_part_request(location, upload_id, number, zip.substr(begin, s3::part_bytes)));
    if (!answer) return tl::unexpected(answer.error());
    auto etag = s3::parse_etag(*answer);
    if (!etag) return tl::unexpected(etag.error());
    etags.push_back(std::move(*etag));
    event.done = static_cast<std::int64_t>(std::min(begin + s3::part_bytes, zip.size()));
    session.tell(event);
  }
  const auto answer = ask(session, s3::complete_multipart_upload_request(location, upload_id, etags));
  if (!answer) return tl::unexpected(answer.error());
  return s3::parse_completed(*answer);
}

// Either the whole object, or nothing: not even parts, which would cost without being seen.
Result<void> upload(Session& session, const s3::Location& location, const std::string& zip) {
  const auto begun = ask(session, s3::create_multipart_upload_request(location));
  if (!begun) return tl::unexpected(begun.error());
  const auto upload_id = s3::parse_upload_id(*begun);
  if (!upload_id) return tl::unexpected(upload_id.error());
  auto done = upload_parts(session, location, zip, *upload_id);
  if (done) return done;
  session.see_through();
  const auto aborted = ask(session, s3::abort_multipart_upload_request(location, *upload_id));
  const auto gone = aborted ? s3::parse_done(*aborted) : tl::unexpected(aborted.error());
  // No such upload: it has been completed, though the answer said otherwise or got lost.
  if (!gone && gone.error().http_status == 404) {
    remove_object(session, location);
  } else if (!gone) {
    session.tell(Event::Kind::warning,
                 "the begun upload to " + location.object.bucket + "/" + location.object.key +
                     " could not be aborted; a lifecycle rule of the bucket removes such parts.");
  }
  return done;
}

bool needs_bucket(const package::Package& package) {
  return static_cast<std::int64_t>(package.zip.size()) >= limits::zip_bytes_max;
}

}  // namespace

Result<std::optional<std::string>> chosen_bucket(const Environment& environment,
                                                 const std::optional<std::string>& asked) {
  if (asked) return asked;
  auto bucket = environment.get("LAMBDAPOOL_BUCKET");
  if (bucket && !s3::is_bucket_name(*bucket))
    return fail(ErrorKind::invalid_argument, "LAMBDAPOOL_BUCKET is '" + *bucket +
                                                 "', which is not the name of an S3 bucket: 3 to 63 of a-z, "
                                                 "0-9, '-' and '.'.");
  return bucket;
}

Result<void> check_package(const package::Package& package, bool local,
                           const std::optional<std::string>& bucket) {
  auto fits =
      package::check_sizes(package, bucket || local ? limits::unzipped_bytes_max : limits::zip_bytes_max);
  if (fits || package.unzipped_bytes >= limits::unzipped_bytes_max || local) return fits;
  Error error = fits.error();
  error.message += " Larger ones go through an S3 bucket: name yours with --bucket or LAMBDAPOOL_BUCKET.";
  return tl::unexpected(std::move(error));
}

Result<CodeUpload> CodeUpload::prepare(Session& session, const std::optional<std::string>& bucket,
                                       const std::string& name, const package::Package& package) {
  CodeUpload made;
  if (!needs_bucket(package)) return made;
  if (session.is_local()) {
    auto home = LocalHome::find(session.connection());
    if (!home) return tl::unexpected(home.error());
    auto file = local::Upload::put(home->path(), package.zip);
    if (!file) return tl::unexpected(file.error());
    made.file_.emplace(std::move(*file));
    return made;
  }
  if (!bucket)
    return fail(ErrorKind::payload_too_large,
                "a package above 50 MB goes through an S3 bucket: name yours with --bucket or "
                "LAMBDAPOOL_BUCKET");
  auto opened = open_bucket(session, *bucket);
  if (!opened) return tl::unexpected(opened.error());
  s3::Location location{{*bucket, "lambdapool/" + name + "/" + random_hex(16) + ".zip"}, opened->addressing};
  if (auto done = upload(*opened->session, location, package.zip); !done)
    return tl::unexpected(done.error().kind == ErrorKind::cancelled ? done.error()
                                                                    : upload_failed(*bucket, done.error()));
  made.bucket_ = std::make_unique<Bucket>(std::move(*opened));
  made.location_ = std::move(location);
  return made;
}

std::optional<aws::S3Object> CodeUpload::object() const {
  if (file_) return aws::S3Object{std::string(local::uploads_bucket), file_->key()};
  return bucket_ ? std::optional(location_.object) : std::nullopt;
}

CodeUpload::~CodeUpload() {
  if (!bucket_) return;
  bucket_->session->see_through();
  remove_object(*bucket_->session, location_);
}

}  // namespace lambdapool::deploy
