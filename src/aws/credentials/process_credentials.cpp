#include "aws/credentials/process_credentials.hpp"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "aws/json_answer.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::aws {

namespace {

class Splitter {
 public:
  explicit Splitter(std::string_view text) : rest_(text) {}

  Result<std::vector<std::string>> split() {
    while (!rest_.empty()) {
      const char c = take();
      if (std::string_view(" \t\r\n").find(c) != std::string_view::npos) {
        end_word();
      } else if (c == '\'' || c == '"') {
        if (!quoted(c)) return fail(ErrorKind::credentials, "has a quotation mark without its partner");
      } else if (c == '\\') {
        if (rest_.empty()) return fail(ErrorKind::credentials, "ends with a backslash");
        add(take());
      } else {
        add(c);
      }
    }
    end_word();
    if (words_.empty()) return fail(ErrorKind::credentials, "is empty");
    return std::move(words_);
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void add(char c) {
    in_word_ = true;
    word_ += c;
  }
  bool quoted(char mark) {
    in_word_ = true;
    while (!rest_.empty()) {
      const char c = take();
      if (c == mark) return true;
      const bool escapes =
          mark == '"' && c == '\\' && !rest_.empty() && (rest_.front() == '"' || rest_.front() == '\\');
      word_ += escapes ? take() : c;
    }
    return false;
  }
  void end_word() {
    if (in_word_) words_.push_back(std::exchange(word_, {}));
    in_word_ = false;
  }

  std::string_view rest_;
  std::string word_;
  bool in_word_ = false;
  std::vector<std::string> words_;
};

}  // namespace

Result<std::vector<std::string>> split_command(const std::string& command) {
  return Splitter(command).split();
}

Result<Credentials> parse_process_output(const std::string& output) {
  const auto answer = nlohmann::json::parse(output, nullptr, false);
  if (!answer.is_object()) return fail(ErrorKind::credentials, "printed something that is not a JSON object");
  const auto& version = member(answer, "Version");
  if (!version.is_number() || version != 1) return fail(ErrorKind::credentials, "printed no \"Version\": 1");
  Credentials out;
  out.identity = {text(answer, "AccessKeyId"), text(answer, "SecretAccessKey"), text(answer, "SessionToken")};
  if (out.identity.access_key_id.empty() || out.identity.secret_access_key.empty())
    return fail(ErrorKind::credentials, "printed no AccessKeyId or no SecretAccessKey");
  const auto expires = text(answer, "Expiration");
  if (expires.empty()) return out;
  out.expires = parse_timestamp(expires);
  if (!out.expires)
    return fail(ErrorKind::credentials, "printed the Expiration \"" + expires + "\", which is no time");
  return out;
}

}  // namespace lambdapool::aws
