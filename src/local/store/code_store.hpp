// Packages under the home: each zip kept once by its SHA-256, and unpacked once beside it.
//
//   zips/<sha256>.zip   code/<sha256>/   incoming/<uuid>/   (being unpacked; renamed into place when
//   complete)
//   imports/<sha256>/   (what workers know of its imports: worker/import_list.hpp)
//
// Both appear under their final name by rename only, so whoever sees the name sees the whole content, and two
// processes that store the same package at once cannot disturb each other.
//
// What no version and no layer refers to any more is collected. Running code must not vanish under a worker,
// so every live service holds home/services.lock shared, and only who gets it exclusively (no other service
// lives) collects, sparing what its own workers still run. Within a process, a Hold keeps the collector away
// between storing a package and committing the first reference to it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

class CodeStore {
 public:
  // Creates the folders and takes the shared lock. Error kind io.
  static Result<std::unique_ptr<CodeStore>> open(const std::filesystem::path& home);
  ~CodeStore();
  CodeStore(const CodeStore&) = delete;
  CodeStore& operator=(const CodeStore&) = delete;

  using Hold = std::shared_lock<std::shared_mutex>;
  [[nodiscard]] Hold hold() { return Hold(collecting_); }

  // Checks, keeps and unpacks. Refusals: AWS's texts for a bad or too large zip.
  OrRefusal<CodeReference> put(std::string_view zip);
  OrRefusal<CodeReference> put_object(std::string_view zip) { return store(zip); }  // which may be larger
  // The same for a package of the home's uploads (uploads.hpp), of which only the unzipped size is limited.
  OrRefusal<CodeReference> put_upload(const std::string& key);

  // Unpacks again, from the zip that was kept, what of a package is not there as it was deployed, by its
  // files' names and sizes. Error kind io when that zip is gone too.
  Result<void> ensure(const std::string& sha256);

  // What of a package is not there as it was deployed; nothing where all is. Only reads.
  struct Damage {
    std::string what;
    bool is_mended_by_use;  // the kept zip is whole
  };
  static std::optional<Damage> find_damage(const std::filesystem::path& home, const std::string& sha256);

  const std::filesystem::path& home() const { return home_; }
  std::filesystem::path directory(const std::string& sha256) const { return home_ / "code" / sha256; }
  std::filesystem::path zip(const std::string& sha256) const { return home_ / "zips" / (sha256 + ".zip"); }

  // `referenced` is asked once the lock is held; `spare` narrows what is left to what may go now. Does
  // nothing where another service lives on the same home or this process is just storing something.
  void collect(const std::function<std::set<std::string>()>& referenced,
               const std::function<std::set<std::string>(std::set<std::string>)>& spare);

  // In a forked child, which would hold the locks on when the parent has ended.
  void close_in_fork() const;

 private:
  explicit CodeStore(std::filesystem::path home) : home_(std::move(home)) {}
  OrRefusal<CodeReference> store(std::string_view zip);
  Result<void> keep_zip(std::string_view zip, const std::string& sha256);
  Result<void> unpack(std::string_view zip, const std::string& sha256);
  Result<void> repair(const std::filesystem::path& unpacked, std::string_view zip, const std::string& sha256);
  std::set<std::string> stored() const;
  void remove(const std::string& sha256);

  std::filesystem::path home_;
  int lock_ = -1;  // services.lock, held shared
  int collector_ =
      -1;  // collector.lock: one collector at a time may trade its shared lock for the exclusive one
  std::shared_mutex collecting_;
};

}  // namespace lambdapool::local
