// Bug reports of other projects about stepped or untrustworthy clocks, as tests by the reports' names.
// tests/events/regression_test.cc has the steps for a scheduler on a clock that steps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/frames/frame_index.h"
#include "masterclock/master_clock.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/providers/chrony.h"
#include "masterclock/sync/providers/kernel.h"
#include "masterclock/sync/providers/linuxptp.h"
#include "masterclock/sync/ptp_time.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::regression_test {
using namespace internal;
namespace {

using namespace std::chrono;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ManualTimeSource;

// --- the clock is stepped ----------------------------------------------------------------------

// A machine whose daemon knows true time, except for the second after a jump.
class SyncFieldNotes : public ::testing::Test {
 protected:
  static constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

  SyncFieldNotes() { pass(0s); }

  void pass(nanoseconds time) {
    truth_ += time;
    machine_.advance(time);
    provider_.set({.state = SyncState::kSynchronized,
                   .error_bound = 1ms,
                   .as_of = machine_.now_steady(),
                   .correction = truth_ - machine_.now_utc()});
    source_.refresh();
  }
  void suspend(nanoseconds asleep) {
    truth_ += asleep;
    machine_.suspend(asleep);
  }
  std::int64_t frame() const { return frame_index(source_.now_utc() - kNoon, k25); }

  ManualTimeSource machine_{kNoon, SteadyTime(1h)};
  SimulatedSyncProvider provider_;
  UtcTime truth_ = kNoon;
  DisciplinedTimeSource source_{machine_, provider_};
  EventScheduler scheduler_{source_};
};

// CasparCG/server#1233: set back, the picture froze, and then ran fast to catch up.
TEST_F(SyncFieldNotes, CasparCG1233SetBackThePictureNeitherFreezesNorRaces) {
  for (int i = 1; i <= 1'000; ++i) {
    if (i == 300) machine_.step_utc(-1h);
    if (i == 600) machine_.step_utc(1h);
    pass(40ms);
    ASSERT_EQ(frame(), i);
  }
}

// CasparCG/server#1457: the same after the machine had slept.
TEST_F(SyncFieldNotes, CasparCG1457AfterSleepItIsRightAtOnceAndGoesOn) {
  std::vector<std::string> announced;
  const auto listening = source_.subscribe([&](const TimeChange& change) {
    if (change.kind != TimeChange::Kind::kAdvance) announced.push_back(to_string(change.kind));
  });
  pass(40ms);
  suspend(8h);
  for (int i = 2; i <= 100; ++i) {
    pass(40ms);
    ASSERT_EQ(frame(), i + 8 * 3'600 * 25);
  }
  EXPECT_THAT(announced, ElementsAre("suspend"));
}

// airbus/sen#198: a forward jump walked eight million periods one by one.
TEST_F(SyncFieldNotes, AirbusSen198AForwardJumpIsOneStepAndOneOccurrence) {
  constexpr seconds kJump = 8'000'000s;
  ASSERT_TRUE(scheduler_.schedule({.due = kNoon + 1s, .repeat = Every{1s}}).ok());
  int steps = 0;
  const auto listening = source_.subscribe(
      [&](const TimeChange& change) { steps += change.kind == TimeChange::Kind::kStep; });
  machine_.step_utc(kJump);
  truth_ += kJump;  // the machine had been wrong, and so had its daemon
  pass(1s);
  for (int i = 0; i < 600 && steps == 0; ++i) pass(1s);  // until it is believed
  ASSERT_EQ(steps, 1);
  EXPECT_EQ(source_.now_utc(), truth_);
  EXPECT_EQ(scheduler_.trigger().size(), 1u);
}

// Bosma/Scheduler#22: "every" stopped when the system's time was set to the past.
TEST_F(SyncFieldNotes, BosmaScheduler22EveryMinuteOfUtcGoesOnWhenTheMachineIsSetBack) {
  ASSERT_TRUE(scheduler_.schedule({.due = kNoon + 1min, .repeat = Every{1min}}).ok());
  for (int minute = 1; minute <= 10; ++minute) {
    if (minute == 5) machine_.set_utc(sys_days(2020y / January / 1));
    pass(1min);
    ASSERT_EQ(scheduler_.trigger().size(), 1u) << minute;
  }
}

// eBay/NuRaft#611: time-outs ran off much too early or much too late.
TEST_F(SyncFieldNotes, NuRaft611ATimeOutNoticesNoStepAndNoHold) {
  ASSERT_TRUE(scheduler_.schedule({.id = "time-out", .due = After{2s}}).ok());
  machine_.step_utc(24h);
  pass(1s);
  truth_ -= 10s;  // UTC turns out to be earlier: the clock is held
  provider_.set({});
  machine_.step_utc(-48h);
  pass(1s - 1ns);
  EXPECT_THAT(scheduler_.trigger(), IsEmpty());
  pass(1ns);
  EXPECT_EQ(scheduler_.trigger().size(), 1u);
}

// ontime#455: the clock stood still from midnight on.
TEST_F(SyncFieldNotes, Ontime455ItGoesOnAfterMidnightWhateverItIsCorrectedBy) {
  for (const nanoseconds error : {nanoseconds(0), nanoseconds(100ms), nanoseconds(-100ms)}) {
    ManualTimeSource machine(sys_days(2026y / November / 21) - 2s);
    DisciplinedTimeSource source(machine, provider_);
    provider_.set({.state = SyncState::kSynchronized,
                   .error_bound = 1s,
                   .as_of = machine.now_steady(),
                   .correction = error});
    source.refresh();
    std::vector<std::int64_t> shown;
    for (int i = 0; i < 4; ++i) {
      machine.advance(1s);
      const UtcTime now = round<seconds>(source.now_utc());
      shown.push_back((now - floor<days>(now)) / 1s);
    }
    EXPECT_THAT(shown, ElementsAre(86'399, 0, 1, 2)) << error.count();
  }
}

// "A scoreboard clock that reads the wall clock gains or loses the step."
TEST_F(SyncFieldNotes, AScoreboardNeitherGainsNorLosesTheStep) {
  const UtcTime whistle = source_.now_utc();
  for (const nanoseconds step : {nanoseconds(7s), nanoseconds(-90s), nanoseconds(1h)}) {
    pass(10s);
    machine_.step_utc(step);
  }
  pass(15s);
  EXPECT_EQ(source_.now_utc() - whistle, 45s);
}

// --- trusted too far ---------------------------------------------------------------------------

// ptp4l keeps a card to TAI: no offset, 2 us of path, a grandmaster good to 100 ns.
PtpStatus slave() {
  PtpStatus ptp;
  ptp.last_sync = 1'037s;
  ptp.grandmaster_present = true;
  ptp.grandmaster_accuracy = 0x21;
  ptp.mean_path_delay = 2us;
  ptp.utc_offset = 37;
  ptp.ptp_timescale = true;
  ptp.software_clock = false;
  ptp.ports = ptp.port = 1;
  ptp.port_state = PtpPortState::kSlave;
  ptp.sync_interval = 125ms;
  return ptp;
}

// Eyevinn/strom#33: "Synced", with no master anywhere.
TEST(SyncFieldNotesOfTrust, EyevinnStrom33NothingIsSyncedWithoutAMaster) {
  ManualTimeSource machine(UtcTime(1'000s));
  MasterClock alone(machine);
  alone.refresh_sync();
  EXPECT_EQ(alone.now_bounded().state, SyncState::kUnknown);
  EXPECT_FALSE(alone.now_bounded().require(nanoseconds::max()).ok());

  internal::ChronyRule rule{ChronyOptions()};
  ChronyTracking itself;  // chronyd's `local`: it follows itself, without a fault
  itself.leap = ChronyTracking::Leap::kNormal;
  itself.reference_id = 0x7f7f0101;
  EXPECT_NE(rule.answered(itself, machine.now_utc(), machine.now_steady()).state,
            SyncState::kSynchronized);
  EXPECT_NE(rule.answered({}, machine.now_utc(), machine.now_steady()).state,
            SyncState::kSynchronized);
}

// nmos-cpp#208: a hard-coded 37 s.
TEST(SyncFieldNotesOfTrust, NmosCpp208ThirtySevenSecondsAreNoConstant) {
  constexpr UtcTime kTime(1'000s);
  EXPECT_EQ(ptp_time(kTime, {}), std::nullopt);
  EXPECT_EQ(ptp_time(kTime, {.tai_offset = 38}), TaiTime(1'038s));
  EXPECT_FALSE(ptp_time_of_day({TaiTime(1'000s), 0}).ok());
}

// GstPtpClock parses the offset from UTC and ignores it.
TEST(SyncFieldNotesOfTrust, GstPtpClockTheOffsetThatWasToldIsUsed) {
  for (const int announced : {36, 37, 38}) {
    EXPECT_EQ(ptp_time(UtcTime(1'000s), {.tai_offset = announced}),
              TaiTime(1'000s + seconds(announced)));
    EXPECT_EQ(*ptp_time_of_day({TaiTime(1'000s + seconds(announced)), announced}),
              TaiTime(1'000s + seconds(announced)));
    PtpStatus ptp = slave();
    ptp.utc_offset = announced;
    internal::LinuxPtpRule rule({.corrects_the_clock = false});
    const PhcReading card{1'037s, 37s, 0ns};  // the card is 37 s ahead of the system
    const SyncReading reading = rule.answered(ptp, card, UtcTime(1'000s), SteadyTime(1h));
    EXPECT_EQ(reading.correction, 37s - seconds(announced));
    EXPECT_EQ(reading.tai_offset, announced);
  }
}

// clock-bound#12: the error of the network card's clock was missing in the bound. chronyd does not know
// that error, and ptp4l does not know the distance between card and system clock.
TEST(SyncFieldNotesOfTrust, ClockBound12TheCardsErrorIsInTheBound) {
  ChronyTracking tracking;
  tracking.leap = ChronyTracking::Leap::kNormal;
  tracking.reference_id = 0x50484330;  // "PHC0"
  tracking.last_update = UtcTime(1'000s);
  tracking.root_delay = 10us;
  tracking.root_dispersion = 20us;
  tracking.slow_by = -3us;
  ChronyOptions with_card;
  with_card.reference_error = 50us;
  const auto chrony = [&](const ChronyOptions& options) {
    internal::ChronyRule rule(options);
    return rule.answered(tracking, UtcTime(1'000s), SteadyTime(1h)).error_bound;
  };
  EXPECT_EQ(chrony({}), 28us) << "half the delay, the dispersion, and what is left to correct";
  EXPECT_EQ(chrony(with_card), 78us);

  const auto linuxptp = [](nanoseconds card_error) {
    const PhcReading card{1'037s, 37s, card_error};
    internal::LinuxPtpRule rule{LinuxPtpOptions()};
    return rule.answered(slave(), card, UtcTime(1'000s), SteadyTime(1h)).error_bound;
  };
  EXPECT_EQ(linuxptp(0ns), 2'100ns) << "the path, and the grandmaster's accuracy";
  EXPECT_EQ(linuxptp(900ns), 3us);
}

#if defined(__linux__)
// systemd trusts maxerror, since STA_UNSYNC misleads under chrony.
TEST(SyncFieldNotesOfTrust, SystemdMaxerrorDecidesAndNotStaUnsync) {
  timex kernel{};
  kernel.maxerror = 80;
  kernel.status = STA_UNSYNC;
  EXPECT_EQ(sync_reading(kernel, SteadyTime(1h)).state, SyncState::kSynchronized);
  kernel.maxerror = 16'000'000;
  kernel.status = STA_PLL;
  EXPECT_EQ(sync_reading(kernel, SteadyTime(1h)).state, SyncState::kUnknown);
}
#endif

// "CLOCK_TAI equals CLOCK_REALTIME until a daemon sets the offset."
TEST(SyncFieldNotesOfTrust, ClockTaiThatEqualsClockRealtimeIsNoTimeOfDay) {
  EXPECT_EQ(ptp_time_of_day({TaiTime(1'000s), 0}).status().code(),
            absl::StatusCode::kFailedPrecondition);
#if defined(__linux__)
  timex kernel{};
  kernel.maxerror = 80;
  EXPECT_EQ(sync_reading(kernel, SteadyTime(1h)).tai_offset, std::nullopt);
#endif
}

}  // namespace
}  // namespace masterclock::regression_test
