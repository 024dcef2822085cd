#include "core/suggestion.hpp"

#include <gtest/gtest.h>

namespace lambdapool {
namespace {

const std::vector<std::string> verbs = {"create", "delete", "doctor", "layer",
                                        "list",   "logs",   "policy", "serve"};

TEST(Suggestion, IsTheNameThatASlipOfTheFingerMeant) {
  for (const auto& [typed, meant] : std::vector<std::pair<std::string, std::string>>{{"crate", "create"},
                                                                                     {"craete", "create"},
                                                                                     {"creates", "create"},
                                                                                     {"delte", "delete"},
                                                                                     {"lsit", "list"},
                                                                                     {"log", "logs"},
                                                                                     {"pollicy", "policy"},
                                                                                     {"sevre", "serve"}})
    EXPECT_EQ(nearest(typed, verbs), meant) << typed;
}

TEST(Suggestion, IsTheNearestOfSeveral) {
  EXPECT_EQ(nearest("worker2", {"worker12", "worker22", "walker2", "work2"}), "worker12");
  EXPECT_EQ(nearest("algoritms", {"logarithms", "algorithms"}), "algorithms");
}

TEST(Suggestion, IsNotMadeWhereNothingIsNear) {
  for (const char* typed : {"deploy", "invoke", "x", "", "ls", "run"})
    EXPECT_EQ(nearest(typed, verbs), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'a'), verbs), std::nullopt);
  EXPECT_EQ(nearest("abc", {}), std::nullopt);
}

TEST(Suggestion, ReadsAsTheEndOfASentence) {
  EXPECT_EQ(suggestion("crate", verbs), ": did you mean 'create'?");
  EXPECT_EQ(suggestion("deploy", verbs), "");
}

}  // namespace
}  // namespace lambdapool
