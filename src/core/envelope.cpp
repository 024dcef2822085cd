// Written and read by hand: a JSON library would copy a body of several megabytes more than once, in
// both directions, on every call.
#include "core/envelope.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "core/compression.hpp"
#include "core/encoding.hpp"
#include "core/json_scan.hpp"
#include "core/limits.hpp"

namespace lambdapool::envelope {

namespace {

constexpr std::string_view raw_encoding = "raw";
constexpr std::string_view raw_end = ",\"encoding\":\"raw\"}";  // of the object before the zero byte
constexpr std::size_t compress_from = 4096;
// What fits into Invoke uncompressed: three quarters of the payload, less the other members.
constexpr std::size_t fits_plainly = (limits::request_payload_bytes_max - 512) / 4 * 3;

std::string_view body_member(Direction direction) {
  return direction == Direction::task ? "task" : "outcome";
}

// The base64 of `first` followed by `second`: the seam is moved to a multiple of three bytes.
void append_base64(std::string& out, std::string_view first, std::string_view second) {
  const std::size_t whole = first.size() / 3 * 3;
  std::string seam(first.substr(whole));
  if (!seam.empty()) {
    const std::size_t missing = std::min(3 - seam.size(), second.size());
    seam.append(second.substr(0, missing));
    second.remove_prefix(missing);
  }
  base64_append(out, first.substr(0, whole));
  base64_append(out, seam);
  base64_append(out, second);
}

// The members that a reader knows, as the scan found them.
struct Members {
  std::optional<JsonValue> version, codec, peer, echo, timeout, architecture, encoding, buffers, body;
};

void remember(Members& members, std::string_view name, const JsonValue& value, std::string_view body) {
  if (name == "lambdapool") members.version = value;
  if (name == "codec") members.codec = value;
  if (name == "peer") members.peer = value;
  if (name == "echo") members.echo = value;
  if (name == "timeout") members.timeout = value;
  if (name == "architecture") members.architecture = value;
  if (name == "encoding") members.encoding = value;
  if (name == "buffers") members.buffers = value;
  if (name == body) members.body = value;
}

std::string beginning(std::string_view json) {
  constexpr std::size_t shown = 60;
  std::string out(json.substr(0, shown));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return json.size() > shown ? out + "..." : out;
}

class Decoder {
 public:
  Decoder(Direction direction, std::string_view payload, std::size_t max_body)
      : what_(body_member(direction)), json_(payload.substr(0, payload.find('\0'))), max_body_(max_body) {
    if (json_.size() < payload.size()) raw_ = payload.substr(json_.size() + 1);
  }

  // The raw body is the caller's to take: it stands behind so many bytes.
  std::size_t leave_raw() {
    takes_raw_ = false;
    return json_.size() + 1;
  }

  Result<Envelope> run() {
    auto found = members();
    if (!found) return tl::unexpected(std::move(found.error()));
    const Members& members = *found;
    Envelope out;
    if (auto good = read_echo(members, out.echo); !good) return tl::unexpected(std::move(good.error()));
    std::string encoding;
    for (const auto& [name, member, to] :
         {Text{"codec", &members.codec, &out.codec}, Text{"peer", &members.peer, &out.peer},
          Text{"encoding", &members.encoding, &encoding}}) {
      if (auto good = read_text(name, *member, *to); !good) return tl::unexpected(std::move(good.error()));
    }
    if (raw_ || encoding == raw_encoding) {
      if (auto good = read_raw(encoding, out.body); !good) return tl::unexpected(std::move(good.error()));
      if (members.buffers && what_ == body_member(Direction::outcome) &&
          !read_buffers(*members.buffers, out.buffers))
        return refuse("the member \"buffers\" has no sizes of what its body ends with");
      out.raw = true;
      return out;
    }
    if (encoding == "stored") {
      out.stored = true;
      if (auto good = read_text(what_.data(), members.body, out.body); !good)
        return tl::unexpected(std::move(good.error()));
      return out;
    }
    if (auto good = read_body(members.body, encoding, out.body); !good) {
      return tl::unexpected(std::move(good.error()));
    }
    return out;
  }

  Result<Told> check_echo(std::string_view expected) {
    auto found = members();
    if (!found) return tl::unexpected(std::move(found.error()));
    if (!found->echo) {
      return fail(
          ErrorKind::code_mismatch,
          "the function was deployed by an older lambdapool, whose answers do not say which call they "
          "belong to (they have no \"echo\")");
    }
    std::string echo;
    if (auto good = read_echo(*found, echo); !good) return tl::unexpected(std::move(good.error()));
    if (echo != expected) {
      return fail(ErrorKind::protocol,
                  "the answer belongs to another call (its \"echo\" is another one), so it was thrown away "
                  "and the connection closed");
    }
    return Told{timeout_of(*found), architecture_of(*found)};
  }

 private:
  struct Text {
    const char* name;
    const std::optional<JsonValue>* member;
    std::string* to;
  };

  tl::unexpected<Error> refuse(const std::string& why) const {
    return fail(ErrorKind::protocol, "this is not a lambdapool " + std::string(what_) + ": " + why);
  }

  Result<Members> members() const {
    Members members;
    const auto fault = scan_json_object(
        json_, [&](std::string_view name, const JsonValue& value) { remember(members, name, value, what_); });
    if (fault) return refuse(*fault + "; it begins with: " + beginning(json_));
    if (auto good = check_version(members); !good) return tl::unexpected(std::move(good.error()));
    return members;
  }

  // Nothing depends on these two but how long others are waited for and what a report says of the price, so
  // that what makes no sense is as if it were not there.
  static std::optional<std::chrono::seconds> timeout_of(const Members& members) {
    if (!members.timeout || members.timeout->type != JsonValue::Type::number) return std::nullopt;
    const std::string_view text = members.timeout->text;
    int seconds = 0;
    const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool good = status == std::errc() && stop == text.data() + text.size();
    if (!good || seconds < limits::timeout_s_min || seconds > limits::timeout_s_max) return std::nullopt;
    return std::chrono::seconds(seconds);
  }

  static std::optional<Architecture> architecture_of(const Members& members) {
    if (!members.architecture || members.architecture->type != JsonValue::Type::string) return std::nullopt;
    return architecture_named(members.architecture->text);
  }

  Result<void> read_echo(const Members& members, std::string& to) const {
    if (!members.echo) return {};
    if (auto good = read_text("echo", members.echo, to); !good) return good;
    if (to.size() > echo_size_max)
      return refuse("the member \"echo\" is longer than " + std::to_string(echo_size_max) + " bytes");
    return {};
  }

  Result<void> check_version(const Members& members) const {
    if (!members.version)
      return refuse("the member \"lambdapool\" is missing; it begins with: " + beginning(json_));
    if (members.version->type != JsonValue::Type::number) {
      return refuse("the member \"lambdapool\" is not a number");
    }
    if (members.version->text == std::to_string(version)) return {};
    return fail(
        ErrorKind::protocol,
        "this " + std::string(what_) + " speaks version " + std::string(members.version->text) +
            " of the lambdapool protocol and this side only version " + std::to_string(version) +
            "; use the same lambdapool release on both sides (`lambdapool update` replaces the function's)");
  }

  Result<void> read_text(const char* name, const std::optional<JsonValue>& member, std::string& to) const {
    if (!member) return refuse("the member \"" + std::string(name) + "\" is missing");
    if (member->type != JsonValue::Type::string) {
      return refuse("the member \"" + std::string(name) + "\" is not a string");
    }
    if (!member->escaped) {
      to = member->text;
      return {};
    }
    auto plain = unescape_json(member->text);
    if (!plain) return refuse("the member \"" + std::string(name) + "\" has a malformed escape");
    to = std::move(*plain);
    return {};
  }

  Result<void> read_raw(const std::string& encoding, std::string& to) const {
    if (!raw_ || encoding != raw_encoding)
      return refuse("bytes after the object and the encoding \"raw\" go together");
    if (raw_->size() > max_body_)
      return refuse("its body is larger than " + std::to_string(max_body_) + " bytes");
    if (takes_raw_) to = *raw_;
    return {};
  }

  // Of a list of whole numbers, which are no more than the body together.
  bool read_buffers(const JsonValue& member, std::vector<std::uint64_t>& to) const {
    std::string_view text = member.text;
    if (member.type != JsonValue::Type::array || text.size() < 2) return false;
    text = text.substr(1, text.size() - 2);
    std::uint64_t left = raw_->size();
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(','), text.size());
      auto number = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      while (number.starts_with(' ')) number.remove_prefix(1);
      std::uint64_t size = 0;
      const auto [stop, status] = std::from_chars(number.data(), number.data() + number.size(), size);
      if (status != std::errc() || stop != number.data() + number.size() || size > left) return false;
      left -= size;
      to.push_back(size);
    }
    return true;
  }

  Result<void> read_body(const std::optional<JsonValue>& member, const std::string& encoding,
                         std::string& to) const {
    const bool compressed = encoding == "zlib+base64";
    if (!compressed && encoding != "base64") {
      return refuse("the encoding \"" + encoding + "\" is neither \"base64\" nor \"zlib+base64\"");
    }
    std::string unescaped;
    std::string_view text;
    if (member && member->type == JsonValue::Type::string && !member->escaped) {
      text = member->text;
    } else {
      if (auto good = read_text(what_.data(), member, unescaped); !good) return good;
      text = unescaped;
    }
    auto bytes = base64_decode(text);
    if (!bytes) return refuse("the member \"" + std::string(what_) + "\" is not base64");
    if (!compressed) {
      to = std::move(*bytes);
      return {};
    }
    auto plain = inflate(*bytes, max_body_);
    if (plain) {
      to = std::move(*plain);
      return {};
    }
    if (plain.error() == InflateFailure::malformed) return refuse("its body is not one complete zlib stream");
    return refuse("its body is larger than " + std::to_string(max_body_) + " bytes once decompressed");
  }

  std::string_view what_;
  std::string_view json_;
  std::optional<std::string_view> raw_ = {};  // what follows a zero byte
  bool takes_raw_ = true;
  std::size_t max_body_;
};

}  // namespace

namespace {

std::size_t size_of(const Label& label) {  // at least
  return 128 + label.codec.size() + label.peer.size() + label.echo.size() + label.code.size() +
         label.members.size();
}

void append_members(std::string& out, const Label& label) {
  out.append("{\"lambdapool\":").append(std::to_string(version)).append(",\"codec\":");
  append_json_string(out, label.codec);
  out.append(",\"peer\":");
  append_json_string(out, label.peer);
  if (!label.echo.empty()) {
    out.append(",\"echo\":");
    append_json_string(out, label.echo);
  }
  if (label.timeout.count() > 0) out.append(",\"timeout\":").append(std::to_string(label.timeout.count()));
  if (!label.code.empty()) {
    out.append(",\"code\":");
    append_json_string(out, label.code);
  }
  if (!label.members.empty()) out.append(",").append(label.members);
}

}  // namespace

std::string encode_raw(const Label& label, std::string_view body, std::string_view extra) {
  std::string out;
  out.reserve(size_of(label) + body.size() + extra.size());
  append_members(out, label);
  out.append(raw_end).push_back('\0');
  return out.append(body).append(extra);
}

Result<std::string> raw_as_json(Direction direction, std::string_view raw) {
  const auto zero = raw.find('\0');
  std::string_view object = raw.substr(0, zero);
  if (zero == std::string_view::npos || !object.ends_with(raw_end))
    return fail(ErrorKind::protocol, "this is not a raw envelope of lambdapool");
  object.remove_suffix(raw_end.size());
  const std::string_view body = raw.substr(zero + 1);
  std::string out;
  out.reserve(object.size() + body.size() / 3 * 4 + 64);
  out.append(object).append(",\"encoding\":\"base64\",\"").append(body_member(direction)).append("\":\"");
  base64_append(out, body);
  return out.append("\"}");
}

std::string encode(Direction direction, const Label& label, std::string_view body, std::string_view extra) {
  return *encode_within(std::numeric_limits<std::size_t>::max(), direction, label, body, extra);
}

std::optional<std::string> encode_within(std::size_t most, Direction direction, const Label& label,
                                         std::string_view body, std::string_view extra) {
  std::optional<std::string> compressed;
  if (body.size() + extra.size() >= compress_from)
    compressed = compress_if_it_pays(body, extra, fits_plainly);
  const std::size_t size = compressed ? compressed->size() : body.size() + extra.size();

  if (size / 3 * 4 > most) return std::nullopt;
  std::string out;
  out.reserve(size / 3 * 4 + size_of(label));
  append_members(out, label);
  out.append(compressed ? ",\"encoding\":\"zlib+base64\",\"" : ",\"encoding\":\"base64\",\"");
  out.append(body_member(direction)).append("\":\"");
  if (compressed) {
    base64_append(out, *compressed);
  } else {
    append_base64(out, body, extra);
  }
  out.append("\"}");
  if (out.size() > most) return std::nullopt;
  return out;
}

Result<Envelope> decode(Direction direction, std::string_view payload, std::size_t max_body) {
  return Decoder(direction, payload, max_body).run();
}

Result<Envelope> decode_taken(Direction direction, std::string payload) {
  Decoder decoder(direction, payload, max_body_bytes);
  const std::size_t head = decoder.leave_raw();
  auto decoded = decoder.run();
  if (!decoded || !decoded->raw) return decoded;
  payload.erase(0, head);
  decoded->body = std::move(payload);
  return decoded;
}

Result<Told> check_echo(std::string_view payload, std::string_view echo) {
  return Decoder(Direction::outcome, payload, max_body_bytes).check_echo(echo);
}

}  // namespace lambdapool::envelope
