#include "report/tuning.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lambdapool {
namespace {

const std::vector<Tuned> rows{{128, 3, 0, 0, 0, "out of memory"},
                              {256, 3, 900, 2e-6, 140},
                              {512, 3, 500, 2.5e-6, 141},
                              {1024, 3, 450, 4e-6, 141}};

TEST(Tuning, JudgesOnlySizesThatSufficed) {
  const Tuning tuning(rows);
  EXPECT_EQ(tuning.cheapest()->memory_mb, 256);
  EXPECT_EQ(tuning.fastest()->memory_mb, 1024);
  EXPECT_EQ(tuning.balanced()->memory_mb, 512);
}

TEST(Tuning, IsATable) {
  EXPECT_EQ(Tuning(rows).text(),
            "   MEMORY    ITEM TAKES    1,000 ITEMS COST         USED\n"
            "   128 MB    out of memory\n"
            "   256 MB        900 ms           $0.002000       140 MB\n"
            "   512 MB        500 ms           $0.002500       141 MB\n"
            "  1024 MB        450 ms           $0.004000       141 MB\n"
            "cheapest: 256 MB, fastest: 1024 MB, balanced: 512 MB\n");
}

TEST(Tuning, OfTheTargetLocalSaysThatItsTimesAreNone) {
  EXPECT_NE(Tuning(rows, true).text().find("balanced: 512 MB\n(on the target local"), std::string::npos);
}

TEST(Tuning, HasOfEachSizeWhatItsCallsTookAndCost) {
  report::Ledger ledger;
  for (const double ms : {900.0, 1000.0, 1100.0}) {
    report::Call call;
    call.busy_ms = ms;
    call.times.invocation =
        report::Invocation{.duration_ms = ms, .billed_ms = ms, .memory_mb = 256, .max_memory_used_mb = 140};
    ledger.add(call);
  }
  const Tuned row = report::tuned(256, ledger, {.request = 0, .gb_second = 2}, "");
  EXPECT_EQ(row.items, 3u);
  EXPECT_NEAR(row.item_ms, 1000, 10);
  EXPECT_NEAR(row.item_cost, 0.5, 1e-9);
  EXPECT_EQ(row.max_memory_used_mb, 140);
}

TEST(Tuning, WithoutASizeThatSufficesNamesNone) {
  const Tuning tuning({rows.front()});
  EXPECT_EQ(tuning.cheapest(), nullptr);
  EXPECT_EQ(tuning.text().find("cheapest"), std::string::npos);
  const auto json = nlohmann::json::parse(tuning.json());
  EXPECT_TRUE(json["cheapest"].is_null());
  EXPECT_EQ(json["rows"][0]["failure"], "out of memory");
}

}  // namespace
}  // namespace lambdapool
