#include "as_run_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../temporary_directory.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_cache.h"

namespace on_air::as_run_log_test {
namespace {

using masterclock::UtcTime;
using masterclock::Zone;
using masterclock::tests::contents_of;
using masterclock::tests::TemporaryDirectory;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

UtcTime utc(std::string_view text) { return masterclock::parse_rfc3339(text).value(); }

Zone zone(std::string_view name) {
  static masterclock::ZoneCache cache;
  return cache.find(name).value();
}

AsRunEntry news() {
  AsRunEntry entry;
  entry.channel = "one.ie";
  entry.title = "News";
  entry.planned_start = utc("2026-03-29T01:00:00Z");
  entry.real_start = utc("2026-03-29T01:00:00Z");
  entry.planned_duration = 30min;
  return entry;
}

TEST(AsRunLine, WritesAllFieldsOfAStart) {
  EXPECT_EQ(as_run_line(news(), zone("Europe/Dublin"), 6h),
            R"({"start":"2026-03-29T01:00:00.000Z","local_start":"2026-03-29T02:00:00.000+01:00",)"
            R"("broadcast_date":"2026-03-28","channel":"one.ie","title":"News",)"
            R"("planned_start":"2026-03-29T01:00:00Z","real_start":"2026-03-29T01:00:00Z",)"
            R"("lateness_ms":0.0,"lateness_ns":0,"planned_duration_seconds":1800.0,)"
            R"("resumed":false})");
}

TEST(AsRunLine, CountsSkippedProgrammes) {
  AsRunEntry entry;
  entry.channel = "one.ie";
  entry.planned_start = utc("2026-03-29T01:00:00Z");
  entry.last_planned_start = utc("2026-03-29T01:30:00Z");
  entry.real_start = utc("2026-03-29T02:10:03.5Z");
  entry.skipped = 3;
  EXPECT_EQ(
      as_run_line(entry, zone("Europe/Dublin"), 6h),
      R"({"start":"2026-03-29T02:10:03.500Z","local_start":"2026-03-29T03:10:03.500+01:00",)"
      R"("broadcast_date":"2026-03-28","channel":"one.ie","title":null,"aired":false,)"
      R"("skipped":3,"planned_start":"2026-03-29T01:00:00Z",)"
      R"("last_planned_start":"2026-03-29T01:30:00Z","real_start":"2026-03-29T02:10:03.500Z"})");
}

TEST(AsRunLine, WritesTheUnusualFields) {
  AsRunEntry late = news();
  late.real_start += 1'234'567ns;
  AsRunEntry open = news();
  open.planned_duration.reset();
  AsRunEntry resumed = news();
  resumed.resumed = true;
  AsRunEntry odd = news();
  odd.title = "A \"quote\"\nand \xff";
  AsRunEntry before_change = news();
  before_change.real_start = before_change.planned_start = utc("2026-03-29T00:59:59.9995Z");
  AsRunEntry morning = news();
  morning.planned_start = utc("2026-03-29T04:59:59.5Z");
  morning.real_start = utc("2026-03-29T05:00:00.25Z");
  const struct {
    const char* name;
    AsRunEntry entry;
    const char* expected;
  } cases[] = {
      {"start floors to the millisecond", late, R"("start":"2026-03-29T01:00:00.001Z")"},
      {"real start keeps its digits", late, R"("real_start":"2026-03-29T01:00:00.001234567Z")"},
      {"lateness in ms", late, R"("lateness_ms":1.234567)"},
      {"lateness in ns", late, R"("lateness_ns":1234567)"},
      {"no end known", open, R"("planned_duration_seconds":null)"},
      {"resumed", resumed, R"("resumed":true)"},
      {"title escaped, bytes that are not UTF-8 replaced", odd,
       "\"title\":\"A \\\"quote\\\"\\nand \xef\xbf\xbd\""},
      {"the offset is that of the instant", before_change,
       R"("local_start":"2026-03-29T00:59:59.999+00:00")"},
      {"planned start keeps its digits", before_change,
       R"("planned_start":"2026-03-29T00:59:59.999500Z")"},
      {"the broadcast day is that of the planned start", morning,
       R"("broadcast_date":"2026-03-28")"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(as_run_line(c.entry, zone("Europe/Dublin"), 6h), HasSubstr(c.expected)) << c.name;
  }
}

std::unique_ptr<AsRunLog> open(const std::filesystem::path& file, AsRunLog::Mode mode) {
  auto log = AsRunLog::open(file, mode, Zone(), 6h);
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *std::move(log) : nullptr;
}

TEST(AsRunLog, WritesLinesAtOnce) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "log";
  const auto log = open(file, AsRunLog::Mode::kReplace);
  ASSERT_TRUE(log->write(news()).ok());
  EXPECT_EQ(contents_of(file), as_run_line(news(), Zone(), 6h) + "\n");
  EXPECT_EQ(log->lines(), 1u);
  EXPECT_TRUE(log->close().ok());
  EXPECT_TRUE(log->close().ok());
  EXPECT_EQ(log->write(news()).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace on_air::as_run_log_test
