// A real chronyd that follows another. The oracle is chronyc, which asks the same daemon between two of our
// requests.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "masterclock/sync/bounded_clock.h"
#include "masterclock/sync/providers/chrony.h"
#include "masterclock/testing/manual_time_source.h"
#include "real_chrony.h"

namespace masterclock::real_chrony_test {
using namespace internal;
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::becomes_true;

using RealChrony = tests::RealChronyNetwork;

double seconds_of(nanoseconds t) { return duration<double>(t).count(); }

TEST_F(RealChrony, AgreesWithChronyc) {
  start();
  if (IsSkipped()) return;
  ChronySyncProvider provider(SystemTimeSource::shared(), options());
  SyncReading reading;
  ASSERT_TRUE(becomes_true([&] {
    reading = provider.read();
    return reading.state == SyncState::kSynchronized;
  })) << provider.status()
      << "\n"
      << logs();
  EXPECT_GT(reading.error_bound, 0ns);
  EXPECT_LT(reading.error_bound, 4s);      // chronyd selects no server whose distance is over 3 s
  EXPECT_LT(abs(reading.correction), 1s);  // both have this machine's clock
  EXPECT_EQ(reading.provenance, "chrony: " + server_address + " stratum 6");

  // chronyc must have asked between two updates of the clock.
  const bool compared = becomes_true([&] {
    const auto before = ask();
    const std::vector<std::string> words = chronyc();
    const auto after = ask();
    if (!before.ok() || !after.ok() || words.size() != 14) return false;
    if (before->last_update != after->last_update) return false;
    const auto seconds = [&](std::size_t i) { return std::stod(words[i]); };
    EXPECT_EQ(std::stoul(words[0], nullptr, 16), before->reference_id);
    EXPECT_EQ(words[1], before->reference);
    EXPECT_EQ(std::stoi(words[2]), before->stratum);
    const auto update = before->last_update.time_since_epoch().count();
    std::string digits = words[3];
    digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
    EXPECT_EQ(digits, std::to_string(update));
    EXPECT_NEAR(seconds(10), seconds_of(before->root_delay), 1.5e-9);
    // These two go on between updates.
    const auto [least, most] = std::minmax(before->slow_by, after->slow_by);
    EXPECT_GE(seconds(4), seconds_of(least) - 1.5e-9);
    EXPECT_LE(seconds(4), seconds_of(most) + 1.5e-9);
    EXPECT_GE(seconds(11), seconds_of(before->root_dispersion) - 1.5e-9);
    EXPECT_LE(seconds(11), seconds_of(after->root_dispersion) + 1.5e-9);
    EXPECT_NEAR(seconds(12), seconds_of(before->update_interval), 0.051);
    EXPECT_THAT(words[13], StartsWith("Normal"));
    return true;
  });
  EXPECT_TRUE(compared) << logs();
}

// The server's time is shifted by half a second. chronyc calls the clock slow or fast, and the correction
// agrees.
TEST_F(RealChrony, CorrectsTheWayThatChronycSays) {
  start("offset 0.5");
  if (IsSkipped()) return;
  ChronySyncProvider provider(SystemTimeSource::shared(), options());
  SyncReading reading;
  ASSERT_TRUE(becomes_true([&] {
    reading = provider.read();
    return reading.state == SyncState::kSynchronized && abs(reading.correction) > 100ms;
  })) << provider.status()
      << "\n"
      << logs();
  const std::string printed = network->run(
      {"chronyc", "-n", "-h", "127.0.0.1", "-p", std::to_string(command_port), "tracking"});
  EXPECT_THAT(printed, HasSubstr(reading.correction > 0ns ? "seconds slow of NTP time"
                                                          : "seconds fast of NTP time"));
  EXPECT_LT(abs(abs(reading.correction) - 500ms), 100ms);

  // If chronyd corrects the clock, that half second is in the bound.
  ChronyOptions correcting = options();
  correcting.corrects_the_clock = true;
  const SyncReading bound = ChronySyncProvider(SystemTimeSource::shared(), correcting).read();
  EXPECT_EQ(bound.correction, 0ns);
  EXPECT_GT(bound.error_bound, 400ms);
}

// Eight update intervals pass without the server, then a day, on a manual clock.
TEST_F(RealChrony, LosesItsServerAndThenDies) {
  start();
  if (IsSkipped()) return;
  testing::ManualTimeSource source(SystemTimeSource::shared().now_utc(), SteadyTime(1'000s));
  ChronySyncProvider provider(source, options());
  const auto state_now = [&] { return provider.read().state; };
  ASSERT_TRUE(becomes_true([&] {
    source.set_utc(SystemTimeSource::shared().now_utc());
    return state_now() == SyncState::kSynchronized;
  })) << logs();

  network->stop(server);
  UtcTime last;
  ASSERT_TRUE(becomes_true([&] {  // what was still under way has arrived
    const auto tracking = ask();
    const bool settled = tracking.ok() && tracking->last_update == last &&
                         SystemTimeSource::shared().now_utc() > last + 3s;
    if (tracking.ok()) last = tracking->last_update;
    return settled;
  })) << logs();
  const auto lost = ask();
  ASSERT_TRUE(lost.ok()) << lost.status();
  EXPECT_TRUE(lost->has_reference()) << "chronyd says so still, and that is why we do not ask it";
  const nanoseconds interval = std::max<nanoseconds>(lost->update_interval, 1s);

  source.set_utc(last - lost->slow_by + interval * 8 - 100ms);
  EXPECT_EQ(state_now(), SyncState::kSynchronized);
  source.advance(200ms);
  SyncReading reading = provider.read();
  EXPECT_EQ(reading.state, SyncState::kFreeRunning);
  EXPECT_GT(reading.error_bound, 0ns);
  EXPECT_EQ(reading.as_of, source.now_steady());
  const SteadyTime answered = reading.as_of;

  network->stop(client);
  source.advance(1h);
  reading = provider.read();
  EXPECT_EQ(reading.state, SyncState::kFreeRunning);
  EXPECT_EQ(reading.as_of, answered);
  EXPECT_EQ(reading.provenance, "chrony: no answer");
  EXPECT_FALSE(provider.status().ok());
  source.advance(23h);
  EXPECT_EQ(state_now(), SyncState::kUnknown);

  // After a restart chronyd is found again, and follows no server.
  start_client();
  EXPECT_TRUE(becomes_true([&] {
    reading = provider.read();
    return provider.status().ok();
  })) << provider.status();
  EXPECT_EQ(reading.state, SyncState::kUnknown);
  EXPECT_EQ(reading.provenance, "chrony: not synchronised");
}

TEST_F(RealChrony, IsAskedOverItsSocket) {
  start();
  if (IsSkipped()) return;
  ChronyOptions local = options();
  local.address = socket_name();
  {
    ChronySyncProvider one(SystemTimeSource::shared(), local),
        two(SystemTimeSource::shared(), local);
    EXPECT_TRUE(becomes_true([&] { return one.read().state == SyncState::kSynchronized; }))
        << one.status() << "\n"
        << logs();
    EXPECT_EQ(two.read().state, SyncState::kSynchronized) << two.status();
    EXPECT_EQ(one.read().state, SyncState::kSynchronized) << one.status();
  }
  int left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(network->folder() / "run")) {
    left += entry.path().filename() != "chronyd.sock";
  }
  EXPECT_EQ(left, 0) << "a socket of ours was left behind";
}

}  // namespace
}  // namespace masterclock::real_chrony_test
