#include "cli/terminal/transcript.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/quantity.hpp"
#include "core/utf8.hpp"
#include "package/leftover.hpp"

namespace lambdapool::cli {
namespace {

namespace fs = std::filesystem;

// An order without regard to leading underscores, as `ls` and `tree` have it.
std::string sort_key(const fs::path& path) {
  std::string name = path.filename().string();
  name.erase(0, std::min(name.find_first_not_of("_."), name.size()));
  return name;
}

// What create lists: each file given, and of each directory given the files and directories in it.
std::vector<std::string> copied_names(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    std::error_code ignored;
    std::vector<fs::path> inside;
    if (fs::is_directory(path, ignored)) {
      for (fs::directory_iterator it(path, ignored), end; !ignored && it != end; it.increment(ignored))
        if (!package::is_leftover(it->path())) inside.push_back(it->path());
      std::sort(inside.begin(), inside.end(),
                [](const auto& a, const auto& b) { return sort_key(a) < sort_key(b); });
    } else {
      inside.emplace_back(path);
    }
    for (const fs::path& entry : inside) {
      const std::string name = entry.filename().string();
      names.push_back(utf8::is_valid(name) ? name : utf8::escaped(name));
    }
  }
  return names;
}

}  // namespace

void Transcript::hear(const deploy::Event& event) {
  using Kind = deploy::Event::Kind;
  switch (event.kind) {
    case Kind::begun:
      return begun();
    case Kind::copying:
      return copying();
    case Kind::copying_path:
    case Kind::copying_note:
    case Kind::installing:
    case Kind::installing_package:
      return copying(event);
    case Kind::copied:
      copied();
      return activity_.reset();
    case Kind::uploading:
      say("=== Uploading function and dependencies ===");
      activity_.emplace("Uploading the function");
      return;
    case Kind::uploading_part:
      return uploading_part(event);
    case Kind::uploaded:
      activity_.reset();
      return say("=== Function " + event.text + " uploaded along with all dependencies ===");
    case Kind::unchanged_code:
      return say("=== Unchanged: the code of function " + event.text + " is not uploaded again ===");
    case Kind::changing:
      return say("Changing " + event.text + "...");
    case Kind::configuring:
      activity_.emplace("Configuring the function");
      return;
    case Kind::waiting:
      return waiting(event.text);
    case Kind::removing_unfinished:
      return say("An interrupted create left function " + event.text + " unfinished; it is made anew.");
    case Kind::removed_left_role:
      return say("There was no function " + name_ + "; its role " + event.text +
                 ", which an interrupted create had left, is removed.");
    case Kind::deleted_version:
      return say("=== Deleted layer " + name_.substr(0, name_.find(':')) + " version " + event.text + " ===");
    case Kind::note:
      return say(event.text);
    case Kind::warning:
      std::cerr << "Warning: " << event.text << "\n";
      return;
    case Kind::finishing:
      return interruption_.tell_of_finishing();
  }
}

void Transcript::begun() const {
  switch (verb_) {
    case Verb::create:
      if (paths_.empty())
        std::cerr << "Note: function " << name_
                  << " gets no code of its own, as no PATHS are given: it runs what its calls bring along.\n";
      return say("=== Creating lambdapool function ===");
    case Verb::update:
      return say("=== Updating lambdapool function ===");
    case Verb::remove:
      return say("=== Deleting lambdapool function ===");
    case Verb::publish_layer:
      return say("=== Publishing layer " + name_ + " ===");
    case Verb::delete_layer:
      return;
  }
}

void Transcript::copying() {
  activity_.emplace("Copying");
  if (verb_ == Verb::publish_layer) return;
  say(verb_ == Verb::create ? "=== Copying all specified files and directories ==="
                            : "== Copying all specified files and directories ===");
  if (verb_ == Verb::create)
    for (const std::string& name : copied_names(paths_)) say("Copying " + name + "...");
}

void Transcript::copying(const deploy::Event& event) {
  using Kind = deploy::Event::Kind;
  const bool is_path = event.kind == Kind::copying_path;
  const std::string line = is_path ? "Copying " + event.text + "..." : event.text;
  if (is_path && verb_ == Verb::create) return;  // which has listed more than that
  if (event.kind == Kind::installing) copied();
  say(line);
  if (activity_ && !(is_path && verb_ == Verb::update))
    activity_->now(line.substr(0, line.find_last_not_of('.') + 1));
}

void Transcript::copied() {
  if (verb_ != Verb::publish_layer && !told_of_copies_)
    say("=== Copied all specified files and directories ===");
  told_of_copies_ = true;
}

void Transcript::waiting(std::string said) {
  said.erase(said.find_last_not_of(".\n ") + 1);
  std::string label = said.empty() ? "Waiting for the service" : "Waiting for the service: " + said;
  if (activity_)
    activity_->now(std::move(label));
  else
    activity_.emplace(std::move(label));
}

void Transcript::uploading_part(const deploy::Event& event) {
  std::string label = "Uploading to bucket " + event.text;
  if (event.done > 0) label += ": " + readable_size(event.done) + " of " + readable_size(event.total);
  if (activity_)
    activity_->now(std::move(label));
  else
    activity_.emplace(std::move(label));
}

}  // namespace lambdapool::cli
