#include "local/control/router.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "local/control/arn.hpp"
#include "local/invoke/concurrency_gate.hpp"

namespace lambdapool::local {
namespace {

TEST(RouterTest, PathsLeadToOperationsWithTheirPartsDecoded) {
  const auto found = route("POST", "/2015-03-31/functions/f%3A%24LATEST/invocations?Qualifier=a%2Bb+c");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->operation, Operation::invoke);
  EXPECT_EQ(found->parameters, std::vector<std::string>{"f:$LATEST"});
  EXPECT_EQ(found->query_value("Qualifier"), "a+b c");
}

TEST(RouterTest, ATrailingSlashIsTheSamePath) {
  EXPECT_EQ(route("GET", "/2015-03-31/functions/?MaxItems=1")->operation, Operation::list_functions);
}

TEST(RouterTest, AnotherMethodOrDateOrDepthIsNoOperation) {
  for (const auto& [method, target] : {std::pair{"PATCH", "/2015-03-31/functions"},
                                       {"GET", "/2015-03-30/functions"},
                                       {"GET", "/"},
                                       {"GET", ""},
                                       {"GET", "/2015-03-31/functions/f/code/x"},
                                       {"POST", "/2015-03-31/functions//invocations"}}) {
    EXPECT_FALSE(route(method, target)) << method << " " << target;
  }
}

std::string operations_page() {
  std::string page =
      "# Lambda's operations, and what `lambdapool serve` makes of each\n\n"
      "Made from the table that requests are routed by (`src/local/control/operation_table.cpp`); a test "
      "keeps it so.\n"
      "*Kept* means: answered as it was given, without effect. A *refused* one is answered with 400, and "
      "why.\n\n"
      "| operation | | |\n|---|---|---|\n";
  std::map<std::string_view, const OperationEntry*> sorted;
  for (const auto& entry : operations()) sorted[entry.name] = &entry;
  for (const auto& [name, entry] : sorted) {
    const char* support = entry->support == Support::works  ? "works"
                          : entry->support == Support::kept ? "kept without effect"
                                                            : "refused";
    page.append("| ")
        .append(name)
        .append(" | ")
        .append(support)
        .append(" | ")
        .append(entry->note)
        .append(" |\n");
  }
  return page;
}

TEST(OperationTable, IsThePageOfTheDocumentation) {
  const std::string page = operations_page();
  if (std::getenv("LAMBDAPOOL_WRITE_PAGES")) std::ofstream(OPERATIONS_PAGE) << page;
  std::ifstream file(OPERATIONS_PAGE);
  std::ostringstream found;
  found << file.rdbuf();
  EXPECT_EQ(found.str(), page) << "run this test with LAMBDAPOOL_WRITE_PAGES=1";
}

TEST(OperationTable, LeadsEachEntrysPathToIt) {
  for (const auto& entry : operations()) {
    std::string path(entry.path);
    for (auto star = path.find('*'); star != std::string::npos; star = path.find('*'))
      path.replace(star, 1, "x");
    const auto found = route(entry.method, path);
    ASSERT_TRUE(found) << entry.name;
    EXPECT_EQ(found->entry, &entry) << entry.name;
    EXPECT_TRUE(entry.support != Support::refused || !entry.note.empty()) << entry.name;
  }
}

TEST(ArnTest, AQualifierGivenTwiceMustAgree) {
  EXPECT_TRUE(parse_function_reference("f:1", "us-east-1", "1"));
  EXPECT_FALSE(parse_function_reference("f:1", "us-east-1", "2"));
  EXPECT_EQ(parse_function_reference("f", "us-east-1", "live")->qualifier, "live");
}

TEST(ArnTest, WhatIsNoFunctionNameIsRefused) {
  for (const char* text :
       {"", "a b", "a:b:c", ":", "arn:aws:lambda", "arn:aws:s3:us-east-1:000000000000:function:f",
        "f:", "function:", "f/../g", "a:$OLDEST"}) {
    EXPECT_FALSE(parse_function_reference(text, "us-east-1")) << text;
  }
}

TEST(ConcurrencyGateTest, FunctionsWithoutAReservationShareWhatReservationsLeave) {
  ConcurrencyGate gate(10);
  EXPECT_EQ(gate.enter("reserved", 1, 9), ConcurrencyGate::Verdict::admitted);
  EXPECT_EQ(gate.enter("reserved", 1, 9), ConcurrencyGate::Verdict::function_limit);
  EXPECT_EQ(gate.enter("a", {}, 9), ConcurrencyGate::Verdict::admitted);
  EXPECT_EQ(gate.enter("b", {}, 9), ConcurrencyGate::Verdict::account_limit);
  gate.leave("a");
  EXPECT_EQ(gate.enter("b", {}, 9), ConcurrencyGate::Verdict::admitted);
}

TEST(ConcurrencyGateTest, AReservationMadeMeanwhileLosesNoPlace) {
  ConcurrencyGate gate(2);
  EXPECT_EQ(gate.enter("f", {}, 0), ConcurrencyGate::Verdict::admitted);
  EXPECT_EQ(gate.enter("f", 2, 2), ConcurrencyGate::Verdict::admitted);
  gate.leave("f");
  gate.leave("f");
  EXPECT_EQ(gate.enter("a", {}, 0), ConcurrencyGate::Verdict::admitted);
  EXPECT_EQ(gate.enter("a", {}, 0), ConcurrencyGate::Verdict::admitted);
  EXPECT_EQ(gate.enter("a", {}, 0), ConcurrencyGate::Verdict::account_limit);
}

TEST(ConcurrencyGateTest, AReservationOfZeroStopsAFunction) {
  ConcurrencyGate gate(2);
  EXPECT_EQ(gate.enter("f", 0, 0), ConcurrencyGate::Verdict::function_limit);
}

}  // namespace
}  // namespace lambdapool::local
