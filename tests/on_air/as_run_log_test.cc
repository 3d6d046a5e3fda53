#include "as_run_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "../temporary_directory.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_cache.h"

namespace on_air {
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

TEST(AsRunLine, SaysEverythingOfAStart) {
  EXPECT_EQ(as_run_line(news(), zone("Europe/Dublin"), 6h),
            R"({"start":"2026-03-29T01:00:00.000Z","local_start":"2026-03-29T02:00:00.000+01:00",)"
            R"("broadcast_date":"2026-03-28","channel":"one.ie","title":"News",)"
            R"("planned_start":"2026-03-29T01:00:00Z","real_start":"2026-03-29T01:00:00Z",)"
            R"("lateness_ms":0.0,"lateness_ns":0,"planned_duration_seconds":1800.0,)"
            R"("resumed":false})");
}

TEST(AsRunLine, ShowsWhatIsUnusual) {
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
      {"title escaped, bytes that are no text replaced", odd,
       "\"title\":\"A \\\"quote\\\"\\nand \xef\xbf\xbd\""},
      {"the offset is that of the instant", before_change,
       R"("local_start":"2026-03-29T00:59:59.999+00:00")"},
      {"planned start keeps its digits", before_change,
       R"("planned_start":"2026-03-29T00:59:59.999500Z")"},
      {"the day is the planned one's", morning, R"("broadcast_date":"2026-03-28")"},
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

TEST(AsRunLog, ReplacesOrAppends) {
  const struct {
    const char* name;
    AsRunLog::Mode mode;
    std::string before, kept;
  } cases[] = {
      {"replace", AsRunLog::Mode::kReplace, "old\n", ""},
      {"append", AsRunLog::Mode::kAppend, "old\n", "old\n"},
      {"append to nothing", AsRunLog::Mode::kAppend, "", ""},
      {"append after a torn line", AsRunLog::Mode::kAppend, "old\n{\"start\":", "old\n"},
      {"append after one torn line only", AsRunLog::Mode::kAppend, "{\"start\":", ""},
      {"a torn line longer than a block", AsRunLog::Mode::kAppend,
       "old\n" + std::string(10'000, 'x'), "old\n"},
  };
  for (const auto& c : cases) {
    const TemporaryDirectory directory;
    const auto file = directory.write("log", c.before);
    ASSERT_TRUE(open(file, c.mode)->write(news()).ok());
    EXPECT_EQ(contents_of(file), c.kept + as_run_line(news(), Zone(), 6h) + "\n") << c.name;
  }
}

TEST(AsRunLog, NamesTheFileThatCannotBeWritten) {
  const auto nowhere = AsRunLog::open("/nowhere/log", AsRunLog::Mode::kReplace, Zone(), 6h);
  EXPECT_EQ(nowhere.status().message(), "/nowhere/log: No such file or directory");
  const auto full = open("/dev/full", AsRunLog::Mode::kReplace);
  EXPECT_EQ(full->write(news()).message(), "/dev/full: No space left on device");
}

// A limit on the file's size stands for a disk that fills up in the middle of a line.
TEST(AsRunLog, TakesBackALineThatDoesNotFit) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "log";
  const auto log = open(file, AsRunLog::Mode::kReplace);
  ASSERT_TRUE(log->write(news()).ok());
  const std::string one_line = contents_of(file);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = one_line.size() + 100;
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const absl::Status status = log->write(news());
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.message(), file.string() + ": File too large");
  EXPECT_EQ(contents_of(file), one_line);
  EXPECT_TRUE(log->write(news()).ok());
  EXPECT_EQ(contents_of(file), one_line + one_line);
}

}  // namespace
}  // namespace on_air
