// Attacks on the Runtime API of a worker: by another user, by another process of the same user, by a web
// page.
#include "local/worker/runtime_port.hpp"

#include <arpa/inet.h>
#include <elf.h>
#include <sys/socket.h>

#include "local/worker/own_runtime.hpp"
#include "local/worker/workers_fixture_for_tests.hpp"

namespace lambdapool::local {
namespace {

constexpr unsigned somebody_else = 65'534;
const std::string api = "/2018-06-01/runtime/invocation/";
const std::string next_request = "GET " + api + "next HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string forged(const std::string& request_id) {
  return "POST " + api + request_id +
         "/response HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n\"forged\"";
}

// All that is heard in answer to `request`.
std::string ask(int port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string heard;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    (void)!::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    char bytes[4096];
    for (ssize_t size; (size = ::recv(fd, bytes, sizeof bytes, 0)) > 0;)
      heard.append(bytes, static_cast<std::size_t>(size));
  }
  ::close(fd);
  return heard;
}

// Whether another user hears anything.
bool hears_as_somebody_else(int port, const std::string& request) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresgid(somebody_else, somebody_else, somebody_else) != 0) ::_exit(2);
    if (::setresuid(somebody_else, somebody_else, somebody_else) != 0) ::_exit(2);
    ::_exit(ask(port, request).empty() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2);
  return WEXITSTATUS(status) != 0;
}

// The TCP ports that a process of this one's listens on, as anybody finds them in /proc/net/tcp.
std::set<int> ports_that_listen() {
  std::set<std::string> own;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.starts_with("socket:[")) own.insert(target.substr(8, target.size() - 9));
  }
  std::set<int> ports;
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    if (state == "0A" && own.contains(inode))
      ports.insert(std::stoi(local.substr(local.find(':') + 1), nullptr, 16));
  }
  return ports;
}

class RuntimePortTest : public WorkersTest {
 protected:
  int port_of(const std::shared_ptr<FunctionVersion>& function) {
    const std::string address = json::parse(invoke(function, "\"api\"").payload);
    return std::stoi(address.substr(address.find(':') + 1));
  }
};

TEST_F(RuntimePortTest, AnotherUserGetsNoInvocationAndAnswersNone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can act as another user";
  const auto function = bootstrap();
  port_of(function);
  const auto ports = ports_that_listen();
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_FALSE(hears_as_somebody_else(*ports.begin(), next_request));
  EXPECT_EQ(invoke(function, "\"secret\"").payload, "\"secret\"");
  auto hanging = begin(function, "\"hang\"");
  ASSERT_TRUE(
      eventually([&] { return logged_text().find("START RequestId: request-3") != std::string::npos; }));
  EXPECT_FALSE(hears_as_somebody_else(*ports.begin(), next_request));
  EXPECT_FALSE(hears_as_somebody_else(*ports.begin(), forged("request-3")));
  workers.reset();
  EXPECT_THAT(hanging.get().payload, Not(HasSubstr("forged")));
}

TEST_F(RuntimePortTest, AProcessOfThisUserThatIsNotOfTheWorkerIsRefused) {
  const auto function = bootstrap();
  const int port = port_of(function);
  EXPECT_EQ(ask(port, next_request), "");
  EXPECT_EQ(ask(port, forged("request-1")), "");
  const auto other = bootstrap();
  EXPECT_EQ(invoke(other, "\"ask 127.0.0.1:" + std::to_string(port) + "\"").payload, "0");
  EXPECT_EQ(invoke(function, "\"secret\"").payload, "\"secret\"");
}

TEST_F(RuntimePortTest, AProcessThatTheRuntimeStartedIsServed) {
  const auto function = bootstrap();
  EXPECT_EQ(invoke(function, "\"by a child\"").payload, "\"by a child\"");
  EXPECT_EQ(invoke(function, "1").payload, "1");
}

TEST_F(RuntimePortTest, WhatABrowserMaySendIsRefusedWhoeverItComesFrom) {
  EXPECT_EQ(invoke(bootstrap(), "\"headers\"").payload, "\"403 403 403 403 403 404 404 404\"");
}

TEST_F(RuntimePortTest, AnInvocationIsHandedOutOnce) {
  EXPECT_EQ(invoke(bootstrap(), "\"next again\"").payload, "403");
}

TEST_F(RuntimePortTest, SomebodyElsesHandlerHasOneForItsExtensions) {
  const auto function = python(
      "import http.client, os\n"
      "def handler(event, context):\n"
      "    api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n"
      "    api.request('GET', '/2020-01-01/extension/event/next')\n"
      "    return [api.getresponse().status, sorted(n for n in os.environ if 'LAMBDAPOOL' in n)]");
  EXPECT_EQ(invoke(function).payload, "[403, []]");
}

TEST_F(RuntimePortTest, OurOwnRuntimesNeedNoPort) {
  const auto function = python("");
  function->handler = "lambdapool_agent.handler";
  std::ofstream(function->code / "lambdapool_agent.py")
      << "import os\n"
         "def handler(event, context): return os.environ['AWS_LAMBDA_RUNTIME_API']";
  EXPECT_EQ(invoke(function).payload, "\"127.0.0.1:0\"")
      << "set, for those who look; nobody can listen there";
  EXPECT_THAT(ports_that_listen(), testing::IsEmpty());
}

// An ELF file with one section of this name and content, beside the table of names.
std::string elf_with_section(const std::string& name, const std::string& content) {
  const std::string names = std::string(1, '\0') + name + '\0' + ".shstrtab" + '\0';
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS64;
  head.e_shoff = sizeof head + names.size() + content.size();
  head.e_shentsize = sizeof(Elf64_Shdr);
  head.e_shnum = 3;
  head.e_shstrndx = 2;
  Elf64_Shdr sections[3]{};
  sections[1] = {1, SHT_PROGBITS, 0, 0, sizeof head + names.size(), content.size(), 0, 0, 1, 0};
  sections[2] = {
      static_cast<Elf64_Word>(name.size() + 2), SHT_STRTAB, 0, 0, sizeof head, names.size(), 0, 0, 1, 0};
  std::string file(reinterpret_cast<const char*>(&head), sizeof head);
  file += names + content;
  return file.append(reinterpret_cast<const char*>(sections), sizeof sections);
}

TEST(OwnRuntime, IsKnownByItsSectionOrItsLauncher) {
  const TemporaryDirectory directory;
  const auto judged = [&](const std::string& bytes) {
    std::ofstream(directory.path / "bootstrap", std::ios::binary) << bytes;
    return is_own_runtime(directory.path / "bootstrap");
  };
  const std::string ours = elf_with_section(".lambdapool", "lambdapool runtime 1");
  EXPECT_TRUE(judged(ours));
  EXPECT_TRUE(judged(std::string(ELFMAG) + "... lambdapool: the function's package is damaged: can't start"));
  EXPECT_FALSE(judged(elf_with_section(".data", "lambdapool runtime 1")));
  EXPECT_FALSE(judged(elf_with_section(".lambdapool", "something else")));
  EXPECT_FALSE(judged("#!/bin/sh\n# lambdapool runtime 1\n"));
  EXPECT_FALSE(judged(""));
  EXPECT_FALSE(is_own_runtime(directory.path / "absent"));
  for (std::size_t size = 0; size < ours.size(); ++size) EXPECT_FALSE(judged(ours.substr(0, size))) << size;
}

}  // namespace
}  // namespace lambdapool::local
