#include "local/worker/processors.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <thread>

namespace lambdapool::local {
namespace {

constexpr double mb_of_a_processor = 1769;

// What libraries read, and what they look at where it is not set.
struct Variable {
  const char* name;
  const char* else_follows;
};
constexpr Variable thread_variables[] = {
    {"OMP_NUM_THREADS", nullptr},
    {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"},
    {"MKL_NUM_THREADS", "OMP_NUM_THREADS"},
    {"BLIS_NUM_THREADS", "OMP_NUM_THREADS"},
    {"NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS"},
    {"NUMBA_NUM_THREADS", nullptr},
    {"POLARS_MAX_THREADS", nullptr},
    {"RAYON_NUM_THREADS", nullptr},
    {"LOKY_MAX_CPU_COUNT", nullptr},
};

}  // namespace

int processors_of_worker(int memory_mb, std::size_t processors, std::size_t workers) {
  const auto bought = static_cast<std::size_t>(std::lround(memory_mb / mb_of_a_processor));
  const std::size_t share = processors / std::max<std::size_t>(workers, 1);
  return static_cast<int>(std::max<std::size_t>(1, std::min(bought, share)));
}

std::size_t processors_of_machine() {
  const std::size_t allowed = std::max(1u, std::thread::hardware_concurrency());
  double quota = 0, period = 0;
  std::ifstream limit("/sys/fs/cgroup/cpu.max");  // "max 100000" where there is none
  if (!(limit >> quota >> period) || quota <= 0 || period <= 0) return allowed;
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(quota / period)), 1, allowed);
}

void set_thread_variables(std::map<std::string, std::string>& variables, int processors) {
  const auto set_by_the_user = variables;
  for (const auto& [name, else_follows] : thread_variables) {
    if (set_by_the_user.contains(name)) continue;
    if (else_follows && set_by_the_user.contains(else_follows)) continue;
    variables[name] = std::to_string(processors);
  }
}

}  // namespace lambdapool::local
