// Objects of the local Cloud Storage, as both of its APIs write and read them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "http/message.hpp"
#include "local/run/run_storage.hpp"

namespace lambdapool::local::run {

struct ObjectName {
  std::string bucket;
  std::string object;
};

// `condition`: the generation that must be there, "0" for none; "" for any. Errors: not_found (the bucket),
// conflict (another generation), invalid_argument (the name), io.
Result<RunFiles::Object> write_object(const StorageAt& at, const ObjectName& name, std::string_view bytes,
                                      const std::string& condition);

// As the JSON API shows it. `bytes`: the whole content, or nothing where its checksum is not wanted.
nlohmann::json shown_object(const StorageAt& at, const std::string& bucket, const RunFiles::Object& object,
                            std::optional<std::string_view> bytes);

// "crc32c=....", of the header x-goog-hash.
std::string checksum_of(std::string_view bytes);

// The content, or the part of it that the header Range asks for.
http::Response content_answer(const http::Request& request, const RunFiles::Object& object,
                              std::string bytes);

http::Response upload(const StorageAt& at, const RunPath& path, const http::Request& request);
http::Response answer_xml(const StorageAt& at, const RunPath& path, const http::Request& request);

// The parts of a multipart/related body, of which there have to be two, without their heads; nullopt: not so.
struct TwoParts {
  std::string_view first;
  std::string_view second;
};
std::optional<TwoParts> two_parts(const http::Request& request);

}  // namespace lambdapool::local::run
