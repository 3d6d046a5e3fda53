#include "gather.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "../temporary_directory.h"
#include "examine.h"
#include "masterclock/sync/tsc_counter.h"

namespace clock_doctor {
namespace {

// A machine made of files, gone when the test is.
class Machine {
 public:
  Machine& has(const std::string& file, const std::string& text = "") {
    root_.write(file, text);
    return *this;
  }
  [[nodiscard]] MachineFacts facts() const {
    MachineFacts facts;
    gather_files({root_.path()}, facts);
    return facts;
  }

 private:
  masterclock::testing::TemporaryDirectory root_;
};

TEST(GatherFiles, FindsNothingWhereThereIsNothing) {
  const MachineFacts facts = Machine().facts();
  EXPECT_EQ(facts.clocksource, "");
  EXPECT_FALSE(facts.x86);
  EXPECT_TRUE(facts.installed.empty());
  EXPECT_TRUE(facts.running.empty());
  EXPECT_TRUE(facts.hardware_clocks.empty());
}

TEST(GatherFiles, ReadsTheProcessorsWord) {
  const struct {
    const char* name;
    const char* cpuinfo;
    bool x86, constant, nonstop;
  } cases[] = {
      {"invariant", "processor\t: 0\nflags\t\t: fpu constant_tsc nopl nonstop_tsc cpuid\n", true,
       true, true},
      {"an old one", "flags\t\t: fpu tsc constant_tsc\n", true, true, false},
      {"no word but a part of one", "flags\t\t: nonstop_tsc_s3 xconstant_tsc\n", true, false,
       false},
      {"another kind", "processor\t: 0\nFeatures\t: fp asimd evtstrm\n", false, false, false},
  };
  for (const auto& c : cases) {
    const MachineFacts facts = Machine().has("proc/cpuinfo", c.cpuinfo).facts();
    EXPECT_EQ(facts.x86, c.x86) << c.name;
    EXPECT_EQ(facts.constant_tsc, c.constant) << c.name;
    EXPECT_EQ(facts.nonstop_tsc, c.nonstop) << c.name;
  }
}

TEST(GatherFiles, KnowsTheProgramsThatDisciplineClocks) {
  const MachineFacts facts = Machine()
                                 .has("proc/1/comm", "systemd\n")
                                 .has("proc/17/comm", "systemd-timesyn\n")
                                 .has("proc/99/comm", "ptp4l\n")
                                 .has("proc/self/comm", "chronyd\n")
                                 .has("usr/sbin/chronyd")
                                 .has("usr/lib/systemd/systemd-timesyncd")
                                 .facts();
  EXPECT_EQ(facts.running, (std::set<std::string>{"ptp4l", "systemd-timesyncd"}));
  EXPECT_EQ(facts.installed, (std::set<std::string>{"chronyd", "systemd-timesyncd"}));
}

TEST(GatherFiles, ListsEachHardwareClockOnce) {
  const MachineFacts facts = Machine()
                                 .has("dev/ptp1")
                                 .has("dev/ptp0")
                                 .has("dev/ptp_kvm")
                                 .has("dev/ptp")
                                 .has("dev/ptmx")
                                 .has("sys/class/ptp/ptp0/clock_name", "KVM virtual PTP\n")
                                 .facts();
  ASSERT_EQ(facts.hardware_clocks.size(), 2u);
  EXPECT_EQ(facts.hardware_clocks[0].device, "/dev/ptp0");
  EXPECT_EQ(facts.hardware_clocks[0].name, "KVM virtual PTP");
  EXPECT_EQ(facts.hardware_clocks[1].device, "/dev/ptp1");
  EXPECT_EQ(facts.hardware_clocks[1].name, "");
}

TEST(GatherFiles, ReadsTheClockSource) {
  EXPECT_EQ(Machine()
                .has("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n")
                .facts()
                .clocksource,
            "hpet");
}

TEST(RealGather, KnowsThisMachine) {
  const MachineFacts facts = gather();
  EXPECT_GT(facts.resolution.count(), 0);
  ASSERT_FALSE(facts.statements.empty());
  EXPECT_EQ(facts.statements[0].by, "kernel");
  EXPECT_TRUE(facts.tzdata_has_zones) << facts.tzdata_directory;
  EXPECT_GE(facts.tai_minus_utc.count(), 36) << "one leap second less than in 2017, or more";
  EXPECT_NE(facts.zone.empty(), facts.zone_error.empty());
}

// What the files say of the counter is what the source itself finds when it asks the processor.
TEST(RealGather, AgreesWithTscTimeSource) {
  const bool fit = masterclock::TscCounter::available().ok();
  for (const Finding& finding : examine(gather()).findings) {
    if (finding.check == "tsc") {
      EXPECT_EQ(finding.says.starts_with("fit for TscTimeSource"), fit) << finding.says;
    }
  }
}

// A daemon that is not there is no source, and takes no time to be missed.
TEST(RealGather, LeavesOutWhoIsNotThere) {
  MachineFacts facts = gather({.root = "/no/machine",
                               .chrony = {"127.0.0.1:9", "/no/such/socket"},
                               .ptp4l = {"/no/such/socket"}});
  EXPECT_EQ(facts.statements.size(), 1u) << "the kernel alone";
  facts = gather({.root = "/no/machine", .chrony = {"nonsense"}, .ptp4l = {}});
  ASSERT_EQ(facts.statements.size(), 2u);
  EXPECT_TRUE(absl::IsInvalidArgument(facts.statements[1].heard)) << facts.statements[1].heard;
}

}  // namespace
}  // namespace clock_doctor
