#include "deploy/code/bucket.hpp"

#include <utility>

namespace lambdapool::deploy {

Result<Bucket> open_bucket(const Session& lambda, const std::string& name) {
  auto session = Session::open_beside(lambda, "s3");
  if (!session) return tl::unexpected(session.error());
  http::Endpoint endpoint = (*session)->target().endpoint;
  if (aws::s3::addressing_of(endpoint.host, name) == aws::s3::Addressing::path)
    return Bucket{std::move(*session), aws::s3::Addressing::path};
  endpoint.host = name + "." + endpoint.host;
  return Bucket{Session::open_at(**session, std::move(endpoint)), aws::s3::Addressing::virtual_host};
}

}  // namespace lambdapool::deploy
