#include "masterclock/sync/providers/linuxptp.h"

#include <gtest/gtest.h>

#include <string>

#include "masterclock/testing/manual_time_source.h"

namespace masterclock::linuxptp_sync_provider_test {
using namespace internal;
namespace {

using namespace std::chrono;

constexpr UtcTime kNow(1'000'000s);
constexpr SteadyTime kSteady(50s);

// A slave in software, 300 ns ahead of a grandmaster that is good to 100 ns, 2 us away; its last Sync
// came 100 ms ago.
PtpStatus slave() {
  PtpStatus ptp;
  ptp.offset = 300ns;
  ptp.last_sync = kNow.time_since_epoch() - 100ms;
  ptp.grandmaster_present = true;
  ptp.grandmaster = 0x16895ffffe9cfcf6;
  ptp.mean_path_delay = 2us;
  ptp.grandmaster_accuracy = 0x21;
  ptp.utc_offset = 37;
  ptp.ptp_timescale = true;
  ptp.ports = ptp.port = 1;
  ptp.port_state = PtpPortState::kSlave;
  ptp.sync_interval = 125ms;
  return ptp;
}

SyncReading first_reading(const PtpStatus& ptp, const LinuxPtpOptions& options = {},
                          const std::optional<PhcReading>& card = std::nullopt) {
  return internal::LinuxPtpRule(options).answered(ptp, card, kNow, kSteady);
}

TEST(LinuxPtpRule, StatesItsBound) {
  const SyncReading reading = first_reading(slave());
  EXPECT_EQ(reading.state, SyncState::kSynchronized);
  EXPECT_EQ(reading.error_bound, 300ns + 2us + 100ns);
  EXPECT_EQ(reading.correction, 0ns);
  EXPECT_EQ(reading.as_of, kSteady - 100ms);
  EXPECT_EQ(reading.tai_offset, 37);
  EXPECT_EQ(reading.provenance, "linuxptp: grandmaster 16895f.fffe.9cfcf6");
}

TEST(LinuxPtpRule, AnUnstatedAccuracyIsTheCallers) {
  PtpStatus ptp = slave();
  ptp.grandmaster_accuracy = 0xfe;
  EXPECT_EQ(first_reading(ptp).error_bound, 2'300ns + 1ms);
  EXPECT_EQ(first_reading(ptp, {.unstated_accuracy = 5us}).error_bound, 2'300ns + 5us);
}

// 300 ns ahead of the master: 300 ns too much.
TEST(LinuxPtpRule, CorrectsAClockThatNoDaemonCorrects) {
  PtpStatus ptp = slave();
  ptp.port_state = PtpPortState::kUncalibrated;  // which it stays under free_running
  const SyncReading reading = first_reading(ptp, {.corrects_the_clock = false});
  EXPECT_EQ(reading.state, SyncState::kSynchronized);
  EXPECT_EQ(reading.correction, -300ns);
  EXPECT_EQ(reading.error_bound, 2us + 100ns);

  ptp.mean_path_delay = 0ns;  // not measured yet: neither is the offset
  EXPECT_EQ(first_reading(ptp, {.corrects_the_clock = false}).provenance,
            "linuxptp: not locked yet");
}

// clock-bound#12: the system's clock is not the card's. It is 4 us behind it here, TAI aside, and that is
// known to 60 ns.
TEST(LinuxPtpRule, TheCardsDistanceIsPartOfTheBound) {
  PtpStatus ptp = slave();
  ptp.software_clock = false;
  const nanoseconds card_time = kNow.time_since_epoch() + 37s + 4us;
  ptp.last_sync = card_time - 100ms;
  const PhcReading card{card_time, 37s + 4us, 60ns};
  const SyncReading kept = first_reading(ptp, {}, card);
  EXPECT_EQ(kept.state, SyncState::kSynchronized);
  // The card is 300 ns ahead, the system 4 us behind the card: 3.7 us behind UTC.
  EXPECT_EQ(kept.error_bound, 3'700ns + 2us + 100ns + 60ns);
  EXPECT_EQ(kept.correction, 0ns);
  EXPECT_EQ(kept.as_of, kSteady - 100ms);
  const SyncReading measured = first_reading(ptp, {.corrects_the_clock = false}, card);
  EXPECT_EQ(measured.correction, 3'700ns);
  EXPECT_EQ(measured.error_bound, 2us + 100ns + 60ns);

  const SyncReading unread = first_reading(ptp);
  EXPECT_EQ(unread.state, SyncState::kUnknown);
  EXPECT_EQ(unread.provenance, "linuxptp: no hardware clock");
}

TEST(LinuxPtpRule, SaysWhyItDoesNotKnow) {
  const auto change = [](auto edit) {
    PtpStatus ptp = slave();
    edit(ptp);
    return ptp;
  };
  const struct {
    PtpStatus ptp;
    const char* provenance;
  } cases[] = {
      {change([](PtpStatus& p) { p.port_state = PtpPortState::kListening; }),
       "linuxptp: no master"},
      {change([](PtpStatus& p) { p.port_state = PtpPortState::kFaulty; }), "linuxptp: no master"},
      {change([](PtpStatus& p) { p.port_state = PtpPortState::kMaster; }),
       "linuxptp: is a master itself"},
      {change([](PtpStatus& p) { p.grandmaster_present = false; }), "linuxptp: no grandmaster"},
      {change([](PtpStatus& p) { p.port_state = PtpPortState::kUncalibrated; }),
       "linuxptp: not locked yet"},
      {change([](PtpStatus& p) { p.last_sync = 0ns; }), "linuxptp: not locked yet"},
      {change([](PtpStatus& p) { p.utc_offset.reset(); }), "linuxptp: UTC offset not valid"},
  };
  for (const auto& c : cases) {
    const SyncReading first = first_reading(c.ptp);
    EXPECT_EQ(first.state, SyncState::kUnknown) << c.provenance;
    EXPECT_EQ(first.provenance, c.provenance);

    internal::LinuxPtpRule rule{LinuxPtpOptions{}};
    ASSERT_EQ(rule.answered(slave(), std::nullopt, kNow, kSteady).state, SyncState::kSynchronized);
    const SyncReading then = rule.answered(c.ptp, std::nullopt, kNow + 1ms, kSteady + 1ms);
    EXPECT_EQ(then.state, SyncState::kFreeRunning) << c.provenance;
    EXPECT_EQ(then.error_bound, 2'400ns);
    EXPECT_EQ(then.as_of, kSteady - 100ms);
    EXPECT_EQ(then.provenance, c.provenance);
  }
}

// The grandmaster keeps an arbitrary timescale. Between system clocks that is UTC, as ptp4l(8) says. A
// card's timescale is then not defined.
TEST(LinuxPtpRule, AnArbitraryTimescaleHasNoTai) {
  PtpStatus ptp = slave();
  ptp.ptp_timescale = false;
  ptp.utc_offset.reset();
  const SyncReading reading = first_reading(ptp);
  EXPECT_EQ(reading.state, SyncState::kSynchronized);
  EXPECT_EQ(reading.tai_offset, std::nullopt);

  ptp.software_clock = false;
  const SyncReading card =
      first_reading(ptp, {}, PhcReading{kNow.time_since_epoch() + 4us, 4us, 60ns});
  EXPECT_EQ(card.state, SyncState::kUnknown);
  EXPECT_EQ(card.provenance, "linuxptp: arbitrary timescale");
}

// Eight Syncs of 125 ms are a second, which is the least; the last came 100 ms ago.
TEST(LinuxPtpRule, SyncsThatStopAndADaemonThatDiesAreAlike) {
  const struct {
    nanoseconds after;
    SyncState state;
  } cases[] = {
      {900ms, SyncState::kSynchronized},
      {900ms + 1ns, SyncState::kFreeRunning},
      {24h - 100ms, SyncState::kFreeRunning},
      {24h - 99ms, SyncState::kUnknown},
  };
  for (const auto& c : cases) {
    internal::LinuxPtpRule rule{LinuxPtpOptions{}};
    ASSERT_EQ(rule.answered(slave(), std::nullopt, kNow, kSteady).state, SyncState::kSynchronized);
    const SyncReading silent = rule.silent(kSteady + c.after, absl::UnavailableError(""));
    EXPECT_EQ(silent.state, c.state);
    EXPECT_EQ(silent.provenance, "linuxptp: no answer");
    EXPECT_EQ(rule.answered(slave(), std::nullopt, kNow + c.after, kSteady + c.after).state,
              c.state);
  }
  EXPECT_EQ(
      internal::LinuxPtpRule(LinuxPtpOptions{}).silent(kSteady, absl::UnavailableError("")).state,
      SyncState::kUnknown);
}

TEST(LinuxPtpRule, NoAnswerIsTooStrange) {
  PtpStatus ptp = slave();
  ptp.offset = nanoseconds::min();
  ptp.last_sync = nanoseconds::max();
  ptp.mean_path_delay = nanoseconds::max();
  EXPECT_EQ(first_reading(ptp).error_bound, nanoseconds::max());
  ptp.software_clock = false;
  const PhcReading card{nanoseconds::min(), nanoseconds::min(), nanoseconds::max()};
  EXPECT_EQ(first_reading(ptp, {.corrects_the_clock = false}, card).error_bound,
            nanoseconds::max());
}

TEST(LinuxPtpSyncProvider, SaysWhyItHeardNothing) {
  testing::ManualTimeSource source(kNow, kSteady);
  LinuxPtpSyncProvider provider(source, {.address = "/no/such/folder/ptp4l"});
  const SyncReading reading = provider.read();
  EXPECT_EQ(reading.state, SyncState::kUnknown);
  EXPECT_EQ(reading.as_of, kSteady);
  EXPECT_EQ(reading.provenance, "linuxptp: no answer");
  EXPECT_EQ(provider.status().code(), absl::StatusCode::kNotFound) << provider.status();
}

}  // namespace
}  // namespace masterclock::linuxptp_sync_provider_test
