#include "deploy/run/code_on_run.hpp"

#include <optional>
#include <utility>

#include "core/random.hpp"
#include "deploy/run/deployed_service.hpp"
#include "gcp/limits.hpp"
#include "gcp/run/services.hpp"
#include "gcp/storage/storage.hpp"
#include "package/tar.hpp"
#include "package/temp_dir.hpp"

namespace lambdapool::deploy {
namespace {

namespace storage = gcp::storage;

Result<void> ensure_bucket(Session& session, const std::string& bucket) {
  const auto there = call(session, storage::get_bucket_request(bucket), storage::parse_done);
  if (there || there.error().kind != ErrorKind::not_found) return there;
  const auto& target = session.target();
  auto made = call(session, storage::create_bucket_request(target.google->project, target.region, bucket),
                   storage::parse_done);
  // Somebody else was faster, or an earlier attempt of ours got through.
  if (!made && made.error().kind == ErrorKind::conflict) return {};
  return made;
}

Result<std::string> archive_of(const package::Package& code) {
  auto temporary = package::TempDir::make(std::filesystem::temp_directory_path());
  if (!temporary) return tl::unexpected(temporary.error());
  auto archive = package::tar_gz_of_zip(code.zip, temporary->path() / "code");
  if (archive && archive->size() > gcp::limits::archive_bytes_max)
    return fail(ErrorKind::payload_too_large, "the code has " + std::to_string(archive->size()) +
                                                  " bytes as an archive, and Cloud Run takes at most " +
                                                  std::to_string(gcp::limits::archive_bytes_max) + ".");
  return archive;
}

// By Cloud Run itself, which sees to the bucket. nullopt where it does not: some have not got that call, or
// forbid it.
Result<std::optional<UploadedCode>> upload_to_run(Session& session, const std::string& service,
                                                  const std::string& archive) {
  const auto source = call(
      session,
      gcp::run::upload_source_request(place_on(session), service, archive, "lambdapool-" + random_hex(16)),
      gcp::run::parse_upload_source);
  if (source) return UploadedCode{source->bucket, source->object, source->generation};
  const int status = source.error().http_status;
  if (status == 403 || status == 404 || status == 405 || status == 501) return std::nullopt;
  return tl::unexpected(source.error());
}

// Into a bucket of the project and location, which is made where there is none.
Result<UploadedCode> upload_to_bucket(Session& session, const std::string& service, std::string archive) {
  const auto& target = session.target();
  UploadedCode uploaded{"run-sources-" + target.google->project + "-" + target.region,
                        "lambdapool/" + service + "/" + random_hex(16) + ".tar.gz", ""};
  if (auto ready = ensure_bucket(session, uploaded.bucket); !ready) return tl::unexpected(ready.error());
  auto generation =
      call(session, storage::upload_object_request(uploaded.bucket, uploaded.object, std::move(archive)),
           storage::parse_upload_object);
  if (!generation) return tl::unexpected(generation.error());
  uploaded.generation = std::move(*generation);
  return uploaded;
}

}  // namespace

Result<UploadedCode> upload_code(Session& session, const std::string& service, const package::Package& code) {
  auto archive = archive_of(code);
  if (!archive) return tl::unexpected(archive.error());
  if (auto go_on = session.check_unchanged(); !go_on) return tl::unexpected(go_on.error());
  auto uploaded = upload_to_run(session, service, *archive);
  if (!uploaded) return tl::unexpected(uploaded.error());
  if (*uploaded) return std::move(**uploaded);
  return upload_to_bucket(*Session::open_at(session, session.target().google->storage), service,
                          std::move(*archive));
}

void remove_code(Session& session, const UploadedCode& code) {
  const auto storage_session = Session::open_at(session, session.target().google->storage);
  if (session.is_seen_through()) storage_session->see_through();
  (void)call(*storage_session, storage::delete_object_request(code.bucket, code.object), storage::parse_done);
}

}  // namespace lambdapool::deploy
