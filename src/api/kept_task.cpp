#include "api/kept_task.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/write_all.hpp"
#include "lambdapool/errors.hpp"
#include "pool/batch.hpp"

namespace lambdapool::api {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int format = 1;
constexpr const char* ending = ".task";

// What is told of a failure; nullopt where nothing has run.
struct Failure {
  std::string type;
  std::string sentence;
};
std::optional<Failure> failure_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const LambdaPoolError& error) {
    if (!pool::may_have_run(error.kind())) return std::nullopt;
    const std::string kind(to_string(error.kind()));
    return Failure{kind, kind + ": " + error.std::runtime_error::what()};
  } catch (const RemoteError& error) {
    return Failure{error.type_name(), error.type_name() + ": " + error.remote_what()};
  } catch (const std::exception& error) {
    return Failure{"exception", error.what()};
  } catch (...) {
    return Failure{"exception", "an exception"};
  }
}

// A new file below the folder, whatever is there already.
Result<int> new_file(const fs::path& folder, std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '.') c = '_';
  for (int number = 1;; ++number) {
    const auto path = folder / (name + (number == 1 ? "" : "-" + std::to_string(number)) + ending);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) return file;
    if (errno != EEXIST) return fail(ErrorKind::io, path.string() + ": " + std::strerror(errno));
  }
}

Result<void> write_file(const std::string& folder, const std::string& name, const std::string& content) {
  std::error_code failed;
  if (fs::create_directories(folder, failed)) fs::permissions(folder, fs::perms::owner_all, failed);
  if (failed) return fail(ErrorKind::io, failed.message());
  const auto file = new_file(folder, name);
  if (!file) return tl::unexpected(file.error());
  Result<void> written;
  if (!write_all(*file, content)) written = fail(ErrorKind::io, std::strerror(errno));
  ::close(*file);
  return written;
}

}  // namespace

void Keeper::keep(const std::string& folder, std::string message, std::optional<std::size_t> item,
                  const std::exception_ptr& failure) {
  const auto told = failure_of(failure);
  if (!told) return;
  const auto shared = shared_in_(message);
  Result<void> written;
  if (shared) {
    std::error_code unknown;
    Json about{{"lambdapool", LAMBDAPOOL_VERSION},
               {"format", format},
               {"language", "cpp"},
               {"function", function_},
               {"item", nullptr},
               {"failure", told->sentence.substr(0, 1'000)},
               {"program", fs::read_symlink("/proc/self/exe", unknown).string()},
               {"peer", peer_},
               {"shared", Json::array()},
               {"bytes", {message.size()}}};
    if (item) about["item"] = *item;
    for (const SharedPart& part : *shared) {
      about["shared"].push_back(part.sha256);
      about["bytes"].push_back(part.bytes.size());
    }
    std::string content = about.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" + message;
    for (const SharedPart& part : *shared) content += part.bytes;
    written = write_file(folder, function_ + "-" + (item ? std::to_string(*item) : "task") + "-" + told->type,
                         content);
  } else {
    written = tl::unexpected(shared.error());
  }
  if (written) return;
  std::call_once(told_, [&] {
    std::cerr << "lambdapool: a failed task cannot be kept in " + folder + ": " + written.error().message +
                     "\n";
  });
}

Result<KeptTask> read_kept_task(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::io, "there is no file " + path + " that can be read");
  std::string line;
  std::getline(file, line);
  try {
    const Json about = Json::parse(line);
    if (about.at("language") != "cpp" || about.at("format") != format)
      return fail(ErrorKind::invalid_argument, path + " was kept by another lambdapool");
    KeptTask task{.function = about.at("function"), .failure = about.at("failure"), .peer = about.at("peer")};
    if (about.at("item").is_number_unsigned()) task.item = about["item"].get<std::size_t>();
    std::vector<std::string> parts;
    std::error_code unknown;
    const auto whole = fs::file_size(path, unknown);
    for (const std::size_t size : about.at("bytes").get<std::vector<std::size_t>>()) {
      if (size > whole) return fail(ErrorKind::invalid_argument, path + " ends before the task does");
      parts.emplace_back(size, '\0');
      file.read(parts.back().data(), static_cast<std::streamsize>(size));
      if (!file) return fail(ErrorKind::invalid_argument, path + " ends before the task does");
    }
    const auto shared = about.at("shared").get<std::vector<std::string>>();
    if (parts.size() != shared.size() + 1)
      return fail(ErrorKind::invalid_argument, path + " is no task that keep_failed has kept");
    task.message = std::move(parts.front());
    for (std::size_t i = 0; i < shared.size(); ++i)
      task.shared.push_back({shared[i], std::move(parts[i + 1])});
    return task;
  } catch (const Json::exception&) {
    return fail(ErrorKind::invalid_argument, path + " is no task that keep_failed has kept");
  }
}

}  // namespace lambdapool::api
