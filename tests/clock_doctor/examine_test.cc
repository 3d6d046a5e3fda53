#include "examine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

#include "masterclock/sync/providers/chrony.h"
#include "masterclock/sync/providers/linuxptp.h"
#include "sample_facts.h"

namespace clock_doctor::examine_test {
namespace {

using masterclock::SyncState;
using ::testing::HasSubstr;
using namespace std::chrono;

const Finding& finding(const Diagnosis& diagnosis, const std::string& check) {
  const auto found = std::find_if(diagnosis.findings.begin(), diagnosis.findings.end(),
                                  [&](const Finding& f) { return f.check == check; });
  if (found == diagnosis.findings.end()) {
    ADD_FAILURE() << "no finding " << check;
    return diagnosis.findings.front();
  }
  return *found;
}

// Returns a change of a machine: provider `by` knows nothing, for the reason in `provenance`.
std::function<void(MachineFacts&)> unknown(const std::string& by, const char* provenance,
                                           const absl::Status& heard = absl::OkStatus()) {
  return [=](MachineFacts& facts) {
    Statement nothing = statement(by, SyncState::kUnknown, 0ns);
    nothing.reading.provenance = provenance;
    nothing.heard = heard;
    std::erase_if(facts.statements, [&](const Statement& s) { return s.by == by; });
    facts.statements.push_back(nothing);
  };
}

HardwareClock hardware_clock(const std::string& name,
                             std::optional<std::chrono::nanoseconds> ahead = std::nullopt) {
  HardwareClock clock{"/dev/ptp0", name, std::nullopt};
  if (ahead) clock.reading = masterclock::PhcReading{{}, *ahead, 50ns};
  return clock;
}

TEST(Examine, AHealthyHostIsHealthyThroughout) {
  const Diagnosis diagnosis = examine(healthy());
  EXPECT_EQ(diagnosis.verdict, Level::kGood);
  EXPECT_EQ(diagnosis.state, SyncState::kSynchronized);
  EXPECT_EQ(diagnosis.by, "chrony") << "the narrower of two bounds";
  EXPECT_EQ(diagnosis.error_bound, 850us);
  EXPECT_EQ(diagnosis.tai_offset, 37);
  EXPECT_EQ(diagnosis.findings.size(), 11u);
  for (const Finding& f : diagnosis.findings) {
    EXPECT_EQ(f.level, Level::kGood) << f.check;
    EXPECT_EQ(f.advice, "") << f.check;
    EXPECT_NE(f.says, "") << f.check;
  }
}

// Each row changes one fact of a healthy host. Its finding changes, and no other.
TEST(Examine, EachFaultIsFoundAndSaysWhatToDo) {
  const struct {
    const char* name;
    std::function<void(MachineFacts&)> change;
    const char* check;
    Level level;
    const char* says;
    const char* advice;
  } cases[] = {
      {"TAI is not set", [](auto& f) { f.statements[0].reading.tai_offset = std::nullopt; }, "TAI",
       Level::kAttention, "unknown", "leapsectz"},
      // nmos-cpp#208: a hard-coded offset is wrong one day.
      {"TAI is set wrong", [](auto& f) { f.statements[0].reading.tai_offset = 36; }, "TAI",
       Level::kBad, "TAI - UTC is 36 s by kernel, by the leap table 37 s", "currentUtcOffset"},
      {"the kernel does not know TAI",
       [](auto& f) {
         f.statements[0].reading.tai_offset = std::nullopt;
         f.statements.push_back(statement("linuxptp", SyncState::kSynchronized, 800ns));
         f.statements[2].reading.tai_offset = 37;
       },
       "TAI", Level::kAttention, "TAI - UTC is 37 s, but CLOCK_TAI reads as CLOCK_REALTIME",
       "phc2sys"},
      {"the grandmaster has it wrong",
       [](auto& f) {
         f.statements.push_back(statement("linuxptp", SyncState::kSynchronized, 800ns));
         f.statements[2].reading.tai_offset = 36;
       },
       "TAI", Level::kBad, "36 s by linuxptp", "currentUtcOffset"},
      {"the leap table is expired", [](auto& f) { f.leap_expiry = sys_days(2026y / June / 28); },
       "leap seconds", Level::kAttention, "expired on 2026-06-28, 146 days ago", "tzdata"},
      {"it expires this very moment", [](auto& f) { f.leap_expiry = f.now; }, "leap seconds",
       Level::kAttention, "0 days ago", "tzdata"},
      {"it expires soon", [](auto& f) { f.leap_expiry = f.now + days(60) - 1s; }, "leap seconds",
       Level::kAttention, "59 days", "tzdata"},
      {"tzdata is old by its date", [](auto& f) { f.tzdata_built = f.now - days(366) - 1s; },
       "tzdata", Level::kAttention, "366 days ago", "newer rules"},
      // AzuraCast#2127: a copy of old rules, with a new date on it.
      {"tzdata is old by its version", [](auto& f) { f.tzdata_version = "2024b"; }, "tzdata",
       Level::kAttention, "2024b", "newer rules"},
      {"tzdata is not there", [](auto& f) { f.tzdata_has_zones = false; }, "tzdata", Level::kBad,
       "no zones in /usr/share/zoneinfo", "apt-get install tzdata"},
      {"the zone has no name",
       [](auto& f) {
         f.zone = "";
         f.zone_error = "TZ does not name a timezone of the database: 'EST5EDT,M3'";
       },
       "zone", Level::kAttention, "TZ does not name", "set-timezone"},
      {"a PTP clock, and no ptp4l",
       [](auto& f) {
         f.hardware_clocks = {hardware_clock("mlx5_ptp"), hardware_clock("mlx5_ptp")};
       },
       "PTP clocks", Level::kAttention, "/dev/ptp0 (mlx5_ptp) and 1 more, and ptp4l does not run",
       "ptp4l -i"},
      {"chronyd has nothing to follow", unknown("chrony", "chrony: not synchronised"), "chrony",
       Level::kAttention, "chronyd runs: not synchronised", "chronyc sources"},
      {"chronyd follows itself", unknown("chrony", "chrony: follows only itself (local)"), "chrony",
       Level::kAttention, "chronyd runs: follows only itself", "name servers"},
      {"chronyd is not heard",
       unknown("chrony", "chrony: no answer", absl::UnavailableError("refused")), "chrony",
       Level::kAttention, "chronyd runs: no answer", "--chrony ADDRESS"},
      {"something else answers for chronyd",
       unknown("chrony", "chrony: senseless answer", absl::DataLossError("")), "chrony",
       Level::kAttention, "a peer answers there, but not as chronyd does", "another program"},
      {"something else answers for ptp4l",
       unknown("linuxptp", "linuxptp: senseless answer", absl::DataLossError("")), "linuxptp",
       Level::kAttention, "a peer answers there, but not as ptp4l does", "another program"},
      {"chronyd's servers are gone",
       [](auto& f) { f.statements[1] = statement("chrony", SyncState::kFreeRunning, 9ms); },
       "chrony", Level::kAttention, "no news from 10.0.0.1 stratum 3, within 9.000 ms",
       "chronyc sources"},
      {"ptp4l without a master", unknown("linuxptp", "linuxptp: no master"), "linuxptp",
       Level::kAttention, "ptp4l runs: no master", "pmc"},
      {"ptp4l answers root",
       unknown("linuxptp", "linuxptp: no answer", absl::PermissionDeniedError("")), "linuxptp",
       Level::kAttention, "ptp4l runs: no answer", "as root"},
      {"ptp4l in another domain",
       unknown("linuxptp", "linuxptp: no answer", absl::DeadlineExceededError("")), "linuxptp",
       Level::kAttention, "ptp4l runs: no answer", "--domain"},
      {"ptp4l only measures", unknown("linuxptp", "linuxptp: not locked yet"), "linuxptp",
       Level::kAttention, "not locked yet", "free_running"},
      {"TAI without its offset", unknown("linuxptp", "linuxptp: UTC offset not valid"), "linuxptp",
       Level::kAttention, "UTC offset not valid", "currentUtcOffsetValid"},
      {"a card on its own timescale", unknown("linuxptp", "linuxptp: arbitrary timescale"),
       "linuxptp", Level::kAttention, "arbitrary timescale", "PTP timescale"},
      {"ptp4l's Syncs stopped",
       [](auto& f) { f.statements.push_back(statement("linuxptp", SyncState::kFreeRunning, 9us)); },
       "linuxptp", Level::kAttention,
       "no news from grandmaster 16895f.fffe.9cfcf6, within 9.000 us", "pmc"},
      {"the host's clock is somewhere else",
       [](auto& f) { f.hardware_clocks = {hardware_clock("KVM virtual PTP", -40'000'001ns)}; },
       "PTP clocks", Level::kAttention, "40.001 ms behind this UTC: one is wrong", "host"},
      {"two daemons", [](auto& f) { f.running.insert("systemd-timesyncd"); }, "kernel",
       Level::kAttention, "chronyd and systemd-timesyncd both set the clock", "keep one"},
      {"perhaps two",
       [](auto& f) {
         f.running.insert("phc2sys");
         f.sets_clock["phc2sys"] = SetsClock::kMay;
       },
       "kernel", Level::kAttention, "chronyd sets the clock, and phc2sys may", "phc2sys"},
      {"chronyd -x", [](auto& f) { f.statements[0].reading.state = SyncState::kUnknown; }, "kernel",
       Level::kAttention, "not disciplined", "-x"},
      {"the kernel reports a fault",
       [](auto& f) { f.statements[0].reading.state = SyncState::kDisrupted; }, "kernel",
       Level::kBad, "clock error", "dmesg"},
      {"a slow clock source", [](auto& f) { f.clocksource = "hpet"; }, "system clock",
       Level::kAttention, "clocksource hpet: a reading is a system call", "tsc"},
      {"a coarse clock", [](auto& f) { f.resolution = 4ms; }, "system clock", Level::kAttention,
       "resolution 4.000 ms", "timers"},
      {"more than a frame off",
       [](auto& f) {
         for (auto& s : f.statements) s.reading.error_bound = 40ms + 1ns;
       },
       "state", Level::kAttention, "synchronized, within 40.001 ms, by kernel: more than a frame",
       "PTP"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    MachineFacts facts = healthy();
    c.change(facts);
    const Diagnosis diagnosis = examine(facts);
    EXPECT_EQ(diagnosis.verdict, c.level);
    for (const Finding& f : diagnosis.findings) {
      EXPECT_EQ(f.level, f.check == c.check ? c.level : Level::kGood) << f.check << ": " << f.says;
      EXPECT_EQ(f.advice.empty(), f.level == Level::kGood) << f.check;
      EXPECT_LE(f.advice.size(), 61u) << "cut on the screen: " << f.advice;
    }
    EXPECT_THAT(finding(diagnosis, c.check).says, HasSubstr(c.says));
    EXPECT_THAT(finding(diagnosis, c.check).advice, HasSubstr(c.advice));
  }
}

TEST(Examine, WhatIsNoFaultStaysGood) {
  const struct {
    const char* name;
    std::function<void(MachineFacts&)> change;
  } cases[] = {
      {"exactly a frame",
       [](auto& f) {
         for (auto& s : f.statements) s.reading.error_bound = 40ms;
       }},
      {"sixty days of leap table", [](auto& f) { f.leap_expiry = f.now + days(60); }},
      {"tzdata a year old", [](auto& f) { f.tzdata_built = f.now - days(365); }},
      {"tzdata of last year", [](auto& f) { f.tzdata_version = "2025c"; }},
      {"tzdata that does not say", [](auto& f) { f.tzdata_version = "unknown"; }},
      {"tzdata without a date", [](auto& f) { f.tzdata_built = std::nullopt; }},
      {"another processor",
       [](auto& f) {
         f.x86 = f.constant_tsc = f.nonstop_tsc = false;
         f.clocksource = "arch_sys_counter";
       }},
      {"a time stamp counter that stops", [](auto& f) { f.nonstop_tsc = false; }},
      {"a virtual PTP clock that chrony follows",
       [](auto& f) { f.hardware_clocks = {hardware_clock("KVM virtual PTP", 40ms)}; }},
      {"a grandmaster that chrony keeps",
       [](auto& f) {
         f.running.insert("ptp4l");
         unknown("linuxptp", "linuxptp: is a master itself")(f);
       }},
      {"a grandmaster whose card follows its clock",
       [](auto& f) {
         f.running.insert({"ptp4l", "phc2sys"});
         f.sets_clock = {{"chronyd", SetsClock::kYes}, {"phc2sys", SetsClock::kNo}};
         f.hardware_clocks = {hardware_clock("igc", 37s)};
         unknown("linuxptp", "linuxptp: is a master itself")(f);
       }},
      {"phc2sys sets it, and chronyd measures",
       [](auto& f) {
         f.running.insert({"ptp4l", "phc2sys"});
         f.sets_clock = {{"chronyd", SetsClock::kNo}, {"phc2sys", SetsClock::kMay}};
       }},
      {"after the table's end the kernel may know better",
       [](auto& f) { f.statements[0].reading.tai_offset = 37; }},
      {"kept by PTP",
       [](auto& f) {
         f.running = {"ptp4l", "phc2sys"};
         f.hardware_clocks = {hardware_clock("igc", 37s)};
         f.statements[1] = statement("linuxptp", SyncState::kSynchronized, 800ns);
       }},
  };
  for (const auto& c : cases) {
    MachineFacts facts = healthy();
    c.change(facts);
    const Diagnosis diagnosis = examine(facts);
    EXPECT_EQ(diagnosis.verdict, Level::kGood) << c.name;
  }
}

TEST(Examine, WithoutADaemonNothingIsToBeTrusted) {
  const struct {
    const char* name;
    bool installed;
    std::set<std::string> running;
    const char* advice;
  } cases[] = {
      {"none installed", false, {}, "apt-get install chrony"},
      {"installed, not running", true, {}, "systemctl enable --now chrony"},
      {"running, never synchronized", true, {"chronyd"}, "chronyc sources"},
      {"another one", false, {"systemd-timesyncd"}, "log of systemd-timesyncd"},
      {"PTP without phc2sys", false, {"ptp4l"}, "phc2sys"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    MachineFacts facts = out_of_the_box();
    if (c.installed) facts.installed = {"chronyd"};
    facts.running = c.running;
    const Diagnosis diagnosis = examine(facts);
    EXPECT_EQ(diagnosis.verdict, Level::kBad);
    EXPECT_EQ(diagnosis.state, SyncState::kUnknown);
    EXPECT_EQ(diagnosis.error_bound, std::nullopt);
    EXPECT_EQ(diagnosis.by, "");
    EXPECT_EQ(finding(diagnosis, "state").level, Level::kBad);
    EXPECT_THAT(finding(diagnosis, "state").advice, HasSubstr(c.advice));
    for (const Finding& f : diagnosis.findings) EXPECT_LE(f.advice.size(), 61u) << f.advice;
  }
}

// Eyevinn/strom#33: "Synced", with no master. A daemon that runs is not one that is synchronized.
TEST(Examine, ADaemonThatRunsIsNotADaemonThatIsSynchronized) {
  MachineFacts facts = out_of_the_box();
  facts.running = {"ptp4l", "phc2sys"};
  unknown("linuxptp", "linuxptp: is a master itself")(facts);
  const Diagnosis diagnosis = examine(facts);
  EXPECT_EQ(diagnosis.verdict, Level::kBad);
  EXPECT_EQ(finding(diagnosis, "linuxptp").level, Level::kAttention);
  EXPECT_EQ(finding(diagnosis, "linuxptp").says, "ptp4l runs: is a master itself");
}

// The reasons come from the providers themselves.
TEST(Examine, KnowsEachReasonOfTheProviders) {
  using namespace masterclock::internal;
  const absl::Status unavailable = absl::UnavailableError("");
  const auto ptp4l = [](auto edit) {
    PtpStatus ptp;
    ptp.port_state = PtpPortState::kSlave;
    ptp.grandmaster_present = ptp.ptp_timescale = true;
    ptp.last_sync = ptp.mean_path_delay = 1us;
    ptp.utc_offset = 37;
    edit(ptp);
    return LinuxPtpRule({}).answered(ptp, std::nullopt, {}, {});
  };
  const auto chrony = [](auto edit) {
    ChronyTracking tracking;
    edit(tracking);
    return ChronyRule({}).answered(tracking, {}, {});
  };
  const struct {
    const char* by;
    masterclock::SyncReading reading;
    const char* advice;
  } cases[] = {
      {"linuxptp", LinuxPtpRule({}).silent({}, unavailable), "--ptp4l SOCKET"},
      {"linuxptp", ptp4l([](auto& p) { p.port_state = PtpPortState::kListening; }), "is there a"},
      {"linuxptp", ptp4l([](auto& p) { p.port_state = PtpPortState::kMaster; }), "a receiver"},
      {"linuxptp", ptp4l([](auto& p) { p.port_state = PtpPortState::kUncalibrated; }), "wait"},
      {"linuxptp", ptp4l([](auto& p) { p.utc_offset.reset(); }), "currentUtcOffsetValid"},
      {"linuxptp", ptp4l([](auto& p) { p.software_clock = p.ptp_timescale = false; }),
       "PTP timescale"},
      {"chrony", ChronyRule({}).silent({}, unavailable), "--chrony ADDRESS"},
      {"chrony", chrony([](auto&) {}), "is there a server"},
      {"chrony", chrony([](auto& t) {
         t.leap = ChronyTracking::Leap::kNormal;
         t.reference_id = 0x7f7f0101;
       }),
       "name servers"},
  };
  for (const auto& c : cases) {
    MachineFacts facts = out_of_the_box();
    facts.statements.push_back({c.by, c.reading, absl::OkStatus()});
    EXPECT_THAT(finding(examine(facts), c.by).advice, HasSubstr(c.advice)) << c.reading.provenance;
  }
}

TEST(Examine, SaysWhereTheHardwareClockStands) {
  const struct {
    std::chrono::nanoseconds ahead;
    const char* says;
  } cases[] = {
      {1'234ns, "/dev/ptp0 (igc), 1.234 us ahead of this UTC"},
      {-1'234ns, "/dev/ptp0 (igc), 1.234 us behind this UTC"},
      {37s + 5ns, "/dev/ptp0 (igc), 5 ns ahead of this TAI"},
      {37s - 999'999'999ns, "/dev/ptp0 (igc), 1000.000 ms behind this TAI"},
      {36s, "/dev/ptp0 (igc), not set"},
      {std::chrono::nanoseconds::min(), "/dev/ptp0 (igc), not set"},
      {std::chrono::nanoseconds::max(), "/dev/ptp0 (igc), not set"},
  };
  for (const auto& c : cases) {
    MachineFacts facts = healthy();
    facts.running = {"ptp4l", "phc2sys"};
    facts.hardware_clocks = {hardware_clock("igc", c.ahead)};
    EXPECT_EQ(finding(examine(facts), "PTP clocks").says, c.says);
  }
}

TEST(Examine, SaysWhetherTscTimeSourceCanBeUsed) {
  const struct {
    std::function<void(MachineFacts&)> change;
    const char* says;
  } cases[] = {
      {[](auto&) {}, "fit for TscTimeSource: invariant, and the clocksource"},
      {[](auto& f) { f.clocksource = "kvm-clock"; }, "no TscTimeSource: it is not the clocksource"},
      {[](auto& f) { f.nonstop_tsc = false; }, "no TscTimeSource: it stops in deep sleep"},
      {[](auto& f) { f.constant_tsc = false; },
       "no TscTimeSource: its rate is not known to be constant"},
  };
  for (const auto& c : cases) {
    MachineFacts facts = healthy();
    c.change(facts);
    EXPECT_EQ(finding(examine(facts), "tsc").says, c.says);
  }
}

TEST(Examine, ADaemonThatDiedLeavesAFreeRunningClock) {
  MachineFacts facts = healthy();
  facts.running.clear();
  facts.statements = {statement("kernel", SyncState::kFreeRunning, 5s)};
  const Diagnosis diagnosis = examine(facts);
  EXPECT_EQ(diagnosis.verdict, Level::kAttention);
  EXPECT_EQ(finding(diagnosis, "state").says, "free-running, within 5.000 s, by kernel");
  EXPECT_EQ(finding(diagnosis, "state").advice, "systemctl enable --now chrony");
  EXPECT_EQ(finding(diagnosis, "chrony").level, Level::kAttention);
}

TEST(Examine, AClockThatStandsBeforeItsOwnSoftwareIsWrong) {
  MachineFacts facts = healthy();
  facts.now = sys_days(2026y / October / 20);
  const Diagnosis diagnosis = examine(facts);
  EXPECT_EQ(diagnosis.verdict, Level::kBad);
  EXPECT_EQ(finding(diagnosis, "system clock").says,
            "it is before the build of tzdata on 2026-10-29");
}

TEST(Examine, NothingKnownAtAllIsStillADiagnosis) {
  const Diagnosis diagnosis = examine(MachineFacts());
  EXPECT_EQ(diagnosis.verdict, Level::kBad);
  EXPECT_EQ(diagnosis.findings.size(), 11u);
}

}  // namespace
}  // namespace clock_doctor::examine_test
