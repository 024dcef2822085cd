#include "local/worker/import_list.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>

#include "core/encoding.hpp"
#include "local/store/home.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t names_max = 10'000;
constexpr std::size_t name_bytes_max = 255;
constexpr const char* modules_name = "modules";
constexpr const char* unfit_name = "unfit";        // why
constexpr const char* left_out_name = "left-out";  // which modules, and why
constexpr int left_out_max = 8;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool is_module_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) { return c <= ' '; });
}

}  // namespace

fs::path ImportList::file() const { return directory_ / modules_name; }

fs::path ImportList::place(const fs::path& imports, const FunctionVersion& function) {
  std::string name = function.runtime;
  std::string layers;
  for (const auto& layer : function.layers) layers += layer.filename().string() + "\n";
  if (!layers.empty()) name += "-" + sha256_hex(layers).substr(0, 16);
  return imports / function.code.filename() / name;
}

ImportList::ImportList(fs::path directory) : directory_(std::move(directory)) {
  take(read_text(file()));
  std::error_code error;
  unfit_ = fs::exists(directory_ / unfit_name, error);
}

bool ImportList::take(std::string_view names) {
  const auto before = names_.size();
  while (!names.empty()) {
    const auto name = names.substr(0, names.find('\n'));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    if (is_module_name(name) && names_.size() < names_max && known_.emplace(name).second)
      names_.emplace_back(name);
  }
  return names_.size() > before;
}

void ImportList::add(std::string_view names) {
  if (!take(names)) return;
  ++additions_;
  std::string text;
  for (const auto& name : names_) text += name + "\n";
  write(modules_name, text);
  std::error_code ignored;
  fs::remove(directory_ / unfit_name, ignored);
  unfit_ = false;
}

void ImportList::note_unfit(const std::string& module, const std::string& why) {
  if (is_module_name(module)) {
    add("-" + module);
    std::ofstream(directory_ / left_out_name, std::ios::app) << module << ": " << why << "\n";
  } else {
    unfit_ = true;
    write(unfit_name, why + "\n");
  }
}

bool ImportList::unfit() const {
  const auto left_out =
      std::count_if(names_.begin(), names_.end(), [](const auto& name) { return name.front() == '-'; });
  return unfit_ || left_out > left_out_max;
}

// Whole or not at all. Where it cannot be written, workers start as they do without a template.
void ImportList::write(const char* name, std::string_view text) const {
  if (make_private_directories(directory_)) return;
  const fs::path fresh = directory_ / random_uuid();
  std::ofstream(fresh, std::ios::binary) << text;
  std::error_code error;
  if (fs::file_size(fresh, error) == text.size() && !error) fs::rename(fresh, directory_ / name, error);
  if (error) fs::remove(fresh, error);
}

}  // namespace lambdapool::local
