#include "local/worker/processors.hpp"

#include <gtest/gtest.h>

namespace lambdapool::local {
namespace {

TEST(WorkerProcessors, AreBoughtByMemoryAsOnLambda) {
  for (const auto& [memory, processors] :
       std::map<int, int>{{128, 1}, {1769, 1}, {3008, 2}, {3538, 2}, {5307, 3}, {7076, 4}, {10'240, 6}}) {
    EXPECT_EQ(processors_of_worker(memory, 64, 1), processors) << memory;
  }
}

TEST(WorkerProcessors, AreAtMostTheShareOfTheMachine) {
  EXPECT_EQ(processors_of_worker(10'240, 4, 1), 4);
  EXPECT_EQ(processors_of_worker(10'240, 8, 4), 2);
  EXPECT_EQ(processors_of_worker(10'240, 2, 8), 1);
  EXPECT_EQ(processors_of_worker(10'240, 2, 0), 2);
  EXPECT_GE(processors_of_machine(), 1u);
}

TEST(WorkerProcessors, AreToldToLibrariesWhereTheFunctionSaysNothing) {
  std::map<std::string, std::string> variables;
  set_thread_variables(variables, 3);
  for (const char* name :
       {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"})
    EXPECT_EQ(variables[name], "3") << name;
}

TEST(WorkerProcessors, AreTheUsersWhereItSetsThem) {
  std::map<std::string, std::string> variables{{"OMP_NUM_THREADS", "5"}, {"POLARS_MAX_THREADS", "7"}};
  set_thread_variables(variables, 1);
  EXPECT_EQ(variables["OMP_NUM_THREADS"], "5");
  EXPECT_EQ(variables["POLARS_MAX_THREADS"], "7");
  EXPECT_FALSE(variables.contains("OPENBLAS_NUM_THREADS")) << "it follows OMP_NUM_THREADS";
  EXPECT_EQ(variables["RAYON_NUM_THREADS"], "1");
}

}  // namespace
}  // namespace lambdapool::local
