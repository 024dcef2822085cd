#include "package/executable_package.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "package/library_search.hpp"
#include "package/testing_dir.hpp"

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A program with what the C++ runtime leaves in an executable. It says who it is as the runtime sees it: the
// main program must come first among the loaded objects, with its own build-id.
constexpr const char* program_source = R"(
#include <link.h>
#include <cstdio>
#include <cstring>
#include <cstdlib>
#include <stdexcept>
#include <thread>
extern "C" int answer();
__attribute__((section(".lambdapool"), used)) static const char marker[] = "lambdapool runtime 1";
static int first(dl_phdr_info* info, size_t, void*) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const char* at = reinterpret_cast<const char*>(info->dlpi_addr + header.p_vaddr);
    const char* end = at + header.p_memsz;
    while (at + 12 <= end) {
      const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(at);
      const auto* id = reinterpret_cast<const unsigned char*>(at + 12 + (note->n_namesz + 3) / 4 * 4);
      if (note->n_type == NT_GNU_BUILD_ID && !std::memcmp(at + 12, "GNU", 4)) {
        std::printf("build-id ");
        for (unsigned k = 0; k < note->n_descsz; ++k) std::printf("%02x", id[k]);
        std::printf("\n");
      }
      at = reinterpret_cast<const char*>(id) + (note->n_descsz + 3) / 4 * 4;
    }
  }
  return 1;
}
int main(int argc, char** argv) {
  dl_iterate_phdr(first, nullptr);
  int caught = 0;
  std::thread thread([&] { try { throw std::runtime_error("x"); } catch (const std::exception&) { caught = 1; } });
  thread.join();
  std::printf("answer %d caught %d arguments %d %s color %s path %s\n", answer(), caught, argc - 1, argv[1],
              std::getenv("COLOR"), std::getenv("LD_LIBRARY_PATH") ? "inherited" : "clean");
}
)";

class ExecutablePackage : public testing::Test {
 protected:
  // `flags` and what it prints; nothing when it works.
  std::string compile(const std::string& source, const std::string& flags) {
    dir_.write("source.cpp", source);
    return dir_.shell(std::string(COMPILER) + " -std=c++20 -pthread source.cpp " + flags);
  }

  void compile_program(const std::string& name, const std::string& flags = "") {
    const std::string link =
        flags.empty() ? "libs/libmiddle.so -Wl,-rpath,'$ORIGIN/libs' -Wl,-rpath-link,libs" : flags;
    dir_.write("libs/.keep", "");
    ASSERT_EQ(compile("extern \"C\" int inner() { return 42; }",
                      "-shared -fPIC -Wl,-soname,libinner.so.1 -o libs/libinner.so.1"),
              "");
    ASSERT_EQ(compile("extern \"C\" int inner(); extern \"C\" int answer() { return inner(); }",
                      "-shared -fPIC -Wl,-soname,libmiddle.so libs/libinner.so.1 -Wl,-rpath,'$ORIGIN' -o "
                      "libs/libmiddle.so"),
              "");
    ASSERT_EQ(compile(program_source, "-Wl,--build-id " + link + " -o " + name), "");
  }

  Result<Package> build(const std::string& name) {
    return build_executable_package({.executable = dir_.path() / name, .environment = environment_});
  }

  std::string refusal(const std::string& name) {
    const auto package = build(name);
    return package ? "" : package.error().message;
  }

  std::string build_id(const std::string& name) const { return read_elf(dir_.path() / name)->build_id; }

  TestingDir dir_;
  Environment environment_;
};

std::vector<std::string> names(const Package& package) {
  std::vector<std::string> names;
  const auto files = list_zip(package.zip);
  for (const auto& file : *files) names.push_back(file.name);
  return names;
}

TEST_F(ExecutablePackage, OfADynamicProgramHasItsWholeClosureAndRunsElsewhere) {
  compile_program("simulate");
  const auto package = build("simulate");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_EQ(package->runtime, "provided.al2023");
  EXPECT_EQ(package->handler, "lambdapool");
  EXPECT_EQ(package->codec, "cpp");
  for (const char* name : {"bootstrap", "bin/simulate", "lib/libmiddle.so", "lib/libinner.so.1",
                           "lib/libc.so.6", "lib/libstdc++.so.6", "lib/libgcc_s.so.1"})
    EXPECT_THAT(names(*package), Contains(name));
  ASSERT_TRUE(unzip_to(package->zip, dir_.path() / "task"));
  fs::remove_all(dir_.path() / "libs");  // what it was linked with is gone
  EXPECT_EQ(
      dir_.shell("cd / && env -u LD_LIBRARY_PATH COLOR=blue " + (dir_.path() / "task/bootstrap").string() +
                 " 'a b'"),
      "build-id " + build_id("simulate") + "\nanswer 42 caught 1 arguments 1 a b color blue path clean\n");
}

TEST_F(ExecutablePackage, HasDataAndLibrariesForDlopenBesideTheProgram) {
  dir_.write("libs/.keep", "");
  dir_.write("data/table.txt", "the table");
  dir_.write("data/.netrc", "machine x");
  ASSERT_EQ(compile("extern \"C\" int inner() { return 42; }",
                    "-shared -fPIC -Wl,-soname,libinner.so.1 -o libs/libinner.so.1"),
            "");
  ASSERT_EQ(compile("extern \"C\" int inner(); extern \"C\" int plugin() { return inner() + 1; }",
                    "-shared -fPIC libs/libinner.so.1 -Wl,-rpath,'$ORIGIN/libs' -o libplugin.so"),
            "");
  ASSERT_EQ(compile(R"(
#include <dlfcn.h>
#include <cstdio>
#include <fstream>
#include <string>
__attribute__((section(".lambdapool"), used)) static const char marker[] = "lambdapool runtime 1";
int main() {
  void* library = dlopen("libplugin.so", RTLD_NOW);
  if (library == nullptr) return std::puts(dlerror()), 1;
  std::string text;
  std::getline(std::ifstream("data/table.txt"), text);
  std::printf("%d %s\n", reinterpret_cast<int (*)()>(dlsym(library, "plugin"))(), text.c_str());
})",
                    "-Wl,--build-id -ldl -o host"),
            "");
  ExecutablePackageRequest request{.executable = dir_.path() / "host",
                                   .beside = {dir_.path() / "data", dir_.path() / "libplugin.so"},
                                   .environment = environment_};
  const auto refused = build_executable_package(request);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("data/.netrc"));
  request.allowed_secrets = {"data"};
  const auto package = build_executable_package(request);
  ASSERT_TRUE(package) << package.error().message;
  for (const char* name : {"bootstrap", "bin/host", "data/table.txt", "libplugin.so", "lib/libinner.so.1"})
    EXPECT_THAT(names(*package), Contains(name));
  ASSERT_TRUE(unzip_to(package->zip, dir_.path() / "task"));
  fs::remove_all(dir_.path() / "libs");
  fs::remove(dir_.path() / "libplugin.so");
  EXPECT_EQ(dir_.shell("cd task && env -u LD_LIBRARY_PATH ./bootstrap"), "43 the table\n");
}

TEST_F(ExecutablePackage, OfADynamicProgramRunsOnAnEmptyRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "chroot needs root";
  compile_program("simulate");
  const auto package = build("simulate");
  ASSERT_TRUE(package) << package.error().message;
  ASSERT_TRUE(unzip_to(package->zip, dir_.path() / "root/var/task"));
  EXPECT_EQ(
      dir_.shell("env -u LD_LIBRARY_PATH COLOR=blue $(command -v chroot || echo /usr/sbin/chroot) root "
                 "/var/task/bootstrap one"),
      "build-id " + build_id("simulate") + "\nanswer 42 caught 1 arguments 1 one color blue path clean\n");
}

TEST_F(ExecutablePackage, OfAStaticProgramIsTheProgramItself) {
  for (const char* flags : {"-static", "-static-pie"}) {
    dir_.write("libs/.keep", "");
    ASSERT_EQ(compile(std::string(program_source) + "extern \"C\" int answer() { return 7; }",
                      std::string("-fPIE -Wl,--build-id ") + flags + " -o static"),
              "");
    const auto package = build("static");
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_THAT(names(*package), ElementsAre("bootstrap"));
    fs::remove_all(dir_.path() / "task");
    ASSERT_TRUE(unzip_to(package->zip, dir_.path() / "task"));
    EXPECT_EQ(dir_.read("task/bootstrap"), dir_.read("static"));
    EXPECT_THAT(dir_.shell("COLOR=red task/bootstrap x"), HasSubstr("answer 7"));
  }
}

TEST_F(ExecutablePackage, IsTheSameBytesEachTime) {
  compile_program("simulate");
  const auto one = build("simulate");
  const auto two = build("simulate");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->sha256_base64, two->sha256_base64);
}

TEST_F(ExecutablePackage, NamesAMissingLibraryAndWhoNeedsIt) {
  compile_program("simulate");
  fs::remove(dir_.path() / "libs/libinner.so.1");
  EXPECT_THAT(refusal("simulate"),
              HasSubstr("The library libinner.so.1, which " + (dir_.path() / "libs/libmiddle.so").string() +
                        " needs, was not found"));
}

TEST_F(ExecutablePackage, FindsLibrariesByDtRpathOfThoseAboveAndByLdLibraryPath) {
  compile_program("simulate",
                  "libs/libmiddle.so -Wl,--disable-new-dtags,-rpath,'${ORIGIN}/libs' -Wl,-rpath-link,libs");
  EXPECT_EQ(refusal("simulate"), "");
  compile_program("simulate", "libs/libmiddle.so -Wl,-rpath-link,libs");
  fs::rename(dir_.path() / "libs/libmiddle.so", dir_.path() / "libs/moved");
  EXPECT_THAT(refusal("simulate"), HasSubstr("libmiddle.so"));
  fs::rename(dir_.path() / "libs/moved", dir_.path() / "libs/libmiddle.so");
  environment_ = Environment(
      std::map<std::string, std::string>{{"LD_LIBRARY_PATH", "/nowhere:" + (dir_.path() / "libs").string()}});
  EXPECT_EQ(refusal("simulate"), "");
}

TEST_F(ExecutablePackage, RefusesWhatCannotRunAsAFunctionWithTheReason) {
  compile_program("simulate");
  EXPECT_THAT(refusal("libs/libmiddle.so"), HasSubstr("is a shared library"));
  ASSERT_EQ(compile("int x;", "-c -o x.o"), "");
  EXPECT_THAT(refusal("x.o"), HasSubstr("not an executable"));
  ASSERT_EQ(compile("int main() {}", "-Wl,--build-id -o plain"), "");
  EXPECT_THAT(refusal("plain"), HasSubstr("is not built with lambdapool"));
  compile_program("unnamed",
                  "-Wl,--build-id=none libs/libmiddle.so -Wl,-rpath,'$ORIGIN/libs' -Wl,-rpath-link,libs");
  EXPECT_THAT(refusal("unnamed"), HasSubstr("no build-id"));
  dir_.write("script", "#!/bin/sh\n");
  EXPECT_THAT(refusal("script"), HasSubstr("not an ELF executable"));
  EXPECT_THAT(refusal("nothing"), HasSubstr("There is no file"));
  dir_.write("short", std::string("\177ELF\2\1\1", 7));
  EXPECT_THAT(refusal("short"), HasSubstr("damaged"));
}

TEST_F(ExecutablePackage, TellsTheArchitectureAndRefusesForeignOnes) {
  compile_program("simulate");
  const std::string elf = dir_.read("simulate");
  std::string foreign = elf;
  foreign[18] = static_cast<char>(243);  // EM_RISCV
  foreign[19] = 0;
  dir_.write("foreign", foreign);
  EXPECT_THAT(refusal("foreign"), HasSubstr("is built for RISC-V; Lambda runs x86_64 and arm64"));
  EXPECT_TRUE(is_elf(dir_.path() / "foreign"));
  EXPECT_FALSE(is_elf(dir_.path() / "source.cpp"));
  EXPECT_FALSE(is_elf(dir_.path()));
}

TEST_F(ExecutablePackage, ReadsDamagedFilesWithoutFallingOver) {
  compile_program("simulate");
  const std::string elf = dir_.read("simulate");
  for (std::size_t length = 0; length < elf.size(); length += elf.size() / 40 + 1) {
    dir_.write("cut", elf.substr(0, length));
    EXPECT_NE(refusal("cut"), "") << length;
  }
  for (std::size_t at = 4; at < 1'200; at += 3) {  // headers and program headers
    std::string changed = elf;
    changed[at] = static_cast<char>(changed[at] ^ 0xFF);
    dir_.write("changed", changed);
    (void)read_elf(dir_.path() / "changed");
  }
}

TEST(LoaderCache, OfThisMachineKnowsTheCLibrary) {
  if (!fs::exists("/etc/ld.so.cache")) GTEST_SKIP();
  const TestingDir dir;
  const auto cache = parse_loader_cache(dir.shell("cat /etc/ld.so.cache"));
  EXPECT_TRUE(cache.count("libc.so.6") > 0);
  EXPECT_TRUE(parse_loader_cache("").empty());
  EXPECT_TRUE(parse_loader_cache("glibc-ld.so.cache1.1\xFF\xFF\xFF\xFF").empty());
}

}  // namespace
}  // namespace lambdapool::package
