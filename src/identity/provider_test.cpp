#include "identity/provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>
#include <vector>

namespace lambdapool::identity {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Time start{1'000'000s};

aws::Credentials credentials(const std::string& id, std::optional<Time> expires = {}) {
  return {{id, "secret", "token"}, "a test", expires};
}

// A source that answers when the test lets it, with what the test gives it.
struct Source {
  std::atomic<int> asked{0};
  std::function<Result<aws::Credentials>()> answer = [] { return credentials("NEW", start + 3h); };
  std::promise<void> stopped;
};

class FakeFetcher final : public Fetcher {
 public:
  explicit FakeFetcher(std::shared_ptr<Source> source) : source_(std::move(source)) {}
  Result<aws::Credentials> fetch() override {
    ++source_->asked;
    return source_->answer();
  }
  void stop() override { source_->stopped.set_value(); }

 private:
  std::shared_ptr<Source> source_;
};

class ProviderTest : public testing::Test {
 protected:
  Provider make(std::optional<Time> expires = start + 1h) {
    return Provider(credentials("OLD", expires), std::make_unique<FakeFetcher>(source_),
                    [this] { return now_.load(); });
  }
  static std::string id_of(const Result<Snapshot>& got) {
    return got ? (*got)->identity.access_key_id : got.error().message;
  }

  std::shared_ptr<Source> source_ = std::make_shared<Source>();
  std::atomic<Time> now_ = start;
};

TEST_F(ProviderTest, FixedCredentialsAreHandedOutAndCannotBeRenewed) {
  Provider provider(credentials("FIXED"));
  const auto snapshot = provider.current();
  EXPECT_EQ(snapshot->identity.access_key_id, "FIXED");
  EXPECT_EQ(provider.current(), snapshot);
  const auto renewed = provider.renew(snapshot);
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().kind, ErrorKind::credentials);
  EXPECT_THAT(renewed.error().message, HasSubstr("from a test have expired"));
}

TEST_F(ProviderTest, NothingIsAskedBeforeTheLastQuarterOfAnHour) {
  auto provider = make();
  now_ = start + 44min;
  EXPECT_EQ(provider.current()->identity.access_key_id, "OLD");
  EXPECT_EQ(source_->asked, 0);
}

TEST_F(ProviderTest, InTheLastQuarterOfAnHourOneRenewalGoesOnInTheBackground) {
  std::promise<void> asked;
  std::promise<void> let_go;
  source_->answer = [&] {
    asked.set_value();
    let_go.get_future().wait();
    return credentials("NEW", start + 3h);
  };
  auto provider = make();
  now_ = start + 46min;
  const auto old = provider.current();
  asked.get_future().wait();
  EXPECT_EQ(old->identity.access_key_id, "OLD");
  EXPECT_EQ(provider.current(), old);  // while it lasts, nobody waits for it and nobody starts another
  let_go.set_value();
  EXPECT_EQ(id_of(provider.renew(old)), "NEW");
  EXPECT_EQ(provider.current()->identity.access_key_id, "NEW");
  EXPECT_EQ(source_->asked, 1);
}

TEST_F(ProviderTest, ManyRefusedCallersShareOneRenewal) {
  constexpr int callers = 20;
  std::latch all_ask(callers);
  source_->answer = [&] {
    all_ask.wait();
    return credentials("NEW", start + 3h);
  };
  auto provider = make();
  const auto old = provider.current();
  std::latch told(callers);
  std::atomic<int> new_ones{0};
  for (int i = 0; i < callers; ++i) {
    provider.renew(old, [&](Result<Snapshot> got) {
      if (id_of(got) == "NEW") ++new_ones;
      told.count_down();
    });
    all_ask.count_down();
  }
  told.wait();
  EXPECT_EQ(new_ones, callers);
  EXPECT_EQ(source_->asked, 1);
}

TEST_F(ProviderTest, WhoeverWasRefusedWithOldOnesGetsTheNewOnesAtOnce) {
  auto provider = make();
  const auto old = provider.current();
  EXPECT_EQ(id_of(provider.renew(old)), "NEW");
  EXPECT_EQ(id_of(provider.renew(old)), "NEW");
  EXPECT_EQ(source_->asked, 1);
}

TEST_F(ProviderTest, AFailureIsToldAndHoldsForAFewSeconds) {
  source_->answer = []() -> Result<aws::Credentials> {
    return fail(ErrorKind::credentials, "sign in again");
  };
  auto provider = make();
  const auto old = provider.current();
  EXPECT_EQ(id_of(provider.renew(old)), "sign in again");
  EXPECT_EQ(id_of(provider.renew(old)), "sign in again");
  EXPECT_EQ(source_->asked, 1);
  now_ = start + 6s;
  source_->answer = [] { return credentials("NEW"); };
  EXPECT_EQ(id_of(provider.renew(old)), "NEW");
  EXPECT_EQ(source_->asked, 2);
}

TEST_F(ProviderTest, KeysThatTheServiceRefusedAreNoNewsWhenTheSourceReturnsThem) {
  source_->answer = [] { return credentials("OLD", start + 1h); };
  auto provider = make();
  EXPECT_THAT(id_of(provider.renew(provider.current())), HasSubstr("have expired"));
}

TEST_F(ProviderTest, EndsARenewalThatIsUnderWayAndTellsItsWaiters) {
  source_->answer = [this]() -> Result<aws::Credentials> {
    source_->stopped.get_future().wait();
    return fail(ErrorKind::cancelled, "stopped");
  };
  std::promise<Result<Snapshot>> told;
  {
    auto provider = make();
    provider.renew(provider.current(), [&](Result<Snapshot> got) { told.set_value(std::move(got)); });
  }
  const auto got = told.get_future().get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::cancelled);
}

TEST_F(ProviderTest, MayBeDroppedByTheWaiterItself) {
  auto provider = std::make_shared<Provider>(
      credentials("OLD", start + 1h), std::make_unique<FakeFetcher>(source_), [this] { return now_.load(); });
  const auto old = provider->current();
  std::promise<void> told;
  std::promise<void> handed_over;
  provider->renew(old, [&, held = provider](Result<Snapshot>) mutable {
    handed_over.get_future().wait();
    held.reset();
    told.set_value();
  });
  provider.reset();
  handed_over.set_value();
  told.get_future().wait();
}

}  // namespace
}  // namespace lambdapool::identity
