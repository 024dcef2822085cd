// S3Service's operations on objects, and its lists.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "core/descriptor.hpp"
#include "core/encoding.hpp"
#include "core/random.hpp"
#include "core/timestamp.hpp"
#include "local/control/signature.hpp"
#include "local/objects/multipart.hpp"
#include "local/objects/object_range.hpp"
#include "local/objects/object_writer.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/objects/s3_service.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t list_page_max = 1'000;
constexpr const char* xmlns = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

class FileSource : public http::BodySource {
 public:
  FileSource(Descriptor file, Range range) : file_(std::move(file)), range_(range), at_(range.begin) {}
  std::uint64_t size() const override { return range_.size; }
  std::size_t read(char* piece, std::size_t most) override {
    const auto count = ::pread(file_.get(), piece, most, static_cast<off_t>(at_));
    if (count <= 0) return 0;
    at_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

 private:
  Descriptor file_;
  Range range_;
  std::uint64_t at_;
};

constexpr const char* kept_headers[] = {"content-type",     "content-encoding", "content-disposition",
                                        "content-language", "cache-control",    "expires"};

ObjectInfo described(const http::Request& request, const S3Request& asked,
                     std::chrono::system_clock::time_point now) {
  ObjectInfo info;
  info.key = asked.key;
  info.etag = "\"" + random_hex(16) + "\"";
  info.modified = now;
  for (const auto& header : request.headers.items()) {
    std::string name = header.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const bool kept =
        name.starts_with("x-amz-meta-") ||
        std::find(std::begin(kept_headers), std::end(kept_headers), name) != std::end(kept_headers);
    if (kept) info.headers[name] = header.value;
  }
  if (info.headers["content-encoding"].starts_with("aws-chunked")) info.headers.erase("content-encoding");
  std::erase_if(info.headers, [](const auto& header) { return header.second.empty(); });
  info.headers.emplace("content-type", "binary/octet-stream");
  return info;
}

Existing existing_of(const http::Request& request) {
  return request.headers.get("if-none-match") == "*" ? Existing::kept : Existing::replaced;
}

// Only whoever holds the keys may name a file, not who was given a URL or has come by a signed request. It
// gets a name of ours, that no other object's file has.
OrRefusal<std::string> written_file(const http::Request& request, const ObjectFiles& files) {
  const std::string name(request.headers.get(transit_written_header));
  const auto signature = sigv4::parse_authorization(request.headers.get("authorization"));
  if (!signature || !is_signed(*signature, transit_written_header))
    return refuse(403, "AccessDenied", "The name of a file that was written is signed in the headers.");
  if (!is_hex(name)) return refuse(400, "InvalidArgument", "A file that was written is named by hex digits.");
  if (!request.body.empty())
    return refuse(400, "InvalidRequest",
                  "A file that was written is the object: there is no body beside it.");
  auto own = random_uuid();
  if (::rename((files.incoming() / name).c_str(), (files.incoming() / own).c_str()) == 0) return own;
  return tl::unexpected(not_stored("The file that was written is not there", errno));
}

OrRefusal<std::string> taken_body(const http::Request& request) {
  const auto writer = std::dynamic_pointer_cast<ObjectWriter>(request.sink);
  if (!writer) return refuse(500, "InternalError", "The body went nowhere.");
  return writer->take();
}

http::Response stored(const ObjectInfo& info, const S3Request& asked) {
  http::Response response{200, {{"ETag", info.etag}}};
  if (asked.bucket == transit_bucket) response.headers.add(transit_file_header, info.file);
  return response;
}

std::string list_entry(const ObjectInfo& info, const std::function<std::string(const std::string&)>& shown) {
  return "<Contents><Key>" + xml_text(shown(info.key)) + "</Key>" +
         xml_element("LastModified", format_timestamp(info.modified)) + xml_element("ETag", info.etag) +
         xml_element("Size", std::to_string(info.size)) + "<StorageClass>STANDARD</StorageClass></Contents>";
}

}  // namespace

Answer S3Service::put(const http::Request& request, const S3Request& asked, const ObjectFiles& files) const {
  if (request.headers.find("if-match") != nullptr)
    return refuse(501, "NotImplemented", "The local object store has no If-Match for what is put.");
  auto file = names_written_file(request, asked) ? written_file(request, files) : taken_body(request);
  if (!file) return tl::unexpected(file.error());
  auto info = described(request, asked, options_.clock());
  info.file = std::move(*file);
  const auto put = files.put(std::move(info), existing_of(request));
  if (!put) return tl::unexpected(put.error());
  return stored(*put, asked);
}

Answer S3Service::get(const http::Request& request, const S3Request& asked, const ObjectFiles& files) const {
  const auto info = files.find(asked.key);
  if (!info) return tl::unexpected(info.error());
  if (auto good = check_conditions(request, *info); !good) return tl::unexpected(good.error());
  const auto range = range_of(request, info->size);
  if (!range) return tl::unexpected(range.error());
  Descriptor file(::open((files.data() / info->file).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return refuse(404, "NoSuchKey", "The specified key does not exist.");  // removed this moment
  http::Response response;
  const Range wanted = range->value_or(Range{0, info->size});
  if (*range) {
    response.status = 206;
    response.headers.add("Content-Range", "bytes " + std::to_string(wanted.begin) + "-" +
                                              std::to_string(wanted.begin + wanted.size - 1) + "/" +
                                              std::to_string(info->size));
  }
  for (const auto& [name, value] : info->headers) {
    const auto other = asked.value("response-" + name);
    response.headers.add(name, other.empty() ? value : other);
  }
  response.headers.add("ETag", info->etag);
  response.headers.add("Last-Modified", http_date(info->modified));
  response.headers.add("Accept-Ranges", "bytes");
  response.source = std::make_shared<FileSource>(std::move(file), wanted);
  return response;
}

Answer S3Service::begin_upload(const http::Request& request, const S3Request& asked,
                               const ObjectFiles& files) const {
  const auto id = Multipart(files).begin(described(request, asked, options_.clock()));
  if (!id) return tl::unexpected(id.error());
  return xml_answer("<InitiateMultipartUploadResult" + std::string(xmlns) + ">" +
                    xml_element("Bucket", asked.bucket) + xml_element("Key", asked.key) +
                    xml_element("UploadId", *id) + "</InitiateMultipartUploadResult>");
}

Answer S3Service::upload_part(const http::Request& request, const S3Request& asked,
                              const ObjectFiles& files) const {
  const auto file = taken_body(request);
  if (!file) return tl::unexpected(file.error());
  const auto etag = Multipart(files).add(asked.value("uploadId"), asked.value("partNumber"), *file);
  if (!etag) {
    ::unlink((files.incoming() / *file).c_str());
    return tl::unexpected(etag.error());
  }
  return http::Response{200, {{"ETag", "\"" + *etag + "\""}}};
}

Answer S3Service::complete_upload(const http::Request& request, const S3Request& asked,
                                  const ObjectFiles& files) const {
  const auto made =
      Multipart(files).complete(asked.value("uploadId"), asked.key, request.body, existing_of(request));
  if (!made) return tl::unexpected(made.error());
  auto response = xml_answer("<CompleteMultipartUploadResult" + std::string(xmlns) + ">" +
                             xml_element("Bucket", asked.bucket) + xml_element("Key", asked.key) +
                             xml_element("ETag", made->etag) + "</CompleteMultipartUploadResult>");
  if (asked.bucket == transit_bucket) response.headers.add(transit_file_header, made->file);
  return response;
}

Answer S3Service::list_buckets() const {
  std::string body = "<ListAllMyBucketsResult" + std::string(xmlns) +
                     "><Owner><ID>local</ID><DisplayName>local</DisplayName></Owner><Buckets>";
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(options_.directory, error), end; !error && entry != end;
       entry.increment(error))
    names.insert(entry->path().filename().string());
  for (const auto& name : names) {
    struct stat status {};
    ::stat((options_.directory / name).c_str(), &status);
    body += "<Bucket>" + xml_element("Name", name) +
            xml_element("CreationDate",
                        format_timestamp(std::chrono::system_clock::from_time_t(status.st_ctime))) +
            "</Bucket>";
  }
  return xml_answer(body + "</Buckets></ListAllMyBucketsResult>");
}

// A token is the last key or common prefix of the page before, in hex.
Answer S3Service::list_objects(const S3Request& asked, const ObjectFiles& files) const {
  const auto prefix = asked.value("prefix");
  const auto delimiter = asked.value("delimiter");
  const auto token = hex_decode(asked.value("continuation-token"));
  const auto after = token.empty() ? asked.value("start-after") : token;
  const bool url = asked.value("encoding-type") == "url";
  const auto shown = [url](const std::string& key) { return url ? percent_encode(key, Slash::keep) : key; };
  std::size_t most = list_page_max;
  if (const auto text = asked.value("max-keys"); !text.empty())
    most = std::min<std::size_t>(most, static_cast<std::size_t>(std::max(0, std::atoi(text.c_str()))));
  std::string contents;
  std::string last;
  std::set<std::string> prefixes;
  std::size_t count = 0;
  bool truncated = false;
  for (const auto& info : files.list(prefix)) {
    const auto end = delimiter.empty() ? std::string::npos : info.key.find(delimiter, prefix.size());
    const auto entry = end == std::string::npos ? info.key : info.key.substr(0, end + delimiter.size());
    if (entry <= after || prefixes.contains(entry)) continue;
    if (count == most) {
      truncated = most > 0;
      break;
    }
    if (end == std::string::npos) {
      contents += list_entry(info, shown);
    } else {
      prefixes.insert(entry);
    }
    last = entry;
    ++count;
  }
  std::string body = "<ListBucketResult" + std::string(xmlns) + ">" + xml_element("Name", asked.bucket) +
                     xml_element("Prefix", shown(prefix)) + xml_element("KeyCount", std::to_string(count)) +
                     xml_element("MaxKeys", std::to_string(most)) +
                     xml_element("IsTruncated", truncated ? "true" : "false");
  if (!delimiter.empty()) body += xml_element("Delimiter", shown(delimiter));
  if (url) body += "<EncodingType>url</EncodingType>";
  if (truncated) body += xml_element("NextContinuationToken", hex_encode(last));
  body += contents;
  for (const auto& each : prefixes)
    body += "<CommonPrefixes>" + xml_element("Prefix", shown(each)) + "</CommonPrefixes>";
  return xml_answer(body + "</ListBucketResult>");
}

Answer S3Service::delete_objects(const http::Request& request, const ObjectFiles& files) const {
  std::string body = "<DeleteResult" + std::string(xmlns) + ">";
  for (const auto& key : xml_texts(request.body, "Key")) {
    files.remove(key);
    body += "<Deleted>" + xml_element("Key", key) + "</Deleted>";
  }
  return xml_answer(body + "</DeleteResult>");
}

}  // namespace lambdapool::local
