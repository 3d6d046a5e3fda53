#include "now_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "common/text_cells.h"
#include "masterclock/time/rfc3339.h"

namespace on_air::now_table_test {
namespace {

using common::cells;

using masterclock::UtcTime;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

UtcTime utc(const char* text) { return masterclock::parse_rfc3339(text).value(); }

class NowTable : public ::testing::Test {
 protected:
  static PlayoutPlan off_air(const char* name) {
    PlayoutPlan plan;
    plan.channel_id = plan.display_name = name;
    return plan;
  }
  PlayoutPlan on_air(const char* name, const char* title, UtcTime start,
                     std::optional<UtcTime> stop) const {
    PlayoutPlan plan = off_air(name);
    NowPlaying now;
    now.title = title;
    now.start = start;
    now.stop = stop;
    now.join = masterclock::join_at(start, at_, masterclock::k25);
    now.timecode = masterclock::Timecode::from_frame(now.join.frame, masterclock::k25,
                                                     masterclock::DropFrame::kNo)
                       .value();
    if (stop) now.remaining = *stop - at_;
    plan.now = now;
    return plan;
  }
  std::string table(std::span<const PlayoutPlan> plans, std::size_t width, bool colour = false) {
    const auto day = masterclock::broadcast_day_at(at_, dublin_, 6h);
    return now_table(plans, at_, day, dublin_, {.width = width, .colour = colour});
  }

  masterclock::ZoneCache zones_;
  const masterclock::Zone dublin_ = zones_.find("Europe/Dublin").value();
  const UtcTime at_ = utc("2026-03-29T01:30:00Z");
};

TEST_F(NowTable, SaysWhatIsOnAndHowFarIn) {
  std::vector<PlayoutPlan> plans = {
      on_air("RTÉ One", "The Film", utc("2026-03-29T00:30:00Z"), utc("2026-03-29T02:30:00Z")),
      off_air("Little Owl"),
      on_air("News", "Night Desk", utc("2026-03-27T00:00:00Z"), std::nullopt)};
  plans[0].next = ComingUp{"The Bulletin", utc("2026-03-29T02:30:00Z")};
  plans[1].next = ComingUp{"Otters", utc("2026-03-29T05:30:00Z")};
  EXPECT_EQ(table(plans, 100),
            R"(Sunday 29 March 2026, 02:30:00 IST (Europe/Dublin)  broadcast day 2026-03-28

CHANNEL     ON THE AIR  START                  END          IN     LEFT  TIMECODE     NEXT
RTÉ One     The Film    00:30 GMT  █████▌░░░░░ 03:30   1:00:00  1:00:00  01:00:00:00  The Bulletin
Little Owl  off air                                                                   06:30 Otters
News        Night Desk  2026-03-27             open   49:30:00           01:30:00:00  nothing listed
)");
}

TEST_F(NowTable, NoLineIsWiderThanTheTerminal) {
  std::vector<PlayoutPlan> plans = {
      on_air("A channel with a long name", "日本語の番組 with a very long title indeed, so long",
             utc("2026-03-28T23:15:30Z"), utc("2026-03-29T06:00:00Z")),
      on_air("B", "Short", at_, at_ + 1s), off_air("C")};
  plans[0].next = ComingUp{"Another quite long title that follows the first", at_ + 24h};
  for (std::size_t width = 1; width <= 240; ++width) {
    std::istringstream lines(table(plans, width));
    for (std::string line; std::getline(lines, line);) {
      ASSERT_LE(cells(line), std::max<std::size_t>(width, 40)) << width << ": " << line;
      ASSERT_FALSE(line.ends_with(' ')) << width << ": " << line;
    }
  }
  EXPECT_THAT(table(plans, 40), HasSubstr("A channel…"));
  EXPECT_THAT(table(plans, 240), HasSubstr("so long "));
}

TEST_F(NowTable, TheNarrowestStillHasItsBars) {
  const std::vector<PlayoutPlan> plans = {on_air("RTÉ One", "The Film", at_ - 1h, at_ + 1h),
                                          off_air("Little Owl")};
  EXPECT_THAT(table(plans, 40), HasSubstr("\nCHANNEL     ON THE AIR                IN\n"
                                          "RTÉ One     The Film   ████░░░░  1:00:00\n"
                                          "Little Owl  off air\n"));
}

TEST_F(NowTable, SecondsAreShownWhereTheyCount) {
  const std::vector<PlayoutPlan> whole = {on_air("A", "X", at_ - 1min, at_ + 1min)};
  EXPECT_THAT(table(whole, 80), HasSubstr(" 02:29 "));
  const std::vector<PlayoutPlan> odd = {on_air("A", "X", at_ - 1min, at_ + 5s)};
  EXPECT_THAT(table(odd, 80), HasSubstr(" 02:29:00 "));
  EXPECT_THAT(table(odd, 80), HasSubstr(" 02:30:05 "));
}

TEST_F(NowTable, ColoursOnlyWhenAsked) {
  const std::vector<PlayoutPlan> plans = {on_air("A", "X\x1b[2J", at_ - 1min, at_ + 1min)};
  EXPECT_THAT(table(plans, 80), Not(HasSubstr("\x1b")));
  const std::string coloured = table(plans, 80, true);
  EXPECT_THAT(coloured, HasSubstr("\x1b[32m"));
  EXPECT_THAT(coloured, Not(HasSubstr("\x1b[2J")));  // the title's own is not let through
  std::string plain = coloured;
  for (const std::string sequence : {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m"}) {
    for (std::size_t i; (i = plain.find(sequence)) != std::string::npos;) {
      plain.erase(i, sequence.size());
    }
  }
  EXPECT_EQ(plain, table(plans, 80));
}

TEST_F(NowTable, AGuideWithoutChannelsSaysSo) {
  EXPECT_THAT(table({}, 80), HasSubstr("The guide has no channels.\n"));
}

}  // namespace
}  // namespace on_air::now_table_test
