#include "cli/bucket.hpp"

#include <utility>

namespace lambdapool::cli {
Result<Bucket> open_bucket(const Session& lambda, const std::string& name) {
  auto session = Session::open_beside(lambda, "s3");
  if (!session) return tl::unexpected(session.error());
  target::Target target = (*session)->target();
  if (aws::s3::addressing_of(target.endpoint.host, name) == aws::s3::Addressing::path)
    return Bucket{std::move(*session), aws::s3::Addressing::path};
  target.endpoint.host = name + "." + target.endpoint.host;
  const sigv4::Scope scope{target.region, "s3"};
  return Bucket{std::make_unique<Session>(lambda.context(), std::move(target), scope),
                aws::s3::Addressing::virtual_host};
}

}  // namespace lambdapool::cli
