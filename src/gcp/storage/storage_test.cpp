#include "gcp/storage/storage.hpp"

#include <gtest/gtest.h>

namespace lambdapool::gcp::storage {
namespace {

TEST(Storage, IsAskedByPath) {
  EXPECT_EQ(get_bucket_request("b").target, "/storage/v1/b/b");
  EXPECT_EQ(create_bucket_request("p", "l", "b").target, "/storage/v1/b?project=p");
  EXPECT_EQ(upload_object_request("b", "s/o.tar.gz", "x").target,
            "/upload/storage/v1/b/b/o?uploadType=media&name=s%2Fo.tar.gz");
  EXPECT_EQ(delete_object_request("b", "s/o").target, "/storage/v1/b/b/o/s%2Fo");
}

TEST(Storage, NamesTheBytesOfAnUpload) {
  EXPECT_EQ(parse_upload_object({200, {}, R"({"generation":"17"})"}), "17");
  EXPECT_EQ(parse_upload_object({404, {}, "{}"}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(parse_upload_object({200, {}, "{}"}).error().kind, ErrorKind::protocol);
}

}  // namespace
}  // namespace lambdapool::gcp::storage
