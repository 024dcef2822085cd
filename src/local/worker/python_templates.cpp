#include "local/worker/python_templates.hpp"

#include <algorithm>
#include <utility>

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t templates_max = 16;
constexpr int made_max = 10;  // in the place of one, because its workers go on importing

}  // namespace

PythonTemplates::PythonTemplates(TemplateHost host) : host_(std::move(host)) {}
PythonTemplates::~PythonTemplates() = default;

ImportList& PythonTemplates::list_of(const fs::path& imports) {
  return lists_.try_emplace(imports, imports).first->second;
}

bool PythonTemplates::take(PythonStart& start) {
  if (start.template_key.empty()) return false;
  ImportList& list = list_of(start.imports);
  if (list.empty()) return follow_scout(start);
  if (list.unfit()) return false;
  const auto found = templates_.find(start.template_key);
  if (found == templates_.end() && !make_room()) return false;
  Entry& entry = found != templates_.end() ? found->second : templates_[start.template_key];
  if (entry.process && is_outdated(entry, list)) put_away(entry);
  if (!entry.process) {
    ++entry.made;
    entry.process = std::make_unique<PythonTemplate>(host_, list, start, [this] { sweep(); });
  }
  if (entry.process->state() == PythonTemplate::State::unfit) return false;
  entry.process->take(std::move(start));
  return true;
}

bool PythonTemplates::is_outdated(const Entry& entry, const ImportList& list) const {
  if (entry.process->state() == PythonTemplate::State::gone) return true;
  return list.additions() > entry.process->additions() && entry.made < made_max;
}

// Until it is gone, which may be in the middle of one of its calls.
void PythonTemplates::put_away(Entry& entry) {
  entry.process->retire();
  retired_.push_back(std::move(entry.process));
}

// At the limit, one that has no workers makes room.
bool PythonTemplates::make_room() {
  if (templates_.size() < templates_max) return true;
  const auto unused = std::find_if(templates_.begin(), templates_.end(),
                                   [](const auto& entry) { return !entry.second.process->in_use(); });
  if (unused == templates_.end()) return false;
  put_away(unused->second);
  templates_.erase(unused);
  return true;
}

bool PythonTemplates::follow_scout(PythonStart& start) {
  const auto found = scouted_.find(start.imports);
  if (found != scouted_.end()) {
    found->second.waiting.push_back(std::move(start));
    return true;
  }
  const auto after = [this, alive = std::weak_ptr<bool>(alive_), imports = start.imports](auto event) {
    return [=, this](auto&&... arguments) {
      event(std::forward<decltype(arguments)>(arguments)...);
      if (!alive.expired()) end_scouting(imports);
    };
  };
  start.events.failed = after(start.events.failed);
  start.events.exited = after(start.events.exited);
  start.events.lost = after(start.events.lost);
  scouted_[start.imports].patience =
      host_.loop.call_after(host_.init_limit, [this, imports = start.imports] { end_scouting(imports); });
  return false;
}

// Whether it has told what it imports or not.
void PythonTemplates::end_scouting(const fs::path& imports) {
  auto node = scouted_.extract(imports);
  if (node.empty()) return;
  for (auto& start : node.mapped().waiting) {
    if (list_of(imports).empty() || !take(start)) host_.start_without(std::move(start));
  }
}

void PythonTemplates::learn(const fs::path& imports, std::string_view names) {
  list_of(imports).add(names);
  end_scouting(imports);
}

void PythonTemplates::retire(std::string_view key) {
  for (auto entry = templates_.begin(); entry != templates_.end();) {
    if (!std::string_view(entry->first).starts_with(key)) {
      ++entry;
      continue;
    }
    put_away(entry->second);
    entry = templates_.erase(entry);
  }
}

void PythonTemplates::lose(const std::string& why) {
  for (auto& [imports, scouted] : std::exchange(scouted_, {})) {
    for (const auto& start : scouted.waiting) start.events.lost(why);
  }
  for (auto& [key, entry] : templates_) entry.process->lose(why);
  for (auto& process : retired_) process->lose(why);
}

void PythonTemplates::sweep() {
  const auto is_gone = [](const auto& process) { return process->state() == PythonTemplate::State::gone; };
  std::erase_if(templates_, [&](const auto& entry) { return is_gone(entry.second.process); });
  std::erase_if(retired_, is_gone);
}

}  // namespace lambdapool::local
