#include "http/response_head.hpp"

#include <cstdio>
#include <string_view>

#include "http/body_stream.hpp"

namespace lambdapool::http {
namespace {

std::string_view phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

}  // namespace

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

void append_head(std::string& out, const Response& response, bool keep_alive) {
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(phrase(response.status));
  out.append("\r\n");
  bool length_given = false;
  for (const auto& header : response.headers.items()) {
    length_given |= equal_ignoring_case(header.name, "content-length");
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  // A live body ends with the connection where that does not go on; its length is known then, too.
  if (response.live && keep_alive) out.append("Transfer-Encoding: chunked\r\n");
  if (has_body(response.status) && !length_given && !response.live) {
    out.append("Content-Length: ")
        .append(std::to_string(response.source ? response.source->size() : response.body.size()))
        .append("\r\n");
  }
  if (!keep_alive) out.append("Connection: close\r\n");
  out.append("\r\n");
}

std::string chunk_of(const std::string& piece) {
  char size[2 * sizeof(std::size_t) + 3];
  std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
  return size + piece + "\r\n";
}

}  // namespace lambdapool::http
