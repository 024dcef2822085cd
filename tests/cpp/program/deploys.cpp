// Deploys itself, calls itself, changes and removes itself.
#include <algorithm>
#include <iostream>
#include <lambdapool/lambdapool.hpp>
#include <string>
#include <vector>

namespace lp = lambdapool;

namespace {

int twice(int n) { return 2 * n; }

bool is_listed(const std::string& name) {
  const auto functions = lp::list();
  return std::any_of(functions.begin(), functions.end(), [&](const auto& f) { return f.name == name; });
}

template <class Error, class Action>
void expect(const char* what, Action action) {
  try {
    action();
    std::cout << what << ": nothing was thrown\n";
  } catch (const Error& error) {
    std::cout << what << ": " << (std::string(error.what()).empty() ? "no words" : "thrown") << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  lp::init(argc, argv);
  std::vector<std::string> lines;
  lp::FunctionSettings settings{.paths = {argv[0]}, .memory_mb = 256, .timeout_s = 60};
  settings.progress = [&](const std::string& line) { lines.push_back(line); };
  const lp::Function made = lp::create("self", settings);
  std::cout << made.name << " " << made.runtime << " " << made.memory_mb << " MB " << made.timeout_s
            << " s\n";
  std::cout << lines.front() << ", ..., " << lines.back() << "\n";
  {
    lp::LambdaPool pool{{.workers = 2, .lambda_function = "self"}};
    std::cout << pool.apply(twice, 21) << "\n";
  }
  std::cout << lp::update("self", {.timeout_s = 9}).timeout_s << " s\n";
  expect<lp::Conflict>("create again", [&] { lp::create("self", settings); });
  expect<lp::InvalidArgument>("too little memory", [] { lp::update("self", {.memory_mb = 1}); });
  expect<lp::Cancelled>("given up", [&] {
    lp::FunctionSettings other{.paths = {argv[0]}};
    other.give_up = [] { return true; };
    lp::create("other", other);
  });
  std::cout << is_listed("self") << is_listed("other") << "\n";
  lp::remove("self");
  expect<lp::NotFound>("remove again", [] { lp::remove("self"); });
  std::cout << is_listed("self") << "\n";
}
