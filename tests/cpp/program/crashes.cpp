// Client and worker: `program HOW FUNCTION` has a task end so, and prints what its caller is told. Built with
// -g.
#include <chrono>
#include <iostream>
#include <lambdapool/lambdapool.hpp>
#include <stdexcept>
#include <thread>

namespace lp = lambdapool;

namespace deep {

volatile int* nothing = nullptr;

[[gnu::noinline]] int descend(int levels) {
  if (levels == 0) return *nothing;  // reads from nowhere
  return descend(levels - 1) + 1;
}

[[gnu::noinline]] int overflow(int levels) {
  volatile char room[1024] = {};
  return levels < 0 ? room[0] : overflow(levels + 1) + room[1];  // calls itself
}

[[gnu::noinline]] int uncaught(int) {
  std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
  return 0;
}

[[gnu::noinline]] int wait(int seconds) {
  std::this_thread::sleep_for(std::chrono::seconds(seconds));  // waits here
  return seconds;
}

}  // namespace deep

int main(int argc, char** argv) {
  lp::init(argc, argv);
  if (argc < 3) return 2;
  lp::LambdaPool pool{{.workers = 1, .lambda_function = argv[2]}};
  const std::string how = argv[1];
  try {
    if (how == "descend") return pool.apply(deep::descend, 30);
    if (how == "overflow") return pool.apply(deep::overflow, 0);
    if (how == "uncaught") return pool.apply(deep::uncaught, 0);
    if (how == "wait") return pool.apply(deep::wait, 60);
  } catch (const lp::LambdaPoolError& error) {
    std::cout << to_string(error.kind()) << " [" << error.signal() << "] " << error.stack().size()
              << " frames, " << error.max_memory_used_mb().value_or(0) << " MB\n"
              << error.what() << "\n";
  }
}
