#include "cli/bucket.hpp"

#include <utility>

namespace lambdapool::cli {
namespace {

// Only AWS's own names have a host for each bucket, and the certificate "*.s3..." covers no further dot.
bool has_host_of_its_own(const std::string& s3_host, const std::string& bucket) {
  return s3_host.starts_with("s3") && s3_host.find(".amazonaws.") != std::string::npos &&
         bucket.find('.') == std::string::npos;
}

}  // namespace

Result<Bucket> open_bucket(const Session& lambda, const std::string& name) {
  auto session = Session::open_beside(lambda, "s3");
  if (!session) return tl::unexpected(session.error());
  target::Target target = (*session)->target();
  if (!has_host_of_its_own(target.endpoint.host, name))
    return Bucket{std::move(*session), aws::s3::Addressing::path};
  target.endpoint.host = name + "." + target.endpoint.host;
  const sigv4::Scope scope{target.region, "s3"};
  return Bucket{std::make_unique<Session>(lambda.context(), std::move(target), scope),
                aws::s3::Addressing::virtual_host};
}

}  // namespace lambdapool::cli
