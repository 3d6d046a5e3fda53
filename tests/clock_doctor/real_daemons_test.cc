// Runs clock_doctor beside a real chronyd and a real ptp4l, in network namespaces of this test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "examine.h"
#include "gather.h"
#include "real_chrony.h"
#include "real_linuxptp.h"
#include "sample_facts.h"

namespace clock_doctor::real_daemons_test {
namespace {

using masterclock::SyncState;
using masterclock::tests::becomes_true;
using masterclock::tests::RealNetwork;
using ::testing::StartsWith;

using RealDoctorOfChrony = masterclock::tests::RealChronyNetwork;
using RealDoctorOfLinuxPtp = masterclock::tests::RealLinuxPtpNetwork;

const Finding* finding(const Diagnosis& diagnosis, const std::string& check) {
  const auto found = std::find_if(diagnosis.findings.begin(), diagnosis.findings.end(),
                                  [&](const Finding& f) { return f.check == check; });
  return found == diagnosis.findings.end() ? nullptr : &*found;
}

const Statement* said(const MachineFacts& facts, const std::string& by) {
  const auto found = std::find_if(facts.statements.begin(), facts.statements.end(),
                                  [&](const Statement& s) { return s.by == by; });
  return found == facts.statements.end() ? nullptr : &*found;
}

// Returns the program's report, which agrees with its exit status.
nlohmann::json run_clock_doctor(RealNetwork& network, std::vector<std::string> options) {
  options.insert(options.begin(), {CLOCK_DOCTOR_PROGRAM, "--json"});
  int status = -1;
  const std::string printed = network.run(options, &status);
  const auto report = nlohmann::json::parse(printed, nullptr, false);
  EXPECT_FALSE(report.is_discarded()) << printed;
  if (report.is_discarded()) return {};
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(report["exit_status"], WEXITSTATUS(status));
  return report;
}

nlohmann::json by(const nlohmann::json& report, const char* list, const char* key,
                  const std::string& name) {
  for (const auto& entry : report.value(list, nlohmann::json::array())) {
    if (entry[key] == name) return entry;
  }
  return {};
}

// A healthy host, but for its daemon: that one is real.
TEST_F(RealDoctorOfChrony, FindsAHostHealthyUntilItsDaemonDies) {
  start();
  if (IsSkipped()) return;
  const Places places{.root = "/", .chrony = {options().address}, .ptp4l = {}};
  MachineFacts facts = healthy();
  EXPECT_TRUE(becomes_true([&] {
    const MachineFacts machine = gather(places);
    const Statement* const chrony = said(machine, "chrony");
    if (chrony == nullptr) return false;
    facts.statements[1] = *chrony;
    return examine(facts).verdict == Level::kGood;
  })) << to_string(facts.statements[1].reading.state)
      << " " << facts.statements[1].heard << "\n"
      << logs();
  EXPECT_THAT(finding(examine(facts), "chrony")->says,
              StartsWith("follows " + server_address + " stratum 6, within "));

  auto report = run_clock_doctor(*network, {"--chrony", options().address});
  EXPECT_EQ(by(report, "sources", "by", "chrony")["state"], "synchronized") << report;
  EXPECT_GT(by(report, "sources", "by", "chrony")["error_bound_ns"], 0) << report;
  EXPECT_EQ(by(report, "findings", "check", "chrony")["level"], "good") << report;

  network->stop(client);  // the server runs, and is not at that address
  facts = gather(places);
  ASSERT_NE(said(facts, "chrony"), nullptr);
  EXPECT_EQ(said(facts, "chrony")->reading.state, SyncState::kUnknown);
  report = run_clock_doctor(*network, {"--chrony", options().address});
  EXPECT_EQ(by(report, "findings", "check", "chrony")["says"], "chronyd runs: no answer") << report;
}

TEST_F(RealDoctorOfLinuxPtp, SaysWhyPtp4lIsNoHelp) {
  const std::vector<std::string> where = {"--ptp4l", options().address, "--domain", "0"};
  nlohmann::json report;
  EXPECT_TRUE(becomes_true([&] {
    report = run_clock_doctor(*network, where);
    return by(report, "findings", "check", "linuxptp")["says"] == "ptp4l runs: not locked yet";
  })) << report
      << logs();
  network->stop(master);
  EXPECT_TRUE(becomes_true([&] {
    report = run_clock_doctor(*network, where);
    return by(report, "findings", "check", "linuxptp")["says"] == "ptp4l runs: no master";
  })) << report
      << logs();
  EXPECT_EQ(by(report, "findings", "check", "linuxptp")["level"], "attention");
  EXPECT_EQ(by(report, "sources", "by", "linuxptp")["state"], "unknown");
}

}  // namespace
}  // namespace clock_doctor::real_daemons_test
