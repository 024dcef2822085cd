// The templates of one fork server, one for each function that has packages, and what they are made of.
//
// A package list that nobody has seen yet is told by the first worker: it goes ahead, and those that are
// wanted meanwhile wait for the template that is then made.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "local/worker/python_template.hpp"

namespace lambdapool::local {

class PythonTemplates {
 public:
  explicit PythonTemplates(TemplateHost host);
  ~PythonTemplates();

  // Whether it sees to this worker. Else it is to be started without a template.
  bool take(PythonStart& start);

  // A worker has imported these, one a line.
  void learn(const std::filesystem::path& imports, std::string_view names);

  // Those whose key begins so end with their last workers.
  void retire(std::string_view key);

  void lose(const std::string& why);  // with the fork server

 private:
  struct Scouted {
    std::vector<PythonStart> waiting;
    std::unique_ptr<http::EventLoop::Timer> patience;
  };
  struct Entry {
    std::unique_ptr<PythonTemplate> process;
    int made = 0;
  };

  ImportList& list_of(const std::filesystem::path& imports);
  bool follow_scout(PythonStart& start);
  void end_scouting(const std::filesystem::path& imports);
  bool is_outdated(const Entry& entry, const ImportList& list) const;
  bool make_room();
  void put_away(Entry& entry);
  void sweep();

  TemplateHost host_;
  std::map<std::filesystem::path, ImportList> lists_;
  std::map<std::filesystem::path, Scouted> scouted_;
  std::map<std::string, Entry> templates_;
  std::vector<std::unique_ptr<PythonTemplate>> retired_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lambdapool::local
