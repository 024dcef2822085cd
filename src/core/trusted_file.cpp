#include "core/trusted_file.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/whole_number.hpp"

namespace lambdapool {
namespace {

namespace fs = std::filesystem;

constexpr gid_t root_group = 0;

// getpwent and getgrgid have one state and one answer for the whole process.
std::mutex& accounts_lock() {
  static std::mutex lock;
  return lock;
}

struct User {
  std::string name;
  gid_t group;
};

std::optional<User> user_of(uid_t id) {
  const passwd* found = ::getpwuid(id);
  if (found == nullptr) return std::nullopt;
  return User{found->pw_name, found->pw_gid};
}

struct Group {
  std::string name;
  std::vector<std::string> members;
};

std::optional<Group> group_of(gid_t id) {
  const group* found = ::getgrgid(id);
  if (found == nullptr) return std::nullopt;
  Group group{found->gr_name, {}};
  for (char** member = found->gr_mem; member != nullptr && *member != nullptr; ++member)
    group.members.emplace_back(*member);
  return group;
}

// Whose own group it is by the database of users.
std::vector<uid_t> users_with(gid_t group) {
  std::vector<uid_t> users;
  ::setpwent();
  while (const passwd* user = ::getpwent())
    if (user->pw_gid == group) users.push_back(user->pw_uid);
  ::endpwent();
  return users;
}

class Judge {
 public:
  Judge(const fs::path& file, const Environment& environment, std::optional<uid_t> trusted) : file_(file) {
    users_ = {::geteuid(), 0};
    if (trusted) users_.push_back(*trusted);
    if (::geteuid() != 0) return;
    const auto caller = whole_number(environment.get("SUDO_UID").value_or(""));
    if (caller && *caller < std::numeric_limits<uid_t>::max()) users_.push_back(static_cast<uid_t>(*caller));
  }

  Result<void> judge() const {
    fs::path at = file_;
    for (int links = 0; links < links_max; ++links) {
      struct stat status {};
      if (::lstat(at.c_str(), &status) != 0) return {};  // gone meanwhile: who opens it says so
      if (auto good = judge_directory(at); !good) return good;
      if (auto good = judge_owner(at, status.st_uid, ""); !good) return good;
      if (!S_ISLNK(status.st_mode)) return judge_modes(at, status, "");
      std::error_code error;
      const auto target = fs::read_symlink(at, error);
      if (error) return {};
      at = at.parent_path() / target;
    }
    return {};  // it leads nowhere
  }

 private:
  static constexpr int links_max = 40;  // as Linux has it

  Result<void> judge_directory(const fs::path& of) const {
    fs::path directory = of.parent_path();
    if (directory.empty()) directory = ".";
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) return {};
    if (auto good = judge_owner(directory, status.st_uid, "its directory "); !good) return good;
    if ((status.st_mode & S_ISVTX) != 0) return {};  // there nobody replaces another's file
    return judge_modes(directory, status, "its directory ");
  }

  Result<void> judge_owner(const fs::path& path, uid_t owner, const char* what) const {
    if (trusts(owner)) return {};
    const std::scoped_lock locked(accounts_lock());
    const auto user = user_of(owner);
    return refuse(
        called(path, what) + " belongs to " + (user ? user->name : "user " + std::to_string(owner)) +
            ", not to you or root",
        "if you trust what it says, take it over with 'chown', else move it away or work elsewhere");
  }

  Result<void> judge_modes(const fs::path& path, const struct stat& status, const char* what) const {
    const auto can_write = [&](const std::string& who, const char* change) {
      char mode[8];
      std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777U));
      return refuse(who + " can write to " + called(path, what) + " (mode " + mode + ")",
                    std::string("see that it says what you want, then run 'chmod ") + change + " " +
                        path.string() + "'");
    };
    if ((status.st_mode & S_IWOTH) != 0) return can_write("everybody", "go-w");
    if ((status.st_mode & S_IWGRP) == 0) return {};
    const std::scoped_lock locked(accounts_lock());
    const auto group = group_of(status.st_gid);
    if (is_private(status.st_gid, group)) return {};
    return can_write("the group " + (group ? group->name : std::to_string(status.st_gid)), "g-w");
  }

  std::string called(const fs::path& path, const std::string& what) const {
    if (!what.empty()) return what + path.string();
    return path == file_ ? "it" : path.string() + ", to which it leads,";
  }

  bool trusts(uid_t user) const { return std::find(users_.begin(), users_.end(), user) != users_.end(); }

  // The own group of a user who is trusted, in which nobody else is, as far as can be seen. Where the
  // database does not list its users (LDAP, mostly), a group of the user's name is taken for that.
  bool is_private(gid_t id, const std::optional<Group>& group) const {
    if (id == root_group) return true;
    std::vector<std::string> names;
    bool is_own = false;
    for (const uid_t trusted : users_) {
      const auto user = user_of(trusted);
      if (user) names.push_back(user->name);
      is_own |= user ? user->group == id && (!group || group->name == user->name) : trusted == id && !group;
    }
    const auto others = users_with(id);
    is_own |= !others.empty();
    return is_own && std::all_of(others.begin(), others.end(), [&](uid_t user) { return trusts(user); }) &&
           (!group ||
            std::all_of(group->members.begin(), group->members.end(), [&](const std::string& member) {
              return std::find(names.begin(), names.end(), member) != names.end();
            }));
  }

  tl::unexpected<Error> refuse(const std::string& why, const std::string& way_out) const {
    return fail(ErrorKind::invalid_argument,
                file_.string() + " is not obeyed: " + why + "; " + way_out + ".");
  }

  const fs::path& file_;
  std::vector<uid_t> users_;
};

}  // namespace

Result<void> check_trusted(const fs::path& file, const Environment& environment,
                           std::optional<uid_t> trusted) {
  return Judge(file, environment, trusted).judge();
}

Result<std::optional<fs::path>> find_trusted_above(const fs::path& from, const std::string& name,
                                                   const Environment& environment) {
  std::error_code ignored;
  for (fs::path directory = from;; directory = directory.parent_path()) {
    const auto file = directory / name;
    if (fs::is_regular_file(file, ignored)) {
      if (auto good = check_trusted(file, environment); !good) return tl::unexpected(good.error());
      return std::optional(file);
    }
    if (directory == directory.parent_path()) return std::optional<fs::path>{};
  }
}

}  // namespace lambdapool
