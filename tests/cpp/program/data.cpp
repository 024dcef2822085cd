// Arguments and results beyond what fits a call, and what is shared.
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <lambdapool/lambdapool.hpp>
#include <map>
#include <numeric>

#include "check.hpp"

namespace {

using Numbers = std::vector<double>;

double sum(const Numbers& numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0.0); }

Numbers make(std::size_t count) { return Numbers(count, 0.5); }

Numbers twice(Numbers numbers) {
  for (double& number : numbers) number *= 2;
  return numbers;
}

double at(const lambdapool::Shared<Numbers>& table, std::size_t index) { return (*table)[index]; }

// Where the map lies, which tells whether it was made anew.
std::pair<std::uintptr_t, std::size_t> place(const lambdapool::Shared<std::map<int, std::string>>& names,
                                             int key) {
  return {reinterpret_cast<std::uintptr_t>(&*names), names->at(key).size()};
}

std::uintmax_t size_of(const lambdapool::File& file) { return std::filesystem::file_size(file.path()); }

lambdapool::File zeros(std::size_t size) {
  const auto path = std::filesystem::temp_directory_path() / "zeros.bin";
  std::ofstream(path).write(std::string(size, '\0').data(), static_cast<std::streamsize>(size));
  return lambdapool::File(path);
}

void run_files(lambdapool::LambdaPool& pool) {
  for (const std::size_t size : {0, 1, 8'000'000}) {
    const lambdapool::File made = pool.apply(zeros, size);
    CHECK(made.name() == "zeros.bin" && size_of(made) == size);
    CHECK(pool.apply(size_of, made) == size);
    const auto path = made.path();
    CHECK(pool.apply([](const lambdapool::File& file) { return file.path().string(); }, made) !=
          path.string());
  }
  const auto shared = pool.share(pool.apply(zeros, std::size_t{1'000'000}));
  CHECK(pool.map(lambdapool::with([](const lambdapool::Shared<lambdapool::File>& file,
                                     int i) { return size_of(*file) + static_cast<std::uintmax_t>(i); },
                                  shared),
                 std::vector<int>{0, 1}) == (std::vector<std::uintmax_t>{1'000'000, 1'000'001}));
}

// Does not compress, is the same each time, and quick to make.
std::string words(std::size_t size) {
  std::string made(size, '\0');
  std::uint64_t state = size + 1;
  for (std::size_t at = 0; at < size; at += sizeof state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    std::memcpy(&made[at], &state, std::min(sizeof state, size - at));
  }
  return made;
}

std::string say_and_make(std::size_t size) {
  std::cout << "it is made" << std::endl;
  return words(size);
}

}  // namespace

// Around each of Lambda's limits, of a call and of a stream, which are none where there is a store.
void run_sizes(const std::string& function) {
  constexpr std::size_t mebi = std::size_t{1} << 20U;
  lambdapool::LambdaPool pool{{.workers = 1, .lambda_function = function}};
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 6 * mebi - 1, 6 * mebi, 6 * mebi + 1,
                                 200 * mebi - 1, 200 * mebi, 200 * mebi + 1}) {
    const std::string sent = words(size);
    CHECK(pool.apply([](const std::string& text) { return text == words(text.size()); }, sent));
    CHECK(pool.apply(words, size) == sent);
  }
}

// Results without a store: in the stream of their answer, up to Lambda's limit for that.
void run_large(const std::string& function) {
  constexpr std::size_t mebi = std::size_t{1} << 20U, limit = 200 * mebi;
  lambdapool::LambdaPool pool{{.workers = 2, .lambda_function = function}};
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, 4'700'000UL, 6 * mebi - 1, 6 * mebi, 6 * mebi + 1, 20 * mebi})
    CHECK(pool.apply(words, size) == words(size));
  auto later = pool.apply_async(words, 7 * mebi);
  CHECK(later.get() == words(7 * mebi));
  const auto made = pool.map(words, std::vector<std::size_t>{7 * mebi, 3, 8 * mebi}, {.chunksize = 3});
  CHECK(made.size() == 3 && made[0] == words(7 * mebi) && made[1] == words(3) && made[2] == words(8 * mebi));
  CHECK(pool.apply(make, std::size_t{2'000'000}) == Numbers(2'000'000, 0.5));  // which compresses
  CHECK(pool.apply(words, limit - 4'096) == words(limit - 4'096));
  for (const std::size_t size : {limit - 1, limit, limit + 1}) {
    const std::string told = MESSAGE_OF(lambdapool::PayloadTooLarge, pool.apply(words, size));
    CHECK(told.find("result has 209715") != std::string::npos);
    CHECK(told.find("a streamed answer: 209715200 bytes") != std::string::npos);
    CHECK(told.find("LAMBDAPOOL_BUCKET") != std::string::npos);
  }
  const auto outcomes = pool.map_outcomes(words, std::vector<std::size_t>{1, limit, 2}, {.chunksize = 3});
  CHECK(outcomes[0] && !outcomes[1] && outcomes[2]);
  lambdapool::LambdaPool shows{{.workers = 1, .lambda_function = function, .show_output = true}};
  CHECK(shows.apply(say_and_make, 7 * mebi) == words(7 * mebi));
}

// How much memory a result of 150 MB takes here.
void run_peak(const std::string& function) {
  lambdapool::LambdaPool pool{{.workers = 1, .lambda_function = function}};
  CHECK(pool.apply(words, std::size_t{1}).size() == 1);
  const auto peak = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1'024;
  };
  const auto before = peak();
  const std::string made = pool.apply(words, std::size_t{150} << 20U);
  std::cout << made.size() << " " << peak() - before << "\n";
}

// As much as Cloud Run takes of a call, as it is, and what happens to more.
void run_whole(const std::string& function) {
  constexpr std::size_t million = 1'000'000;
  lambdapool::LambdaPool pool{{.workers = 2, .lambda_function = function}};
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, million, 4 * million}) {
    CHECK(pool.apply(sum, Numbers(count, 2)) == 2.0 * static_cast<double>(count));
    CHECK(pool.apply(make, count) == Numbers(count, 0.5));
  }
  CHECK(pool.apply(twice, Numbers(4 * million, 1.5)) == Numbers(4 * million, 3));
  Numbers different(6 * million);
  std::iota(different.begin(), different.end(), 0.1);
  CHECK(MESSAGE_OF(lambdapool::PayloadTooLarge, pool.apply(sum, different))
            .find("33554432 bytes that Cloud Run") != std::string::npos);
  CHECK(MESSAGE_OF(lambdapool::PayloadTooLarge, pool.apply(
                                                    [](std::size_t n) {
                                                      Numbers made(n);
                                                      std::iota(made.begin(), made.end(), 0.1);
                                                      return made;
                                                    },
                                                    6 * million))
            .find("33554432 bytes") != std::string::npos);
}

void run_data(const std::string& function) {
  constexpr std::size_t million = 1'000'000;
  lambdapool::LambdaPool pool{{.workers = 2, .lambda_function = function}};
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, 786'432UL - 1, 786'432UL, 786'432UL + 1, 5 * million}) {
    CHECK(pool.apply(sum, Numbers(count, 2)) == 2.0 * static_cast<double>(count));
    CHECK(pool.apply(make, count) == Numbers(count, 0.5));
  }
  CHECK(pool.apply(twice, Numbers(2 * million, 1.5)) == Numbers(2 * million, 3));
  const std::vector<Numbers> several(12, Numbers(million, 1));  // equal, and stored again and again
  CHECK((pool.map(sum, several) == std::vector<double>(12, million)));
  const auto made = pool.map(make, std::vector<std::size_t>{million, 3, 2 * million});
  CHECK(made.size() == 3 && made[0].size() == million && made[1].size() == 3 &&
        made[2].size() == 2 * million);

  Numbers counted(5 * million);
  std::iota(counted.begin(), counted.end(), 0.0);
  const auto table = pool.share(counted);
  CHECK((*table)[7] == 7);
  CHECK(pool.apply(at, table, std::size_t{4'999'999}) == 4'999'999);
  std::vector<std::tuple<lambdapool::Shared<Numbers>, std::size_t>> rows;
  for (std::size_t i = 0; i < 20; ++i) rows.emplace_back(table, i);
  std::vector<double> expected(20);
  std::iota(expected.begin(), expected.end(), 0.0);
  CHECK(pool.starmap(at, rows) == expected);
  CHECK(pool.map(lambdapool::with([](const lambdapool::Shared<Numbers>& t, int i) { return (*t)[i]; }, table),
                 std::vector<int>{3, 4}) == (std::vector<double>{3, 4}));
  CHECK(pool.apply([](const lambdapool::Shared<Numbers>& t) { return t->size(); }, pool.share(Numbers())) ==
        0);

  run_files(pool);

  lambdapool::LambdaPool one{{.workers = 1, .lambda_function = function}};
  const auto names = one.share(std::map<int, std::string>{{1, "a"}, {2, std::string(100, 'b')}});
  const auto first = one.apply(place, names, 1);
  const auto second = one.apply(place, names, 2);
  CHECK(first.second == 1 && second.second == 100);
  CHECK(first.first == second.first);
}

// Where somebody does harm to what does not fit a call: tells how that ends, and that the pool goes on.
void run_data_fault(const std::string& function, const std::string& of) {
  lambdapool::LambdaPool pool{{.workers = 1, .lambda_function = function}};
  try {
    if (of == "argument") pool.apply(sum, Numbers(1'000'000, 1));
    if (of == "result") pool.apply(make, std::size_t{1'000'000});
    std::cout << "no error\n";
  } catch (const lambdapool::LambdaPoolError& error) {
    std::cout << to_string(error.kind()) << ": " << error.what() << "\n";
  }
  CHECK(pool.apply(sum, Numbers(3, 1)) == 3);
}

// The workers' disk is filled, and has room again, whenever this has said something and waits for a line.
void run_full_disk(const std::string& function, const std::string& path) {
  lambdapool::LambdaPool pool{{.workers = 1, .lambda_function = function}};
  const lambdapool::File file(path);
  const auto wait = [](const std::string& said) {
    std::cout << said << std::endl;
    std::string line;
    std::getline(std::cin, line);
  };
  CHECK(pool.apply(size_of, file) == 2'000'000);
  wait("has room");
  std::string told = "no error";
  try {
    pool.apply(size_of, file);
  } catch (const std::filesystem::filesystem_error& error) {
    told = error.code() == std::errc::no_space_on_device ? error.what() : "another error";
  }
  wait(told);
  CHECK(pool.apply(size_of, file) == 2'000'000);
}
