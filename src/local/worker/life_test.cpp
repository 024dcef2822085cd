#include "local/worker/life.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace lambdapool::local {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Do = Life::Do;
using State = Life::State;

constexpr int exit_1 = 1 << 8;

// A life whose clock is the test's.
class LifeTest : public testing::Test {
 protected:
  LifeTest() {
    EXPECT_THAT(life.launch(now), ElementsAre(Do::launch));
    pass(1s);  // what it takes to start a process is not the function's time
    life.started(now);
  }

  void pass(Life::Clock::duration time) { now += time; }
  void become_idle() { EXPECT_THAT(life.ready(now), ElementsAre(Do::offer)); }
  void become_busy() {
    become_idle();
    life.invoked(now);
  }
  void become_returning() {
    become_busy();
    EXPECT_THAT(life.answered(now, Life::Memory::within), ElementsAre(Do::answer));
  }
  void become_failing() { life.init_failed(now, {.type = "Init.Bad", .reason = "", .payload = "{}"}); }
  void become(State state) {
    if (state == State::failing) become_failing();
    if (state == State::idle) become_idle();
    if (state == State::busy) become_busy();
    if (state == State::returning) become_returning();
    ASSERT_EQ(life.state(), state);
  }
  Life::Deeds exit(int wait_status) { return life.exited(now, {wait_status, false}); }
  Life::Deeds due() {
    now = *life.deadline();
    return life.due(now);
  }

  Life::Time now{};
  Life life{{10s, 3s}};
};

// What comes of a worker's end depends on what it was doing.
struct End {
  State state;
  std::vector<Do> deeds;
  const char* type;  // of the verdict
};
class LifeEnds : public LifeTest, public testing::WithParamInterface<End> {};

TEST_P(LifeEnds, ByItself) {
  become(GetParam().state);
  EXPECT_EQ(exit(exit_1), GetParam().deeds);
  EXPECT_EQ(life.state(), State::dead);
  EXPECT_EQ(life.verdict().type, GetParam().type);
  EXPECT_EQ(life.crashed(), GetParam().state == State::busy);
  EXPECT_EQ(life.deadline(), std::nullopt);
  EXPECT_THAT(exit(exit_1), IsEmpty()) << "once";
}

TEST_P(LifeEnds, BecauseAnExtensionFails) {
  become(GetParam().state);
  EXPECT_THAT(life.failed(now, {"Extension.Crash", "exit status 1"}), ElementsAre(Do::kill));
  EXPECT_EQ(life.state(), State::dying);
  EXPECT_THAT(life.failed(now, {"Extension.Crash", "another"}), IsEmpty());
  EXPECT_EQ(exit(SIGKILL), GetParam().deeds);
  EXPECT_EQ(life.verdict().type, GetParam().state == State::failing ? "Init.Bad" : "Extension.Crash");
}

TEST_P(LifeEnds, ByItselfWhileExtensionsStillRun) {
  become(GetParam().state);
  EXPECT_THAT(life.exiting(now, {exit_1, false}), ElementsAre(Do::kill));
  EXPECT_EQ(life.state(), State::dying);
  EXPECT_EQ(exit(SIGKILL), GetParam().deeds);
  EXPECT_EQ(life.verdict().type, GetParam().type);
}

TEST_F(LifeTest, TheTypeThatARuntimeReportedIsItsEnds) {
  become_busy();
  EXPECT_THAT(life.exited(now, {exit_1, false, "Extension.ExitError"}), ElementsAre(Do::fail, Do::end));
  EXPECT_EQ(life.verdict().type, "Extension.ExitError");
}

TEST_P(LifeEnds, BecauseNobodyWantsIt) {
  become(GetParam().state);
  const auto before = life.is_coming();
  EXPECT_THAT(life.stop(now), ElementsAre(Do::kill));
  EXPECT_EQ(life.state(), State::dying);
  EXPECT_EQ(life.is_coming(), before && GetParam().state != State::returning);
  EXPECT_THAT(life.stop(now), IsEmpty());
  EXPECT_EQ(exit(SIGKILL), GetParam().deeds);
  EXPECT_EQ(life.verdict().type, GetParam().type);
}

TEST_P(LifeEnds, AtTheLatestSecondsAfterItWasKilled) {
  become(GetParam().state);
  life.stop(now);
  EXPECT_EQ(*life.deadline(), now + 5s);
  EXPECT_EQ(due(), GetParam().deeds) << "its process hangs in the kernel";
  EXPECT_THAT(exit(SIGKILL), IsEmpty());
}

TEST_P(LifeEnds, WithWhatHadStartedIt) {
  become(GetParam().state);
  EXPECT_EQ(life.lost(now, "the supervisor process ended"), GetParam().deeds);
  const bool our_fault = GetParam().state == State::starting;
  EXPECT_EQ(life.verdict().cause,
            our_fault ? InvocationError::Cause::machinery : InvocationError::Cause::function);
}

TEST_P(LifeEnds, WithTheService) {
  become(GetParam().state);
  const bool invoked = GetParam().state == State::busy;
  EXPECT_EQ(life.abandon(), invoked ? Life::Deeds{Do::fail} : Life::Deeds{});
  EXPECT_THAT(life.verdict().reason, HasSubstr("was shut down while the function ran"));
  EXPECT_THAT(exit(0), IsEmpty());
  EXPECT_THAT(life.abandon(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, LifeEnds,
                         testing::Values(End{State::starting, {Do::fail_start, Do::end}, "Runtime.ExitError"},
                                         End{State::failing, {Do::fail_start, Do::end}, "Init.Bad"},
                                         End{State::idle, {Do::end}, "Runtime.ExitError"},
                                         End{State::busy, {Do::fail, Do::end}, "Runtime.ExitError"},
                                         End{State::returning, {Do::end}, "Runtime.ExitError"}));

TEST_F(LifeTest, GoesFromInvocationToInvocation) {
  become_returning();
  EXPECT_EQ(*life.deadline(), now + 3s) << "its time runs until it asks for the next";
  pass(1s);
  become_idle();
  EXPECT_EQ(life.idle_since(), now);
  EXPECT_EQ(life.deadline(), std::nullopt) << "idle as long as it likes";
  life.invoked(now);
  EXPECT_EQ(life.begun(), now);
  EXPECT_EQ(*life.deadline(), now + 3s);
}

TEST_F(LifeTest, IsOfferedOnceHoweverOftenItAsks) {
  become_idle();
  EXPECT_THAT(life.ready(now), IsEmpty());
  life.invoked(now);
  EXPECT_THAT(life.ready(now), IsEmpty());
  EXPECT_EQ(life.state(), State::busy);
}

TEST_F(LifeTest, MayBeReadyBeforeItsStartIsReported) {
  Life fast({10s, 3s});
  fast.launch(now);
  fast.ready(now);
  fast.started(now);
  EXPECT_EQ(fast.state(), State::idle);
  EXPECT_EQ(fast.deadline(), std::nullopt);
}

TEST_F(LifeTest, IsComingWhileItStartsAndWhileItReturns) {
  EXPECT_TRUE(life.is_coming());
  become_idle();
  EXPECT_FALSE(life.is_coming());
  life.invoked(now);
  EXPECT_FALSE(life.is_coming());
  life.answered(now, Life::Memory::within);
  EXPECT_TRUE(life.is_coming());
}

TEST_F(LifeTest, ThatCouldNotBeginIsAFailedStart) {
  EXPECT_THAT(life.not_started(no_bootstrap()), ElementsAre(Do::fail_start, Do::end));
  EXPECT_EQ(life.verdict().type, "Runtime.InvalidEntrypoint");
  EXPECT_THAT(life.not_started(no_bootstrap()), IsEmpty());
}

TEST_F(LifeTest, IsGivenASecondInitOnTheTimeOfTheInvocation) {
  EXPECT_EQ(*life.deadline(), now + 10s);
  EXPECT_THAT(life.due(now + 9s), IsEmpty()) << "a timer may fire early";
  EXPECT_THAT(due(), ElementsAre(Do::kill));
  EXPECT_TRUE(life.is_coming());
  EXPECT_THAT(life.ready(now), IsEmpty()) << "too late: it is being killed";
  EXPECT_THAT(exit(SIGKILL), ElementsAre(Do::launch));
  EXPECT_EQ(life.state(), State::starting);
  EXPECT_EQ(life.deadline(), std::nullopt);
  EXPECT_TRUE(life.restarted());

  pass(1s);
  life.started(now);
  const auto launched = now;
  EXPECT_EQ(*life.deadline(), launched + 3s);
  pass(2s);
  become_busy();
  EXPECT_EQ(life.begun(), launched);
  EXPECT_EQ(*life.deadline(), launched + 3s) << "what init took is gone";
  EXPECT_FALSE(life.restarted()) << "the next invocation has its time for itself";
}

TEST_F(LifeTest, WhoseSecondInitTakesTooLongTooTimesOut) {
  due();
  exit(SIGKILL);
  life.started(now);
  EXPECT_THAT(due(), ElementsAre(Do::kill));
  EXPECT_THAT(exit(SIGKILL), ElementsAre(Do::fail_start, Do::end));
  EXPECT_THAT(life.verdict().reason, HasSubstr("Task timed out after 3.00 seconds"));
}

TEST_F(LifeTest, IsNotStartedAgainOnceNobodyWantsIt) {
  due();
  EXPECT_THAT(life.stop(now), IsEmpty()) << "it is being killed already";
  EXPECT_THAT(exit(SIGKILL), ElementsAre(Do::fail_start, Do::end));
}

TEST_F(LifeTest, LostWhileItWasToStartAgainIsLost) {
  due();
  EXPECT_THAT(life.lost(now, "gone"), ElementsAre(Do::fail_start, Do::end));
  EXPECT_EQ(life.verdict().cause, InvocationError::Cause::machinery);
}

TEST_F(LifeTest, AFailedInitHasTwoSecondsToEndByItself) {
  become_failing();
  EXPECT_EQ(*life.deadline(), now + 2s);
  EXPECT_THAT(life.ready(now), IsEmpty());
  EXPECT_THAT(due(), ElementsAre(Do::kill));
  EXPECT_THAT(exit(SIGKILL), ElementsAre(Do::fail_start, Do::end));
  EXPECT_EQ(life.verdict().payload, "{}") << "what the runtime reported";
}

TEST_F(LifeTest, AnInitThatFailsAfterItHasSucceededSaysNothing) {
  become_busy();
  become_failing();
  EXPECT_EQ(life.state(), State::busy);
}

TEST_F(LifeTest, OutOfTimeIsKilledAndItsAnswerComesTooLate) {
  become_busy();
  EXPECT_THAT(due(), ElementsAre(Do::kill));
  EXPECT_THAT(life.answered(now, Life::Memory::within), IsEmpty());
  EXPECT_THAT(exit(SIGKILL), ElementsAre(Do::fail, Do::end));
  EXPECT_EQ(life.verdict().type, "Sandbox.Timedout");
  EXPECT_TRUE(life.crashed());
}

TEST_F(LifeTest, ThatDoesNotComeBackInTimeIsKilledAndOwesNothing) {
  become_returning();
  EXPECT_THAT(due(), ElementsAre(Do::kill));
  EXPECT_THAT(life.ready(now), IsEmpty());
  EXPECT_THAT(exit(SIGKILL), ElementsAre(Do::end));
  EXPECT_FALSE(life.crashed());
}

TEST_F(LifeTest, OverItsMemoryIsKilledWhereverThatIsSeen) {
  become_busy();
  EXPECT_THAT(life.over_memory(now), ElementsAre(Do::kill));
  EXPECT_THAT(life.over_memory(now), IsEmpty());
  EXPECT_THAT(exit(SIGKILL), ElementsAre(Do::fail, Do::end));
  EXPECT_EQ(life.verdict().type, "Runtime.OutOfMemory");

  Life answered({10s, 3s});
  answered.launch(now);
  answered.ready(now);
  answered.invoked(now);
  EXPECT_THAT(answered.answered(now, Life::Memory::exceeded), ElementsAre(Do::kill));
  EXPECT_THAT(answered.exited(now, {SIGKILL, false}), ElementsAre(Do::fail, Do::end));
  EXPECT_EQ(answered.verdict().type, "Runtime.OutOfMemory");

  Life killed_by_the_kernel({10s, 3s});
  killed_by_the_kernel.launch(now);
  EXPECT_THAT(killed_by_the_kernel.exited(now, {SIGKILL, true}), ElementsAre(Do::fail_start, Do::end));
  EXPECT_EQ(killed_by_the_kernel.verdict().type, "Runtime.OutOfMemory");
}

TEST_F(LifeTest, OverItsMemoryWhileIdleIsLeftAlone) {
  become_idle();
  EXPECT_THAT(life.over_memory(now), IsEmpty());
  life.invoked(now);
  life.answered(now, Life::Memory::within);
  EXPECT_THAT(life.over_memory(now), IsEmpty());
}

TEST_F(LifeTest, TheFirstVerdictStands) {
  become_busy();
  due();
  EXPECT_THAT(life.over_memory(now), IsEmpty());
  exit(SIGKILL);
  EXPECT_EQ(life.verdict().type, "Sandbox.Timedout");

  Life failing({10s, 3s});
  failing.launch(now);
  failing.init_failed(now, {"Init.Bad", "no"});
  EXPECT_THAT(failing.over_memory(now), ElementsAre(Do::kill));
  failing.exited(now, {SIGKILL, true});
  EXPECT_EQ(failing.verdict().type, "Init.Bad");
}

TEST_F(LifeTest, StartsAndReportsOfTheDyingChangeNothing) {
  life.stop(now);
  life.started(now);
  become_failing();
  EXPECT_EQ(life.state(), State::dying);
  EXPECT_EQ(*life.deadline(), now + 5s);
  EXPECT_THAT(life.ready(now), IsEmpty());
}

}  // namespace
}  // namespace lambdapool::local
