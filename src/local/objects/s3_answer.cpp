#include "local/objects/s3_answer.hpp"

#include <time.h>

#include <cerrno>
#include <charconv>

namespace lambdapool::local {
namespace {

constexpr const char* http_date_format = "%a, %d %b %Y %H:%M:%S GMT";

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto end = text[i] == '&' ? text.find(';', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    const auto name = text.substr(i + 1, end - i - 1);
    i = end;
    if (name == "amp") out += '&';
    if (name == "lt") out += '<';
    if (name == "gt") out += '>';
    if (name == "quot") out += '"';
    if (name == "apos") out += '\'';
    if (name.starts_with('#')) {
      const bool hex = name.size() > 1 && name[1] == 'x';
      int code = 0;
      std::from_chars(name.data() + (hex ? 2 : 1), name.data() + name.size(), code, hex ? 16 : 10);
      if (code > 0 && code < 128) out += static_cast<char>(code);
    }
  }
  return out;
}

}  // namespace

Refusal not_stored(const std::string& what, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  return {full ? 507 : 500, full ? "InsufficientStorage" : "InternalError",
          what + ": " + system_reason(error_number) + "."};
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "&#" + std::to_string(static_cast<int>(c)) + ";";
    } else {
      out += c;
    }
  }
  return out;
}

std::string xml_element(std::string_view name, std::string_view text) {
  return "<" + std::string(name) + ">" + xml_text(text) + "</" + std::string(name) + ">";
}

std::vector<std::string> xml_texts(std::string_view xml, std::string_view name) {
  std::vector<std::string> found;
  const std::string begin = "<" + std::string(name) + ">";
  const std::string end = "</" + std::string(name) + ">";
  for (auto at = xml.find(begin); at != std::string_view::npos; at = xml.find(begin, at)) {
    at += begin.size();
    const auto stop = xml.find(end, at);
    if (stop == std::string_view::npos) break;
    found.push_back(unescaped(xml.substr(at, stop - at)));
    at = stop;
  }
  return found;
}

http::Response xml_answer(std::string body) {
  http::Response response;
  response.headers.add("Content-Type", "application/xml");
  response.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + std::move(body);
  return response;
}

http::Response s3_refusal(const Refusal& refusal, std::string_view resource) {
  http::Response response =
      xml_answer("<Error>" + xml_element("Code", refusal.type) + xml_element("Message", refusal.message) +
                 xml_element("Resource", resource) + "</Error>");
  response.status = refusal.status;
  return response;
}

std::string http_date(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, http_date_format, &parts)};
}

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* end = ::strptime(copy.c_str(), http_date_format, &parts);
  if (end == nullptr || *end != 0) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace lambdapool::local
