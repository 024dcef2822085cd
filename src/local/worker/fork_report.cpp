#include "local/worker/fork_report.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace lambdapool::local {
namespace {

using nlohmann::json;

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

template <class Number>
Number number(const json& object, const char* name, Number otherwise) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return otherwise;
  if (found->is_number_unsigned()) {
    const auto value = found->get<std::uint64_t>();
    return std::in_range<Number>(value) ? static_cast<Number>(value) : otherwise;
  }
  const auto value = found->get<std::int64_t>();
  return std::in_range<Number>(value) ? static_cast<Number>(value) : otherwise;
}

std::optional<ForkReport::Kind> kind_of(std::string_view name) {
  using Kind = ForkReport::Kind;
  if (name == "ready") return Kind::ready;
  if (name == "unfit") return Kind::unfit;
  if (name == "started") return Kind::started;
  if (name == "failed") return Kind::failed;
  if (name == "exited") return Kind::exited;
  return std::nullopt;
}

}  // namespace

std::optional<ForkReport> read_fork_report(std::string_view packet) {
  const json message = json::parse(packet, nullptr, false);
  if (!message.is_object()) return std::nullopt;
  const auto kind = kind_of(text(message, "kind"));
  if (!kind) return std::nullopt;
  ForkReport report;
  report.kind = *kind;
  report.id = number(message, "id", report.id);
  report.executable = text(message, "executable");
  const auto mounts = message.find("mounts");
  report.mounts = mounts != message.end() && *mounts == true;
  report.pid = number(message, "pid", report.pid);
  // Signals are sent to it, and those to 0 and -1 reach everybody.
  if (report.kind == ForkReport::Kind::started && report.pid <= 1) return std::nullopt;
  report.reason = text(message, "reason");
  report.module = text(message, "module");
  report.status = number(message, "status", report.status);
  report.peak_kb = number(message, "peak_kb", report.peak_kb);
  return report;
}

}  // namespace lambdapool::local
