#include "gcp/storage/storage.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/encoding.hpp"
#include "gcp/google_error.hpp"

namespace lambdapool::gcp::storage {
namespace {

using nlohmann::json;

constexpr int days_kept = 30;

std::string bucket_path(const std::string& bucket) { return "/storage/v1/b/" + percent_encode(bucket); }

}  // namespace

http::Request get_bucket_request(const std::string& bucket) { return {"GET", bucket_path(bucket)}; }

http::Request create_bucket_request(const std::string& project, const std::string& location,
                                    const std::string& bucket) {
  const json rule{{"action", {{"type", "Delete"}}}, {"condition", {{"age", days_kept}}}};
  const json body{{"name", bucket}, {"location", location}, {"lifecycle", {{"rule", {rule}}}}};
  return {"POST",
          "/storage/v1/b?project=" + percent_encode(project),
          {{"Content-Type", "application/json"}},
          body.dump()};
}

http::Request upload_object_request(const std::string& bucket, const std::string& object, std::string bytes) {
  return {"POST",
          "/upload" + bucket_path(bucket) + "/o?uploadType=media&name=" + percent_encode(object),
          {{"Content-Type", "application/octet-stream"}},
          std::move(bytes)};
}

http::Request delete_object_request(const std::string& bucket, const std::string& object) {
  return {"DELETE", bucket_path(bucket) + "/o/" + percent_encode(object)};
}

Result<std::string> parse_upload_object(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("generation") || !body.at("generation").is_string())
    return fail(ErrorKind::protocol, "the answer to an upload names no generation");
  return body.at("generation").get<std::string>();
}

Result<void> parse_done(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  return {};
}

}  // namespace lambdapool::gcp::storage
