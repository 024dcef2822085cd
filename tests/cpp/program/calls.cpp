// Every kind of callable, argument and result.
#include <array>
#include <chrono>
#include <cstdlib>
#include <lambdapool/lambdapool.hpp>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <thread>
#include <tuple>
#include <variant>

#include "check.hpp"
#include "gate.hpp"

namespace lp = lambdapool;
using namespace std::chrono_literals;

std::vector<int> namesakes_one(lp::LambdaPool& pool);
std::vector<int> namesakes_two(lp::LambdaPool& pool);

namespace {

int twice(int n) { return 2 * n; }
static long add(long a, long b) { return a + b; }
void nothing(int) {}
double sum(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }
std::size_t length(std::string_view text) { return text.size(); }

struct Trade {
  std::string symbol;
  double price = 0;
  std::optional<int> lots;
  std::vector<std::pair<int, std::string>> notes;
  bool operator==(const Trade&) const = default;
};

Trade doubled(Trade trade) {
  trade.price *= 2;
  return trade;
}

struct Shape {
  double width = 1;
  double area(double height) const { return width * height; }
  double grow(double by) {
    width += by;
    return width;
  }
};

struct Scale {
  double by = 1;
  std::string unit;
  std::string operator()(double value) const { return std::to_string(int(value * by)) + unit; }
};

class Account {
 public:
  Account() = default;
  explicit Account(long cents) : cents_(cents) {}
  static auto lambdapool_fields(auto& self) { return std::tie(self.cents_); }
  long cents() const { return cents_; }

 private:
  long cents_ = 0;
};

void callables(lp::LambdaPool& pool) {
  CHECK(pool.apply(twice, 21) == 42);
  CHECK(pool.apply(&twice, 21) == 42);
  CHECK(pool.apply(add, 1, 2L) == 3);
  CHECK(pool.apply(lp::fn<&twice>, 4) == 8);
  CHECK(pool.apply(&Shape::area, Shape{3}, 2) == 6);
  CHECK(pool.apply(&Shape::grow, Shape{3}, 2) == 5);
  CHECK(pool.apply(lp::fn<&Shape::area>, Shape{3}, 2) == 6);
  CHECK(pool.apply(Scale{2, "kg"}, 1.5) == "3kg");
  CHECK(pool.apply([](std::string s, double k) { return s + std::to_string(k); }, "x", 2.0) == "x2.000000");
  CHECK(pool.apply([](auto a, auto b) { return a + b; }, "a", std::string("b")) == "ab");
  double k = 3;
  int offset = 1;
  CHECK(pool.apply([k, offset](int n) { return int(n * k) + offset; }, 5) == 16);
  CHECK(pool.apply(lp::with([](const std::map<int, std::string>& names, int n) { return names.at(n); },
                            std::map<int, std::string>{{7, "seven"}}),
                   7) == "seven");
  CHECK(pool.apply(lp::with(add, 40L), 2) == 42);
  CHECK(pool.apply(lp::with(add, 40, 2)) == 42);
  pool.apply(nothing, 1);
  CHECK((namesakes_one(pool) == std::vector<int>{1, 1, 10, 100, 1000}));
  CHECK((namesakes_two(pool) == std::vector<int>{2, 2, 20, 200, 2000}));
}

void values(lp::LambdaPool& pool) {
  const Trade trade{"ABC", 1.5, 3, {{1, "one"}, {2, "two"}}};
  CHECK(pool.apply(doubled, trade) == (Trade{"ABC", 3, 3, {{1, "one"}, {2, "two"}}}));
  CHECK(pool.apply([](const Account& a) { return Account(a.cents() * 2); }, Account(5)).cents() == 10);
  CHECK(pool.apply(sum, std::vector<double>(1000, 0.5)) == 500);
  CHECK(pool.apply(length, "four") == 4);
  CHECK(*pool.apply([](std::unique_ptr<int> p) { return std::make_unique<int>(*p + 1); },
                    std::make_unique<int>(1)) == 2);
  CHECK(pool.apply([](std::variant<int, std::string> v) { return v.index(); }, std::string("x")) == 1);
  CHECK(pool.apply([](std::chrono::seconds s) { return s + 1s; }, 2min) == 121s);
  CHECK(pool.apply([](std::vector<bool> bits) { return bits; }, std::vector<bool>{true, false}).size() == 2);
}

void maps(lp::LambdaPool& pool) {
  const std::vector<int> doubles = pool.map(twice, std::views::iota(0, 1000));
  CHECK(doubles.size() == 1000 && doubles[999] == 1998 && doubles[1] == 2);
  CHECK((pool.map(twice, std::vector<int>{}).empty()));
  CHECK((pool.map(twice, std::array{1, 2, 3}, {.chunksize = 2}) == std::vector<int>{2, 4, 6}));
  CHECK((pool.starmap(add, std::vector<std::tuple<int, long>>{{1, 2}, {3, 4}}) == std::vector<long>{3, 7}));
  pool.map(nothing, std::views::iota(0, 5));
  const auto outcomes = pool.map_outcomes(
      [](int n) {
        if (n == 1) throw std::domain_error("one");
        return n;
      },
      std::views::iota(0, 3));
  CHECK(outcomes.size() == 3 && outcomes[0].value() == 0 && outcomes[2].value() == 2 && !outcomes[1]);
  CHECK(MESSAGE_OF(std::domain_error, outcomes[1].value()) == "one");
  // Each answer is over a mebibyte, so that a worker starts no other: the rest is sent again.
  const auto big = pool.map([](int n) { return std::string(1'500'000, char('a' + n)); },
                            std::views::iota(0, 5), {.chunksize = 5});
  CHECK(big.size() == 5 && big[4] == std::string(1'500'000, 'e'));
  auto later = pool.map_async(twice, std::views::iota(0, 50));
  CHECK(later.valid() && later.get().at(49) == 98 && !later.valid());
}

struct BadTrade : std::runtime_error {
  BadTrade() : std::runtime_error("") {}
  BadTrade(const std::string& what, int n) : std::runtime_error(what), number(n) {}
  static auto lambdapool_fields(auto& self) { return std::tie(self.number); }
  int number = 0;
};

int throw_nested(int n) {
  try {
    throw BadTrade("bad", n);
  } catch (...) {
    std::throw_with_nested(std::length_error("outer"));
  }
}

void exceptions(lp::LambdaPool& pool) {
  CHECK(MESSAGE_OF(std::out_of_range, pool.apply([](int n) { return std::vector<int>(1).at(n); }, 7))
            .find("7") != std::string::npos);
  CHECK(MESSAGE_OF(std::bad_alloc, pool.apply([] { throw std::bad_alloc(); })) == std::bad_alloc().what());
  CHECK(MESSAGE_OF(std::exception, pool.apply([] { throw 3; })).find("int") != std::string::npos);
  try {
    pool.apply([] { throw std::system_error(std::make_error_code(std::errc::no_space_on_device), "disk"); });
    CHECK(false);
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::errc::no_space_on_device);
    CHECK(std::string(error.what()).find("disk") == 0);
  }
  try {
    pool.apply([](int n) { throw BadTrade("trade", n); }, 4);
    CHECK(false);
  } catch (const BadTrade& error) {
    CHECK(error.number == 4 && std::string(error.what()) == "trade");
  }
  try {
    pool.apply(throw_nested, 9);
    CHECK(false);
  } catch (const lp::RemoteError& error) {
    CHECK(error.type_name() == "std::length_error" && error.chain().size() == 2);
    CHECK(error.chain()[1].what == "bad");
    try {
      std::rethrow_if_nested(dynamic_cast<const std::exception&>(error));
      CHECK(false);
    } catch (const BadTrade& inner) {
      CHECK(inner.number == 9);
    }
  }
}

void addresses(lp::LambdaPool& pool) {
  const std::vector<int> data{1, 2, 3};
  const int* pointer = data.data();
  CHECK(MESSAGE_OF(lp::InvalidArgument, pool.apply([pointer](int n) { return pointer[n]; }, 0))
            .find("address") != std::string::npos);
}

void futures(lp::LambdaPool& pool, lp::LambdaExecutor& executor) {
  Gate gate;
  auto slow = executor.submit(
      [](int port) {
        Gate::pass(port);
        return 60;
      },
      gate.port());
  CHECK(slow.wait_for(0ms) == std::future_status::timeout);
  gate.open();
  CHECK(slow.wait_for(60s) == std::future_status::ready && slow.get() == 60);
  executor.submit(twice, 1);  // dropped, and no matter
  CHECK((executor.map(twice, std::array{1, 2}) == std::vector<int>{2, 4}));
  executor.shutdown();
  CHECK(MESSAGE_OF(lp::InvalidArgument, executor.submit(twice, 1)).find("shut down") != std::string::npos);
  std::vector<lp::Future<int>> many;
  for (int i = 0; i < 20; ++i) many.push_back(pool.apply_async(twice, i));
  for (int i = 0; i < 20; ++i) CHECK(many[std::size_t(i)].get() == 2 * i);
}

int print(int n) {
  std::cout << "printed " << n << "\n";
  if (n < 0) throw std::out_of_range("negative");
  return n;
}

void logs(lp::LambdaPool& pool) {
  auto call = pool.apply_async(print, 7);
  CHECK(call.get() == 7);
  CHECK(!call.valid());
  CHECK(call.logs().find("printed 7\n") != std::string::npos);
  const char* target = std::getenv("LAMBDAPOOL_TARGET");
  const bool is_run =
      target != nullptr && std::string(target) == "gcp-local";  // where no such line is written
  CHECK(is_run || call.logs().find("REPORT RequestId: ") != std::string::npos);
  auto map = pool.map_async(print, std::views::iota(0, 3));
  CHECK(map.get().size() == 3);
  CHECK(map.logs().find("printed 2\n") != std::string::npos);
  auto failed = pool.apply_async(print, -1);
  try {
    failed.get();
    CHECK(false);
  } catch (const lp::RemoteError& error) {
    CHECK(error.logs().find("printed -1\n") != std::string::npos);
  }
  CHECK(failed.logs().find("printed -1\n") != std::string::npos);
}

std::string noise(std::size_t size) {
  std::string text(size, ' ');
  std::uint64_t state = 88172645463325252u;
  for (char& c : text) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    c = static_cast<char>(state);
  }
  return text;
}

}  // namespace

void register_exceptions() { lp::send_exception<BadTrade>(); }

void run_calls(const std::string& function) {
  lp::LambdaPool pool{{.workers = 2, .lambda_function = function}};
  lp::LambdaExecutor executor{{.workers = 2, .lambda_function = function}};
  callables(pool);
  values(pool);
  maps(pool);
  exceptions(pool);
  addresses(pool);
  futures(pool, executor);
  logs(pool);
}

// The function was created with a timeout of 1 s.
void run_timeout(const std::string& function) {
  lp::LambdaPool pool{{.workers = 1, .lambda_function = function}};
  MESSAGE_OF(lp::TimedOut, pool.apply([] { std::this_thread::sleep_for(60s); }));
}

// Where there is nowhere to put what does not fit a call. (Of results: run_large.)
void run_limits(const std::string& function) {
  lp::LambdaPool pool{{.workers = 2, .lambda_function = function}};
  const auto told = MESSAGE_OF(lp::PayloadTooLarge, pool.apply(length, noise(6'000'000)));
  CHECK(told.find("LAMBDAPOOL_BUCKET") != std::string::npos);
  CHECK(pool.apply([](const lp::Shared<std::string>& text) { return text->size(); },
                   pool.share(std::string(1'000, 'x'))) == 1'000);
}

// Of the platform.
void run_failures(const std::string& function) {
  lp::LambdaPool pool{{.workers = 2, .lambda_function = function}};
  MESSAGE_OF(lp::WorkerDied, pool.apply([] { std::exit(3); }));
  MESSAGE_OF(lp::WorkerDied, pool.apply([] { std::abort(); }));
  const auto died = pool.map_outcomes(
      [](int n) {
        if (n == 1) std::abort();
        return n;
      },
      std::views::iota(0, 3));
  CHECK(died[0] && !died[1] && died[2]);
  MESSAGE_OF(lp::WorkerDied, died[1].value());
  CHECK(pool.apply(twice, 2) == 4);
  try {
    pool.apply([] {
      std::cout << "last words" << std::endl;
      std::abort();
    });
  } catch (const lp::WorkerDied& error) {
    CHECK(error.logs().find("last words") != std::string::npos);
  }

  // A worker keeps its statics: with one of them the second run is another.
  const auto at_first = [](int n) {
    static int runs = 0;
    if (n == 1 && ++runs == 1) throw std::out_of_range("at first");
    return n;
  };
  const auto again = lp::retry_on<std::out_of_range>(1, 10ms);
  lp::LambdaPool patient{{.workers = 1, .lambda_function = function, .retry = again}};
  CHECK((patient.map(at_first, std::views::iota(0, 3)) == std::vector{0, 1, 2}));
  MESSAGE_OF(std::out_of_range, patient.apply([] { throw std::out_of_range("always"); }));
  MESSAGE_OF(lp::InvalidArgument,
             patient.map(twice, std::views::iota(0, 3), {.retry = lp::retry_on<lp::WorkerDied>(-1)}));
  CHECK(patient.apply([] {
    static int runs = 0;
    if (++runs == 1) throw std::out_of_range("at first");
    return runs;
  }) == 2);

  lp::LambdaPool missing{{.lambda_function = "no-such-function"}};
  CHECK(MESSAGE_OF(lp::NotFound, missing.apply(twice, 1)).find("no-such-function") != std::string::npos);
  lp::Future<int> abandoned;
  Gate gate;
  {
    lp::LambdaPool closing{{.workers = 1, .lambda_function = function}};
    abandoned = closing.apply_async(
        [](int port) {
          Gate::pass(port);
          return port;
        },
        gate.port());
    gate.wait_for_one();  // what its worker has not begun cannot be told from what is behind it
    auto queued = closing.apply_async(twice, 1);
    CHECK(queued.cancel());
    MESSAGE_OF(lp::Cancelled, queued.get());
  }
  MESSAGE_OF(lp::Cancelled, abandoned.get());
}

// 500 items on a function that is not there: what each form of call says of the first and of the last.
void run_missing(const std::string& function, const std::string& form) {
  lp::LambdaPool pool{{.workers = 10, .lambda_function = function}};
  const auto items = std::views::iota(0, 500);
  if (form == "map") {
    MESSAGE_OF(lp::NotFound, pool.map(twice, items, {.chunksize = 1}));
  } else {
    const auto outcomes = pool.map_outcomes(twice, items);
    CHECK(MESSAGE_OF(lp::NotFound, outcomes.front().value()).find(function) != std::string::npos);
    CHECK(MESSAGE_OF(lp::NotFound, outcomes.back().value()).find("this one was not sent") !=
          std::string::npos);
  }
}
