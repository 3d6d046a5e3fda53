// A real ptp4l that listens to another. The oracle is pmc, which asks the same ptp4l between two of our
// requests.

#include <gtest/gtest.h>

#include <string>

#include "masterclock/sync/providers/linuxptp.h"
#include "masterclock/testing/manual_time_source.h"
#include "real_linuxptp.h"

namespace masterclock::real_linuxptp_test {
using namespace internal;
namespace {

using namespace std::chrono;
using tests::becomes_true;

using RealLinuxPtp = tests::RealLinuxPtpNetwork;

TEST_F(RealLinuxPtp, AgreesWithPmcAndLosesItsMaster) {
  testing::ManualTimeSource source(SystemTimeSource::shared().now_utc(), SteadyTime(1'000s));
  LinuxPtpSyncProvider provider(source, options());
  SyncReading reading;
  ASSERT_TRUE(becomes_true([&] {
    source.set_utc(SystemTimeSource::shared().now_utc());
    reading = provider.read();
    return reading.state == SyncState::kSynchronized;
  })) << provider.status()
      << " " << reading.provenance << "\n"
      << logs();
  EXPECT_GT(reading.error_bound, 1ms);  // the grandmaster's accuracy, and the path
  EXPECT_LT(reading.error_bound, 1s);
  EXPECT_LT(abs(reading.correction), 1s);  // both have this machine's clock
  EXPECT_EQ(reading.tai_offset, std::nullopt) << "ptp4l sends 37, and that it is not valid";

  // pmc must have asked between two Syncs.
  const bool compared = becomes_true([&] {
    const auto before = ask();
    auto printed = pmc({"TIME_STATUS_NP", "CURRENT_DATA_SET", "PARENT_DATA_SET", "PORT_DATA_SET",
                        "PORT_PROPERTIES_NP", "TIME_PROPERTIES_DATA_SET"});
    const auto after = ask();
    if (!before.ok() || !after.ok() || before->last_sync != after->last_sync) return false;
    if (before->mean_path_delay != after->mean_path_delay) return false;
    EXPECT_EQ(printed["master_offset"], std::to_string(before->offset.count()));
    EXPECT_EQ(printed["ingress_time"], std::to_string(before->last_sync.count()));
    EXPECT_EQ(printed["gmPresent"], "true");
    EXPECT_EQ(printed["gmIdentity"], ptp_identity(before->grandmaster));
    EXPECT_EQ("linuxptp: grandmaster " + printed["gmIdentity"], reading.provenance);
    EXPECT_NEAR(std::stod(printed["meanPathDelay"]),
                static_cast<double>(before->mean_path_delay.count()), 1);  // we round up
    EXPECT_EQ(printed["portState"], "UNCALIBRATED");
    EXPECT_EQ(before->port_state, PtpPortState::kUncalibrated);
    EXPECT_EQ(printed["interface"], "near0");
    EXPECT_EQ(before->interface, "near0");
    EXPECT_EQ(printed["timestamping"], "SOFTWARE");
    EXPECT_TRUE(before->software_clock);
    EXPECT_EQ(printed["gm.ClockAccuracy"], "0x29");
    EXPECT_EQ(before->grandmaster_accuracy, 0x29);
    EXPECT_EQ(printed["currentUtcOffsetValid"], "0");
    EXPECT_EQ(before->utc_offset, std::nullopt);
    EXPECT_EQ(printed["ptpTimescale"], before->ptp_timescale ? "1" : "0");
    return true;
  });
  EXPECT_TRUE(compared) << logs();

  // Eyevinn/strom#33: ptp4l goes on saying that there is a grandmaster.
  network->stop(master);
  ASSERT_TRUE(becomes_true([&] {
    reading = provider.read();
    return reading.provenance == "linuxptp: no master";
  })) << logs();
  EXPECT_EQ(reading.state, SyncState::kFreeRunning);
  EXPECT_GT(reading.error_bound, 1ms);
  EXPECT_LE(reading.as_of, source.now_steady());
  EXPECT_EQ(pmc({"TIME_STATUS_NP"})["gmPresent"], "true") << "and that is why we do not ask it";

  network->stop(slave);
  source.advance(23h);
  reading = provider.read();
  EXPECT_EQ(reading.state, SyncState::kFreeRunning);
  EXPECT_EQ(reading.provenance, "linuxptp: no answer");
  source.advance(1h + 1s);
  EXPECT_EQ(provider.read().state, SyncState::kUnknown);

  start_slave();  // which is found again
  EXPECT_TRUE(becomes_true([&] {
    reading = provider.read();
    return provider.status().ok();
  })) << provider.status();
  EXPECT_EQ(reading.provenance, "linuxptp: no master");
}

}  // namespace
}  // namespace masterclock::real_linuxptp_test
