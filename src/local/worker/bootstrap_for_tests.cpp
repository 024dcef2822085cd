// A runtime for the tests of workers: speaks the Runtime API by hand, over TCP as a foreign runtime does,
// or over the inherited channel where it is asked to. As the handler "lambdapool" it counts as our own
// runtime, of before there were packets. What it does with an event is named by the event.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace {

__attribute__((section(".lambdapool"), used)) const char marker[] = "lambdapool runtime 1";

const std::string api = "/2018-06-01/runtime/";

// "" where it is not set.
std::string variable(const char* name) {
  const char* const value = getenv(name);
  return value != nullptr ? value : "";
}

int connect_tcp(const std::string& address = variable("AWS_LAMBDA_RUNTIME_API")) {
  const auto colon = address.find(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(atoi(address.c_str() + colon + 1)));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  return connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 ? fd : -1;
}

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
};

class Wire {
 public:
  explicit Wire(int fd) : fd_(fd) {}

  Answer call(const std::string& request) {
    for (size_t sent = 0; sent < request.size();) {
      const ssize_t size = write(fd_, request.data() + sent, request.size() - sent);
      if (size <= 0) exit(40);
      sent += static_cast<size_t>(size);
    }
    size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) read_more();
    Answer answer;
    answer.head = buffer_.substr(0, end + 2);
    answer.status = atoi(answer.head.c_str() + 9);
    const size_t length = static_cast<size_t>(atol(header(answer, "Content-Length").c_str()));
    while (buffer_.size() < end + 4 + length) read_more();
    answer.body = buffer_.substr(end + 4, length);
    buffer_.erase(0, end + 4 + length);
    return answer;
  }

  static std::string header(const Answer& answer, const char* name) {
    const char* found = strcasestr(answer.head.c_str(), (std::string("\r\n") + name + ":").c_str());
    if (!found) return "";
    std::string value = found + 3 + strlen(name);
    value.resize(value.find('\r'));
    return value.substr(value.find_first_not_of(' '));
  }

 private:
  void read_more() {
    char chunk[65536];
    const ssize_t size = read(fd_, chunk, sizeof chunk);
    if (size <= 0) exit(41);
    buffer_.append(chunk, static_cast<size_t>(size));
  }

  int fd_;
  std::string buffer_;
};

std::string post(const std::string& path, const std::string& body, const std::string& headers = "") {
  return "POST " + api + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// As aws-lambda-go does with every answer.
std::string post_chunked(const std::string& path, const std::string& body) {
  char size[16];
  snprintf(size, sizeof size, "%zx", body.size());
  return "POST " + api + path + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" +
         "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n" +
         "Lambda-Runtime-Function-Response-Mode: streaming\r\n\r\n" + size + "\r\n" + body + "\r\n0\r\n\r\n";
}

const std::string next_request = "GET " + api + "invocation/next HTTP/1.1\r\nHost: localhost\r\n\r\n";

// The status of one answer on a connection of its own; 0 where it was closed without one.
int status_of(const std::string& request, const std::string& address = variable("AWS_LAMBDA_RUNTIME_API")) {
  const int fd = connect_tcp(address);
  (void)!write(fd, request.data(), request.size());
  char head[13] = {};
  const bool answered = recv(fd, head, 12, MSG_WAITALL) == 12;
  close(fd);
  return answered ? atoi(head + 9) : 0;
}

std::string with_headers(const std::string& headers) {
  return "POST " + api + "nothing HTTP/1.1\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

// What browsers send, and what runtimes do.
std::string statuses_by_headers() {
  const std::string address = variable("AWS_LAMBDA_RUNTIME_API");
  std::string statuses;
  for (const std::string& headers :
       {std::string("Host: evil.example\r\n"),
        "Host: evil.example" + address.substr(address.find(':')) + "\r\n",
        std::string("Host: 127.0.0.1.evil.example\r\n"), std::string("Host: 127.0.0.1:evil\r\n"),
        "Host: " + address + "\r\nOrigin: http://evil.example\r\n", "Host: " + address + "\r\n",
        std::string("Host: localhost:1\r\n"), std::string()}) {
    statuses += (statuses.empty() ? "" : " ") + std::to_string(status_of(with_headers(headers)));
  }
  return "\"" + statuses + "\"";
}

// A child process of this one answers in its stead.
void answer_by_a_child(const std::string& request) {
  const pid_t child = fork();
  if (child == 0) _exit(status_of(request) == 202 ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) exit(42);
}

// A child and a grandchild in a session of its own, both holding on to nothing but the log.
void leave_children_behind() {
  if (fork() == 0) {
    if (fork() == 0) {
      setsid();
      for (;;) pause();
    }
    for (;;) pause();
  }
}

std::string refusals(Wire& wire, const std::string& id) {
  std::string statuses = std::to_string(wire.call(post("invocation/wrong/response", "{}")).status);
  statuses += " " + std::to_string(wire.call(post("init/error", "{}")).status);
  statuses += " " + std::to_string(wire.call(post("nothing", "{}")).status);
  const std::string mode = "Lambda-Runtime-Function-Response-Mode: sideways\r\n";
  statuses += " " + std::to_string(wire.call(post("invocation/" + id + "/response", "{}", mode)).status);
  return "\"" + statuses + "\"";
}

}  // namespace

int main() {
  Wire wire(getenv("USE_CHANNEL") ? 3 : connect_tcp());
  if (getenv("EXIT_IN_INIT")) return std::stoi(variable("EXIT_IN_INIT"));
  if (getenv("FAIL_INIT")) {
    wire.call(post("init/error", R"({"errorMessage":"no luck","errorType":"Init.Bad"})",
                   "Lambda-Runtime-Function-Error-Type: Init.Bad\r\n"));
    return 1;
  }
  printf("initialised\n");
  fflush(stdout);
  for (;;) {
    const Answer next = wire.call(next_request);
    const std::string id = Wire::header(next, "Lambda-Runtime-Aws-Request-Id");
    const std::string& event = next.body;
    if (event == "\"exit 3\"") return 3;
    if (event == "\"exit 0\"") return 0;
    if (event == "\"abort\"") {
      signal(SIGSEGV, SIG_DFL);  // a sanitizer would have its own way of dying
      raise(SIGSEGV);
    }
    if (event == "\"hang\"") {
      leave_children_behind();
      for (;;) pause();
    }
    std::string result = event;
    if (event == "\"pid\"") result = std::to_string(getpid());
    if (event == "\"refusals\"") result = refusals(wire, id);
    if (event == "\"large\"") result = "\"" + std::string(6291556 - 1, 'x') + "\"";
    if (event == "\"children\"") leave_children_behind();
    if (event == "\"api\"") result = "\"" + variable("AWS_LAMBDA_RUNTIME_API") + "\"";
    if (event == "\"headers\"") result = statuses_by_headers();
    if (event == "\"next again\"") result = std::to_string(status_of(next_request));
    if (event.starts_with("\"ask ")) result = std::to_string(status_of(next_request, event.substr(5)));
    if (event == "\"by a child\"") {
      answer_by_a_child(post("invocation/" + id + "/response", "\"by a child\""));
      continue;
    }
    if (event == "\"fail\"") {
      wire.call(post("invocation/" + id + "/error", R"({"errorMessage":"bad","errorType":"Own"})"));
      continue;
    }
    wire.call(event == "\"chunked\"" ? post_chunked("invocation/" + id + "/response", result)
                                     : post("invocation/" + id + "/response", result));
  }
}
