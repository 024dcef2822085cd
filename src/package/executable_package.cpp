#include "package/executable_package.hpp"

#include <elf.h>

#include <iterator>
#include <utility>

#include "embedded/launcher_aarch64.hpp"
#include "embedded/launcher_x86_64.hpp"
#include "package/library_search.hpp"
#include "package/likely_secret.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_field_bytes = 256;  // in launcher.c

// Libraries that glibc opens by name when they are needed, which no executable lists: for ending threads and
// printing backtraces, and (before glibc 2.34) for looking up hosts and users.
constexpr const char* opened_by_glibc[] = {"libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2"};

tl::unexpected<Error> refuse(const std::string& why) { return fail(ErrorKind::invalid_argument, why); }

Result<void> check_runnable(const std::string& path, const ElfFile& elf) {
  if (elf.kind == ElfFile::Kind::shared_library)
    return refuse(path + " is a shared library, not an executable; give the executable that uses it.");
  if (elf.kind != ElfFile::Kind::executable)
    return refuse(path + " is an ELF file but not an executable (an object file or a core dump?).");
  if (!elf.is_64_bit || (elf.machine != EM_X86_64 && elf.machine != EM_AARCH64))
    return refuse(path + " is built for " + machine_name(elf) + "; Lambda runs x86_64 and arm64.");
  if (!elf.has_lambdapool)
    return refuse(
        path +
        " is not built with lambdapool, or never calls lambdapool::init, so it could not serve: link "
        "it with lambdapool::lambdapool and call lambdapool::init(argc, argv) first thing in its main.");
  if (elf.build_id.empty())
    return refuse(path +
                  " has no build-id, by which client and function know that they are the same program; "
                  "link it with -Wl,--build-id.");
  const std::string loader = fs::path(elf.interpreter).filename().string();
  if (!loader.empty() && loader.rfind("ld-linux", 0) != 0)
    return refuse(path + " is linked for the loader " + elf.interpreter +
                  ", not for glibc; link it statically.");
  return {};
}

bool write_name(std::string& launcher, const std::string& field, const std::string& name) {
  const std::size_t at = launcher.find(field);
  if (at == std::string::npos || name.size() >= name_field_bytes) return false;
  launcher.replace(at, field.size(), field.size(), '\0');
  launcher.replace(at, name.size(), name);
  return true;
}

Result<std::string> launcher_for(const ElfFile& elf, const std::string& loader, const std::string& program) {
  std::string launcher(elf.machine == EM_AARCH64 ? embedded::launcher_aarch64()
                                                 : embedded::launcher_x86_64());
  if (launcher.empty())
    return refuse("This lambdapool was built without the launcher for dynamic executables of " +
                  machine_name(elf) + "; package it on such a machine, or link it with -static-pie.");
  if (!write_name(launcher, "@lambdapool loader@", loader) ||
      !write_name(launcher, "@lambdapool program@", program))
    return refuse("The name " + program + " is too long for an executable in a function.");
  return launcher;
}

Result<std::vector<ZipEntry>> dynamic_entries(const ExecutablePackageRequest& request, const ElfFile& elf) {
  LibrarySearch search(elf.machine, request.environment);
  auto libraries = search.closure(request.executable);
  if (!libraries) return tl::unexpected(std::move(libraries.error()));
  for (const char* name : opened_by_glibc)
    if (auto added = search.add_if_present(name, *libraries); !added)
      return tl::unexpected(std::move(added.error()));

  const std::string loader = fs::path(elf.interpreter).filename().string();
  // The path it names, if that is for the same machine: under a cross compiler it may be somewhere else.
  const auto there = is_elf(elf.interpreter) ? read_elf(elf.interpreter) : ElfFile{};
  const auto loader_file =
      there && there->machine == elf.machine ? std::optional<fs::path>(elf.interpreter) : search.find(loader);
  if (!loader_file)
    return refuse("The loader " + elf.interpreter + ", which " + request.executable.string() +
                  " needs, was not found; install it, or name its directory in LD_LIBRARY_PATH.");
  std::error_code error;
  const std::string program = fs::canonical(request.executable, error).filename().string();
  auto launcher = launcher_for(elf, loader, program);
  if (!launcher) return tl::unexpected(std::move(launcher.error()));

  for (const fs::path& path : request.beside)
    if (is_elf(path)) {
      auto needed = search.closure(path);
      if (!needed) return tl::unexpected(std::move(needed.error()));
      libraries->insert(needed->begin(), needed->end());
    }
  for (const fs::path& path : request.beside) libraries->erase(path.filename().string());  // it is at the top

  std::vector<ZipEntry> entries = {{"bootstrap", true, std::move(*launcher)},
                                   {"bin/" + program, true, request.executable},
                                   {"lib/" + loader, true, *loader_file}};
  for (const auto& [name, path] : *libraries) entries.push_back({"lib/" + name, true, path});
  return entries;
}

}  // namespace

Result<Package> build_executable_package(const ExecutablePackageRequest& request) {
  const std::string path = request.executable.string();
  std::error_code error;
  if (!fs::exists(request.executable, error)) return refuse("There is no file " + path + ".");
  if (!request.elf && !is_elf(request.executable))
    return refuse(path + " is not an ELF executable (a script or a directory?).");
  const auto elf = request.elf ? Result<ElfFile>(*request.elf) : read_elf(request.executable);
  if (!elf) return tl::unexpected(elf.error());
  if (auto checked = check_runnable(path, *elf); !checked) return tl::unexpected(std::move(checked.error()));
  if (request.progress) request.progress({Step::Kind::copying, request.executable.filename().string()});
  Result<std::vector<ZipEntry>> entries = elf->interpreter.empty()
                                              ? std::vector<ZipEntry>{{"bootstrap", true, request.executable}}
                                              : dynamic_entries(request, *elf);
  if (!entries) return tl::unexpected(std::move(entries.error()));
  auto beside = copy_paths(request.beside, request.progress);
  if (!beside) return tl::unexpected(std::move(beside.error()));
  if (auto harmless = refuse_secrets(*beside, allowed_names(request.beside, request.allowed_secrets));
      !harmless)
    return tl::unexpected(std::move(harmless.error()));
  std::move(beside->begin(), beside->end(), std::back_inserter(*entries));
  auto package = make_package(std::move(*entries), request.give_up);
  if (!package) return package;
  package->runtime = "provided.al2023";
  package->handler = "lambdapool";
  package->architecture = machine_name(*elf);
  package->codec = "cpp";
  return package;
}

}  // namespace lambdapool::package
