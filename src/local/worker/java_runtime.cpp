#include "local/worker/java_runtime.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <utility>

#include "local/worker/programs.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr const char* java_client = "aws-lambda-java-runtime-interface-client";
constexpr const char* main_class = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";

std::vector<fs::path> entries(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    found.push_back(entry->path());
  std::sort(found.begin(), found.end());
  return found;
}

// Numbers of "17.0.15" or "2.10.1-beta", to be compared.
std::vector<int> numbers(std::string_view text) {
  std::vector<int> all;
  while (!text.empty()) {
    int number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{}) all.push_back(number);
    text.remove_prefix(std::max<std::size_t>(1, static_cast<std::size_t>(stop - text.data())));
  }
  return all;
}

// "java8.al2" is 8.
std::string wanted_version(const FunctionVersion& function) {
  return function.runtime.substr(4, function.runtime.find('.') - 4);
}

// Of the Java that `program` belongs to, as the file beside its bin says: 8 and earlier are 1.8; "": unknown.
std::string version_of(const fs::path& program) {
  std::error_code error;
  auto home = fs::canonical(program, error).parent_path().parent_path();
  if (home.filename() == "jre") home = home.parent_path();
  std::ifstream release(home / "release");
  constexpr std::string_view name = "JAVA_VERSION=\"";
  for (std::string line; std::getline(release, line);) {
    if (!line.starts_with(name)) continue;
    const auto parts = numbers(line.substr(name.size()));
    if (parts.empty()) return "";
    return std::to_string(parts[0] == 1 && parts.size() > 1 ? parts[1] : parts[0]);
  }
  return "";
}

std::vector<fs::path> programs(const Environment& environment) {
  std::vector<fs::path> places;
  if (const auto home = environment.get("JAVA_HOME")) places.push_back(fs::path(*home) / "bin");
  for (auto& directory : search_path(environment)) places.push_back(std::move(directory));
  for (const auto& installed : entries("/usr/lib/jvm")) places.push_back(installed / "bin");
  std::vector<fs::path> found;
  for (const auto& place : places) {
    const auto program = place / "java";
    if (program.is_absolute() && is_program(program)) found.push_back(program);
  }
  return found;
}

tl::expected<fs::path, InvocationError> find_java(const FunctionVersion& function,
                                                  const Environment& environment) {
  const auto wanted = wanted_version(function);
  std::string seen;
  for (const auto& program : programs(environment)) {
    const auto version = version_of(program);
    if (version == wanted) return program;
    const auto shown = program.string() + (version.empty() ? "" : " is " + version);
    if (seen.find(shown) == std::string::npos) seen += (seen.empty() ? "" : ", ") + shown;
  }
  return tl::unexpected(
      InvocationError{"Runtime.InvalidRuntime", function.runtime + " runs by a Java " + wanted +
                                                    " of this machine, and there is none in JAVA_HOME or " +
                                                    "on the PATH of lambdapool, or in /usr/lib/jvm" +
                                                    (seen.empty() ? "" : " (" + seen + ")")});
}

bool has_client(const fs::path& directory) {
  const auto files = entries(directory);
  return std::any_of(files.begin(), files.end(), [](const fs::path& file) {
    return file.filename().string().starts_with(java_client) && file.extension() == ".jar";
  });
}

// The newest jar of an artifact in Maven's repository; "" where there is none.
fs::path newest_jar(const fs::path& repository, const fs::path& group, const std::string& artifact) {
  fs::path newest;
  for (const auto& version : entries(repository / group / artifact)) {
    const auto jar = version / (artifact + "-" + version.filename().string() + ".jar");
    if (!is_file(jar)) continue;
    if (newest.empty() ||
        numbers(newest.parent_path().filename().string()) <= numbers(version.filename().string()))
      newest = jar;
  }
  return newest;
}

// The client and what it is built on.
std::string class_path_of_maven(const fs::path& repository) {
  std::string jars;
  for (const auto& [group, artifact] : {std::pair("com/amazonaws", java_client),
                                        {"com/amazonaws", "aws-lambda-java-core"},
                                        {"com/amazonaws", "aws-lambda-java-serialization"},
                                        {"software/amazon/awssdk", "utils-lite"}}) {
    const auto jar = newest_jar(repository, group, artifact);
    if (jar.empty() && artifact == java_client) return "";
    if (!jar.empty()) jars += (jars.empty() ? "" : ":") + jar.string();
  }
  return jars;
}

// Where the client is; it finds the function's own classes by itself. "" where it is nowhere.
std::string class_path(const FunctionVersion& function, const fs::path& opt, const Environment& environment,
                       const WorkerSetting& setting) {
  auto packed = std::string(main_class);
  std::replace(packed.begin(), packed.end(), '.', '/');
  if (is_file(function.code / (packed + ".class")))
    return setting.task_root + ":" + setting.task_root + "/lib/*";
  if (has_client(function.code / "lib")) return setting.task_root + "/lib/*";
  if (!opt.empty() && has_client(opt / "java" / "lib")) return setting.opt + "/java/lib/*";
  return class_path_of_maven(environment.home_directory() / ".m2" / "repository");
}

}  // namespace

bool is_java(const FunctionVersion& function) { return function.runtime.starts_with("java"); }

tl::expected<std::vector<std::string>, InvocationError> java_command(const FunctionVersion& function,
                                                                     const fs::path& opt,
                                                                     const Environment& environment,
                                                                     const WorkerSetting& setting) {
  const auto java = find_java(function, environment);
  if (!java) return tl::unexpected(java.error());
  auto classes = class_path(function, opt, environment, setting);
  if (classes.empty())
    return tl::unexpected(
        InvocationError{"Runtime.InvalidRuntime",
                        function.runtime +
                            " runs by Lambda's runtime client for Java, which is neither in the function's "
                            "package nor in Maven's repository: install it with mvn dependency:get "
                            "-Dartifact=com.amazonaws:" +
                            java_client + ":RELEASE"});
  // The client looks for layers in /opt, which is elsewhere where nothing can be mounted there.
  if (setting.opt != "/opt") classes += ":" + setting.opt + "/java/lib/*";
  const auto heap_mb = function.memory_mb * 85 / 100;  // as on Lambda
  return std::vector<std::string>{java->string(), "-XX:+UseSerialGC",
                                  "-Xshare:auto", "-XX:MaxHeapSize=" + std::to_string(heap_mb) + "m",
                                  "-cp",          classes,
                                  main_class,     function.handler};
}

}  // namespace lambdapool::local
