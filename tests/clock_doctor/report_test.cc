#include "report.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "common/text_cells.h"
#include "sample_facts.h"
#include "text.h"

namespace clock_doctor::report_test {
namespace {

using masterclock::SyncState;
using namespace std::chrono;

TEST(DurationText, RoundsUpAndPicksItsUnit) {
  const struct {
    nanoseconds duration;
    const char* text;
  } cases[] = {{0ns, "0 ns"},           {999ns, "999 ns"},         {1us, "1.000 us"},
               {1'001ns, "1.001 us"},   {999'999ns, "999.999 us"}, {1ms, "1.000 ms"},
               {1ms + 1ns, "1.001 ms"}, {1s - 1ns, "1000.000 ms"}, {12s, "12.000 s"},
               {12s + 1ns, "12.001 s"}};
  for (const auto& c : cases) EXPECT_EQ(duration_text(c.duration), c.text);
}

// Every check has a finding and advice, at length, with control characters and foreign letters.
MachineFacts everything_wrong() {
  MachineFacts facts = out_of_the_box();
  const std::string longest(300, 'x');
  facts.clocksource = longest;
  facts.resolution = 4ms;
  facts.running = {"chronyd", "ntpd", "systemd-timesyncd", "phc2sys", "ptp4l"};
  facts.hardware_clocks = {{"/dev/ptp0", "kvm \x1b[31m\xc3\xa9" + longest, std::nullopt}};
  facts.statements.push_back(statement("chrony", SyncState::kFreeRunning, 1h));
  facts.statements.push_back(statement("linuxptp", SyncState::kFreeRunning, 1h));
  facts.leap_expiry = facts.now - days(400);
  facts.leap_source = "/" + longest;
  facts.tzdata_version = "2019a\n" + longest;
  facts.zone = "";
  facts.zone_error = longest;
  return facts;
}

TEST(Screen, IsOneScreen) {
  for (const MachineFacts& facts :
       {healthy(), out_of_the_box(), everything_wrong(), MachineFacts()}) {
    const std::string screen = to_screen(examine(facts));
    std::istringstream lines(screen);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      EXPECT_LE(common::cells(line), 80u) << line;
      EXPECT_EQ(common::printable(line), line);
    }
    EXPECT_LE(count, 24) << screen;
    EXPECT_EQ(screen.back(), '\n');
  }
}

// The advice for common faults is not cut.
TEST(Screen, ShowsItsOwnWordsWhole) {
  for (const MachineFacts& facts : {healthy(), out_of_the_box()}) {
    const Diagnosis diagnosis = examine(facts);
    const std::string screen = to_screen(diagnosis);
    for (const Finding& finding : diagnosis.findings) {
      EXPECT_NE(screen.find(finding.says), std::string::npos) << finding.says;
      EXPECT_NE(screen.find(finding.advice), std::string::npos) << finding.advice;
    }
  }
}

TEST(Screen, IsAsReadmeShowsIt) {
  std::ifstream file(MASTERCLOCK_SOURCE_DIR "/examples/clock_doctor/README.md");
  const std::string readme{std::istreambuf_iterator<char>(file), {}};
  for (const MachineFacts& facts : {out_of_the_box(), healthy()}) {
    const std::string screen = to_screen(examine(facts));
    EXPECT_NE(readme.find("```text\n" + screen + "```"), std::string::npos) << screen;
  }
}

TEST(Json, SaysWhatTheScreenSays) {
  for (const MachineFacts& facts :
       {healthy(), out_of_the_box(), everything_wrong(), MachineFacts()}) {
    const Diagnosis diagnosis = examine(facts);
    const std::string text = to_json(diagnosis);
    EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
    const auto json = nlohmann::json::parse(text);
    EXPECT_EQ(json["exit_status"], static_cast<int>(diagnosis.verdict));
    EXPECT_EQ(json["verdict"], to_string(diagnosis.verdict));
    EXPECT_EQ(json["findings"].size(), diagnosis.findings.size());
    EXPECT_EQ(json["error_bound_ns"].is_null(), !diagnosis.error_bound);
    ASSERT_EQ(json["sources"].size(), facts.statements.size());
    for (std::size_t i = 0; i < facts.statements.size(); ++i) {
      const masterclock::SyncReading& reading = facts.statements[i].reading;
      EXPECT_EQ(json["sources"][i]["by"], facts.statements[i].by);
      EXPECT_EQ(json["sources"][i]["state"], to_string(reading.state));
      EXPECT_EQ(json["sources"][i]["provenance"], reading.provenance);
      EXPECT_EQ(json["sources"][i]["error_bound_ns"].is_null(), !reading.has_bound());
    }
    for (std::size_t i = 0; i < diagnosis.findings.size(); ++i) {
      EXPECT_EQ(json["findings"][i]["check"], diagnosis.findings[i].check);
      EXPECT_EQ(json["findings"][i]["advice"].is_null(), diagnosis.findings[i].advice.empty());
    }
  }
  const auto json = nlohmann::json::parse(to_json(examine(healthy())));
  EXPECT_EQ(json["at"], "2026-11-20T18:15:30Z");
  EXPECT_EQ(json["state"], "synchronized");
  EXPECT_EQ(json["error_bound_ns"], 850'000);
  EXPECT_EQ(json["by"], "chrony");
  EXPECT_EQ(json["tai_offset_s"], 37);
  EXPECT_EQ(json["findings"][3]["level"], "good");
}

}  // namespace
}  // namespace clock_doctor::report_test
