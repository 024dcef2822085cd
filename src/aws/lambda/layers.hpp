// Layers: publish a version, list, delete. Build a request, parse its response. No sockets, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

struct PublishLayerVersion {
  std::string name;
  std::string_view zip;  // bytes; not sent where the content is in S3
  std::optional<S3Object> content_in_s3 = {};
  std::string description = {};
  std::vector<std::string> runtimes = {};
  std::vector<std::string> architectures = {};
};

struct LayerVersion {
  std::string name;  // "" in the answers that are about one layer
  std::string arn;   // of the version
  std::int64_t version = 0;
  std::string description = {};
  std::string created = {};  // 2026-11-22T19:00:00.000+0000
  std::vector<std::string> runtimes = {};
  std::vector<std::string> architectures = {};
};

// Of a version, which may be another account's: GetLayerVersionByArn.
struct LayerContent {
  std::string url;     // where its zip can be had for ten minutes, without a signature
  std::string sha256;  // base64
};

struct LayerPage {
  std::vector<LayerVersion> layers;
  std::optional<std::string> next_marker = {};
};

http::Request publish_layer_version_request(const PublishLayerVersion& call);
http::Request get_layer_version_request(const std::string& version_arn);
http::Request list_layers_request(const std::optional<std::string>& marker);
http::Request list_layer_versions_request(const std::string& name, const std::optional<std::string>& marker);
http::Request delete_layer_version_request(const std::string& name, std::int64_t version);

Result<LayerVersion> parse_layer_version(const http::Response& response);     // PublishLayerVersion
Result<LayerContent> parse_layer_content(const http::Response& response);     // GetLayerVersionByArn
Result<LayerPage> parse_list_layers(const http::Response& response);          // the newest version of each
Result<LayerPage> parse_list_layer_versions(const http::Response& response);  // newest first

}  // namespace lambdapool::aws
