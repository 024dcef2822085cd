#include "core/sigv4.hpp"

#include <algorithm>
#include <charconv>

#include "core/encoding.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::sigv4 {

namespace {

std::string_view view(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// RFC 3986 §5.2.4, and repeated slashes become one, as AWS's services do before they canonicalise.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::size_t start = 0; start <= path.size();) {
    const auto slash = std::min(path.find('/', start), path.size());
    const auto segment = path.substr(start, slash - start);
    start = slash + 1;
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  out.reserve(path.size());
  for (const auto segment : kept) out.append("/").append(segment);
  if (out.empty() || path.back() == '/') out.push_back('/');
  return out;
}

void append_path(std::string& out, std::string_view path, PathEncoding encoding) {
  if (path.empty()) {
    out += '/';
  } else if (encoding == PathEncoding::once) {
    out += path;
  } else if (path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos) {
    out += percent_encode(path, Slash::keep);
  } else {
    out += percent_encode(without_dot_segments(path), Slash::keep);
  }
}

void append_query(std::string& out, std::string_view query) {
  if (query.empty()) return;
  std::vector<std::pair<std::string, std::string>> parameters;
  for (std::size_t start = 0; start <= query.size();) {
    const auto end = std::min(query.find('&', start), query.size());
    const auto pair = query.substr(start, end - start);
    const auto equals = std::min(pair.find('='), pair.size());
    const auto value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
    parameters.emplace_back(percent_encode(percent_decode(pair.substr(0, equals))),
                            percent_encode(percent_decode(value)));
    start = end + 1;
  }
  std::sort(parameters.begin(), parameters.end());
  const char* separator = "";
  for (const auto& [name, value] : parameters) {
    out.append(separator).append(name).append("=").append(value);
    separator = "&";
  }
}

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Trimmed, and every run of blanks inside becomes one space.
void append_header_value(std::string& out, std::string_view value) {
  bool pending = false;
  bool any = false;
  for (const char c : value) {
    if (is_blank(c)) {
      pending = any;
      continue;
    }
    if (pending) out += ' ';
    pending = false;
    any = true;
    out += c;
  }
}

struct CanonicalHeader {
  std::string name;
  std::string_view value;
};

std::vector<CanonicalHeader> canonical_headers(const Message& message) {
  std::vector<CanonicalHeader> headers;
  headers.reserve(message.headers.size());
  for (const auto& [name, value] : message.headers) {
    std::string lower(name);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    headers.push_back({std::move(lower), value});
  }
  std::stable_sort(headers.begin(), headers.end(),
                   [](const CanonicalHeader& a, const CanonicalHeader& b) { return a.name < b.name; });
  return headers;
}

// The canonical header block into `block`, the list of names into `names`.
void append_headers(const std::vector<CanonicalHeader>& headers, std::string& block, std::string& names) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const bool repeated = i > 0 && headers[i].name == headers[i - 1].name;
    if (!repeated) {
      if (i > 0) {
        block += '\n';
        names += ';';
      }
      block.append(headers[i].name).append(":");
      names += headers[i].name;
    } else {
      block += ',';
    }
    append_header_value(block, headers[i].value);
  }
  if (!headers.empty()) block += '\n';
}

// Up to the payload's hash, which ends it.
std::string canonical_request(const Message& message, PathEncoding encoding, std::string& signed_headers) {
  const auto question = std::min(message.target.find('?'), message.target.size());
  std::string out;
  out.reserve(512 + message.target.size());
  out.append(message.method).append("\n");
  append_path(out, message.target.substr(0, question), encoding);
  out += '\n';
  if (question < message.target.size()) append_query(out, message.target.substr(question + 1));
  out += '\n';
  append_headers(canonical_headers(message), out, signed_headers);
  return out.append("\n").append(signed_headers).append("\n");
}

std::string derive_key(const Identity& identity, const Scope& scope, std::string_view date) {
  auto key = hmac_sha256("AWS4" + identity.secret_access_key, date);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")}) {
    key = hmac_sha256(view(key), part);
  }
  return std::string(view(key));
}

void append_number(std::string& out, unsigned value, std::size_t width) {
  char digits[10];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(width - std::min(width, static_cast<std::size_t>(end - digits)), '0');
  out.append(digits, end);
}

std::optional<int> parse_number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0;;) {
    const auto end = text.find(separator, start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// ID/DATE/REGION/SERVICE/aws4_request; read from the end, for an id may itself hold a slash.
bool read_credential(std::string_view credential, Authorization& out) {
  const auto parts = split(credential, '/');
  const std::size_t n = parts.size();
  if (n < 5 || parts[n - 1] != "aws4_request" || parts[n - 4].size() != 8) return false;
  out.service = parts[n - 2];
  out.region = parts[n - 3];
  out.date = parts[n - 4];
  const auto scope_length =
      parts[n - 1].size() + parts[n - 2].size() + parts[n - 3].size() + parts[n - 4].size();
  out.access_key_id = credential.substr(0, credential.size() - scope_length - 4);
  return !out.access_key_id.empty();
}

}  // namespace

Signer::Signer(Identity identity, Scope scope, PathEncoding path)
    : identity_(std::move(identity)), scope_(std::move(scope)), path_(path) {}

Form Signer::form(const Message& message, std::string_view amz_date) {
  const auto date = amz_date.substr(0, 8);
  if (key_.empty() || key_date_ != date) {
    key_date_ = date;
    key_ = derive_key(identity_, scope_, date);
  }
  std::string scope;
  scope.reserve(64);
  scope.append(date)
      .append("/")
      .append(scope_.region)
      .append("/")
      .append(scope_.service)
      .append("/aws4_request");

  std::string signed_headers, to_sign;
  Form made;
  made.canonical.add(canonical_request(message, path_, signed_headers));
  to_sign.append(algorithm).append("\n").append(amz_date).append("\n").append(scope).append("\n");
  made.to_sign = HmacStream(key_);
  made.to_sign.add(to_sign);
  made.authorization.append(algorithm).append(" Credential=").append(identity_.access_key_id);
  made.authorization.append("/").append(scope);
  made.authorization.append(", SignedHeaders=").append(signed_headers).append(", Signature=");
  return made;
}

std::string Signer::authorization(const Form& form, std::string_view payload_sha256_hex) {
  Sha256Stream canonical = form.canonical;
  canonical.add(payload_sha256_hex);
  HmacStream to_sign = form.to_sign;
  to_sign.add(canonical.hex());
  return form.authorization + hex_encode(to_sign.digest());
}

std::string format_amz_date(std::chrono::system_clock::time_point now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  std::string out;
  append_number(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  append_number(out, static_cast<unsigned>(date.month()), 2);
  append_number(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_number(out, static_cast<unsigned>(time.hours().count()), 2);
  append_number(out, static_cast<unsigned>(time.minutes().count()), 2);
  append_number(out, static_cast<unsigned>(time.seconds().count()), 2);
  return out += 'Z';
}

std::optional<std::chrono::system_clock::time_point> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto year = parse_number(text.substr(0, 4));
  const auto month = parse_number(text.substr(4, 2));
  const auto day = parse_number(text.substr(6, 2));
  const auto hour = parse_number(text.substr(9, 2));
  const auto minute = parse_number(text.substr(11, 2));
  const auto second = parse_number(text.substr(13, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return nearest_time(std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                      std::chrono::minutes(*minute) + std::chrono::seconds(*second));
}

std::optional<Authorization> parse_authorization(std::string_view header) {
  if (!header.starts_with(algorithm)) return std::nullopt;
  header.remove_prefix(algorithm.size());
  if (header.empty() || !is_blank(header.front())) return std::nullopt;
  Authorization out;
  for (const auto raw : split(header, ',')) {
    const auto part = trimmed(raw);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto name = part.substr(0, equals);
    const auto value = part.substr(equals + 1);
    if (name == "Credential") {
      if (!read_credential(value, out)) return std::nullopt;
    } else if (name == "SignedHeaders") {
      for (const auto signed_header : split(value, ';')) out.signed_headers.emplace_back(signed_header);
    } else if (name == "Signature") {
      out.signature = value;
    }
  }
  if (out.access_key_id.empty() || out.signed_headers.empty() || out.signature.empty()) return std::nullopt;
  return out;
}

}  // namespace lambdapool::sigv4
