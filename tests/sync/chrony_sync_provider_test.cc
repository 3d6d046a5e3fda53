#include "masterclock/sync/providers/chrony.h"

#include <gtest/gtest.h>

#include <string>

#include "masterclock/sync/bounded_clock.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::chrony_sync_provider_test {
using namespace internal;
namespace {

using namespace std::chrono;

constexpr UtcTime kStart(1'000'000s);

ChronyTracking tracking(UtcTime last_update) {
  ChronyTracking result;
  result.reference_id = 0xcb007105;
  result.reference = "203.0.113.5";
  result.stratum = 3;
  result.leap = ChronyTracking::Leap::kNormal;
  result.last_update = last_update;
  result.slow_by = -30us;
  result.root_delay = 2ms;
  result.root_dispersion = 500us;
  result.update_interval = 64s;
  return result;
}

class ChronyRule : public ::testing::Test {
 protected:
  SyncReading answered(const ChronyTracking& said) {
    return rule.answered(said, source.now_utc(), source.now_steady());
  }
  SyncReading silent() { return rule.silent(source.now_steady(), absl::UnavailableError("")); }

  testing::ManualTimeSource source{kStart, SteadyTime(50s)};
  internal::ChronyRule rule{ChronyOptions{}};
};

TEST_F(ChronyRule, StatesTheBoundThatChronyDocuments) {
  const SyncReading reading = answered(tracking(kStart - 10s));
  EXPECT_EQ(reading.state, SyncState::kSynchronized);
  EXPECT_EQ(reading.error_bound, 500us + 1ms + 30us);
  EXPECT_EQ(reading.correction, 0ns);  // chronyd is working it off
  EXPECT_EQ(reading.as_of, SteadyTime(50s));
  EXPECT_EQ(reading.tai_offset, std::nullopt);
  EXPECT_EQ(reading.provenance, "chrony: 203.0.113.5 stratum 3");
}

// "0.000030 seconds fast of NTP time": the right time is what the clock reads, less that.
TEST_F(ChronyRule, CorrectsAClockThatNoDaemonCorrects) {
  internal::ChronyRule measured({.corrects_the_clock = false});
  const SyncReading reading = measured.answered(tracking(kStart), kStart, SteadyTime(50s));
  EXPECT_EQ(reading.correction, -30us);
  EXPECT_EQ(reading.error_bound, 500us + 1ms);
}

// chronyd says "Normal" all the while: eight times 64 s is 512 s.
TEST_F(ChronyRule, ADaemonThatLostItsServerIsNoticed) {
  const ChronyTracking last = tracking(kStart);
  const struct {
    nanoseconds after;
    SyncState state;
  } cases[] = {
      {0ns, SyncState::kSynchronized},
      {512s, SyncState::kSynchronized},
      // The clock is 30 us fast, so that by chronyd's own time 30 us less have passed.
      {512s + 30us, SyncState::kSynchronized},
      {512s + 30us + 1ns, SyncState::kFreeRunning},
      {24h + 30us, SyncState::kFreeRunning},
      {24h + 30us + 1ns, SyncState::kUnknown},
  };
  for (const auto& c : cases) {
    source.set_utc(kStart + c.after);
    const SyncReading reading = answered(last);
    EXPECT_EQ(reading.state, c.state) << c.after.count();
    EXPECT_EQ(reading.error_bound, c.state == SyncState::kUnknown ? nanoseconds::max() : 1'530us);
    EXPECT_EQ(reading.as_of, SteadyTime(50s));  // chronyd's bound is one of now
    EXPECT_EQ(reading.provenance, "chrony: 203.0.113.5 stratum 3");
  }
}

TEST_F(ChronyRule, ADaemonThatDiedIsHeldToTheSame) {
  ASSERT_EQ(answered(tracking(kStart - 12s)).state, SyncState::kSynchronized);
  const auto after = [&](nanoseconds elapsed) {
    source.advance(elapsed - (source.now_utc() - kStart));
    return silent();
  };
  EXPECT_EQ(after(1s).state, SyncState::kSynchronized);
  EXPECT_EQ(after(499s).state, SyncState::kSynchronized);
  const SyncReading reading = after(501s);
  EXPECT_EQ(reading.state, SyncState::kFreeRunning);
  EXPECT_EQ(reading.error_bound, 1'530us);
  EXPECT_EQ(reading.as_of, SteadyTime(50s)) << "what was said is no younger for being repeated";
  EXPECT_EQ(reading.provenance, "chrony: no answer");
  EXPECT_EQ(after(24h - 13s).state, SyncState::kFreeRunning);
  EXPECT_EQ(after(24h - 11s).state, SyncState::kUnknown);
}

TEST_F(ChronyRule, ASilenceFromTheFirstIsUnknown) {
  const SyncReading reading = silent();
  EXPECT_EQ(reading.state, SyncState::kUnknown);
  EXPECT_FALSE(reading.has_bound());
  EXPECT_EQ(reading.provenance, "chrony: no answer");
}

// Eyevinn/strom#33: "Synced" with no master.
TEST_F(ChronyRule, WithoutAReferenceItIsNotSynchronized) {
  ChronyTracking lost = tracking(kStart);
  lost.leap = ChronyTracking::Leap::kNotSynchronised;
  ChronyTracking local = tracking(kStart);
  local.reference_id = 0x7f7f0101;
  EXPECT_EQ(answered(lost).state, SyncState::kUnknown);
  EXPECT_EQ(answered(local).state, SyncState::kUnknown);

  ASSERT_EQ(answered(tracking(kStart)).state, SyncState::kSynchronized);
  source.advance(1s);
  EXPECT_EQ(answered(lost).state, SyncState::kFreeRunning);
  EXPECT_EQ(answered(lost).provenance, "chrony: not synchronised");
  EXPECT_EQ(answered(local).state, SyncState::kFreeRunning);
  EXPECT_EQ(answered(local).provenance, "chrony: follows only itself (local)");
  EXPECT_EQ(answered(local).as_of, SteadyTime(50s));
}

// After the burst it begins with, the last interval was 2 s, and the next will be 64.
TEST_F(ChronyRule, AShortIntervalIsNoPromise) {
  ChronyTracking burst = tracking(kStart);
  burst.update_interval = 2s;
  source.advance(60s);
  EXPECT_EQ(answered(burst).state, SyncState::kSynchronized);
  ChronyTracking slow = tracking(kStart);
  slow.update_interval = 1'024s;
  source.advance(1h);
  EXPECT_EQ(answered(slow).state, SyncState::kSynchronized);
  EXPECT_EQ(answered(burst).state, SyncState::kFreeRunning);
}

TEST_F(ChronyRule, AnUpdateInTheFutureIsOneOfNow) {
  EXPECT_EQ(answered(tracking(kStart + 1h)).state, SyncState::kSynchronized);
  source.advance(511s);
  EXPECT_EQ(silent().state, SyncState::kSynchronized);
  source.advance(2s);
  EXPECT_EQ(silent().state, SyncState::kFreeRunning);
}

TEST_F(ChronyRule, NoReportIsTooStrange) {
  ChronyTracking strange = tracking(UtcTime::max());
  strange.slow_by = -nanoseconds::max();
  strange.root_delay = strange.root_dispersion = strange.update_interval = nanoseconds::max();
  EXPECT_EQ(answered(strange).error_bound, nanoseconds::max());
  strange.last_update = UtcTime::min();
  strange.slow_by = nanoseconds::max();
  EXPECT_EQ(answered(strange).state, SyncState::kUnknown);
}

TEST(InternedNames, KeepsANameOnce) {
  std::string name = "chrony: 192.0.2.1 stratum 2";
  const std::string_view kept = internal::interned(name, "chrony");
  const std::string_view again = internal::interned(std::string(name), "chrony");
  name.assign(name.size(), 'x');
  EXPECT_EQ(kept, "chrony: 192.0.2.1 stratum 2");
  EXPECT_EQ(kept.data(), again.data());
}

TEST(InternedNames, DoNotFillTheMemory) {
  internal::InternedNames names(2);
  EXPECT_EQ(names.keep("one", "too many"), "one");
  EXPECT_EQ(names.keep("two", "too many"), "two");
  EXPECT_EQ(names.keep("three", "too many"), "too many");
  EXPECT_EQ(names.keep("one", "too many"), "one");
}

TEST(ChronySyncProvider, SaysWhyItHeardNothing) {
  const struct {
    const char* address;
    absl::StatusCode code;
  } cases[] = {
      {"", absl::StatusCode::kInvalidArgument},
      {"localhost:323", absl::StatusCode::kInvalidArgument},
      {"127.0.0.1", absl::StatusCode::kInvalidArgument},
      {"127.0.0.1:", absl::StatusCode::kInvalidArgument},
      {"127.0.0.1:0", absl::StatusCode::kInvalidArgument},
      {"127.0.0.1:65536", absl::StatusCode::kInvalidArgument},
      {"127.0.0.1:32x", absl::StatusCode::kInvalidArgument},
      {"[127.0.0.1]:323", absl::StatusCode::kInvalidArgument},
      {"[::1:323", absl::StatusCode::kInvalidArgument},
      {"/no/such/folder/chronyd.sock", absl::StatusCode::kNotFound},
      {"127.0.0.1:9", absl::StatusCode::kUnavailable},  // the loopback: no program receives it
  };
  testing::ManualTimeSource source(kStart, SteadyTime(50s));
  for (const auto& c : cases) {
    ChronySyncProvider provider(source, {.address = c.address});
    const SyncReading reading = provider.read();
    EXPECT_EQ(reading.state, SyncState::kUnknown) << c.address;
    EXPECT_EQ(reading.as_of, SteadyTime(50s)) << c.address;
    EXPECT_EQ(provider.status().code(), c.code) << c.address << ": " << provider.status();
    EXPECT_NE(provider.status().message().find(c.address), std::string::npos);
  }
  ChronySyncProvider long_name(source, {.address = "/" + std::string(200, 'x')});
  EXPECT_FALSE(long_name.read().has_bound());
  EXPECT_EQ(long_name.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace masterclock::chrony_sync_provider_test
