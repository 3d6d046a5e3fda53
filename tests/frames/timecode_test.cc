#include "masterclock/frames/timecode.h"

#include <absl/hash/hash_testing.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <unordered_set>

namespace masterclock::timecode_test {
namespace {

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

constexpr TimecodeFormat format(FrameRate rate, DropFrame drop = DropFrame::kNo) {
  return TimecodeFormat::of(rate, drop).value();
}
constexpr Timecode at(TimecodeFormat format, int hours, int minutes, int seconds, int frames) {
  return Timecode(format, format.frame_of({hours, minutes, seconds, frames}));
}

constexpr TimecodeFormat k25Labels = format(k25);
constexpr TimecodeFormat k2997Drop = format(k29_97, DropFrame::kYes);
constexpr TimecodeFormat k5994Drop = format(k59_94, DropFrame::kYes);

static_assert(sizeof(Timecode) == 8 && std::is_trivially_copyable_v<Timecode>);
static_assert(Timecode(k25Labels, 90'000).label() == TimecodeLabel{1, 0, 0, 0});
static_assert(Timecode(k2997Drop, 1'799).label() == TimecodeLabel{0, 0, 59, 29});
static_assert(Timecode(k2997Drop, 1'800).label() == TimecodeLabel{0, 1, 0, 2});
static_assert(Timecode(k5994Drop, 3'600).label() == TimecodeLabel{0, 1, 0, 4});
static_assert(Timecode(format(k119_88, DropFrame::kYes), 7'200).label() ==
              TimecodeLabel{0, 1, 0, 8});

// Printed tables give the labels of a day; walking them is timecode_every_label_test.cc.
static_assert(format(k23_976).frames_per_day() == 2'073'600);
static_assert(format(k47_95).frames_per_day() == 4'147'200);
static_assert(format(k29_97).frames_per_day() == 2'592'000);
static_assert(k2997Drop.frames_per_day() == 2'589'408);
static_assert(format(k59_94).frames_per_day() == 5'184'000);
static_assert(k5994Drop.frames_per_day() == 5'178'816);
static_assert(format(k119_88, DropFrame::kYes).frames_per_day() == 10'357'632);

// Labels depend on the value of a rate, not on its spelling.
static_assert(format({50, 2}) == k25Labels &&
              format({60'000, 2'002}, DropFrame::kYes) == k2997Drop);
static_assert(format({25'025, 1'001}) == k25Labels);
static_assert(format({1'000, 143}).nominal() == 7 && format({7'000, 1'001}).nominal() == 7);
static_assert(format({1'000, 143}).rate() == FrameRate{1'000, 143});
static_assert(format({999, 1}).nominal() == 999);
static_assert(!TimecodeFormat::of({1'000, 1}, DropFrame::kNo));
static_assert(!TimecodeFormat::of({25, 2}, DropFrame::kNo));
static_assert(!TimecodeFormat::of({}, DropFrame::kNo));
static_assert(!TimecodeFormat::of({25, 0}, DropFrame::kNo));
static_assert(!TimecodeFormat::of({-25, -1}, DropFrame::kNo));
static_assert(!TimecodeFormat::of({kMax, 1'001}, DropFrame::kNo));
static_assert(!TimecodeFormat::of({kMax, kMax - 1}, DropFrame::kNo));
static_assert(format({kMax, kMax}).nominal() == 1);
static_assert(!TimecodeFormat::of(k23_976, DropFrame::kYes) &&
              !TimecodeFormat::of(k25, DropFrame::kYes));
static_assert(!TimecodeFormat::of(k30, DropFrame::kYes) &&
              !TimecodeFormat::of(k47_95, DropFrame::kYes));
static_assert(!TimecodeFormat::of({90'000, 1'001}, DropFrame::kYes));

// Arithmetic wraps at the day of labels for every operand.
static_assert(Timecode(k25Labels, 2'160'000).frame() == 0 &&
              Timecode(k25Labels, -1).frame() == 2'159'999);
static_assert((Timecode(k2997Drop, 2'589'407) + 1).frame() == 0);
static_assert((Timecode(k2997Drop, 0) - 1).label() == TimecodeLabel{23, 59, 59, 29});
static_assert((at(k2997Drop, 0, 9, 59, 29) + 1).label() == TimecodeLabel{0, 10, 0, 0});
static_assert((Timecode(k25Labels, 7) + kMax).frame() == (kMax % 2'160'000 + 7) % 2'160'000);
static_assert((Timecode(k25Labels, 7) - kMax).frame() == 2'160'000 + (7 - kMax % 2'160'000));
static_assert((Timecode(k25Labels, 0) + kMin).frame() == 2'160'000 + kMin % 2'160'000);
static_assert(Timecode(k25Labels, kMin).frame() == 2'160'000 + kMin % 2'160'000);
static_assert(at(k2997Drop, 1, 0, 0, 0) - at(k2997Drop, 0, 0, 0, 0) == 107'892);
static_assert(at(k25Labels, 0, 0, 0, 0) - at(k25Labels, 0, 0, 1, 0) == -25);

// Timecodes are ordered by frame, and across formats by time, rate and drop-frame.
static_assert(at(k25Labels, 0, 0, 1, 0) > at(k25Labels, 0, 0, 0, 24));
static_assert(Timecode(k25Labels, 1) != Timecode(k2997Drop, 1));
static_assert(Timecode(k2997Drop, 1) < Timecode(k25Labels, 1) &&
              Timecode(k25Labels, 1) < Timecode(k2997Drop, 2));
static_assert(Timecode(k25Labels, 0) < Timecode(k2997Drop, 0));
static_assert(Timecode(format(k29_97), 7) < Timecode(k2997Drop, 7) &&
              Timecode(k2997Drop, 7) < Timecode(format(k29_97), 8));

static_assert(Timecode(k25Labels, 90'000).since_midnight() == std::chrono::hours(1));
static_assert(at(k2997Drop, 0, 1, 0, 2).since_midnight().count() == 60'060'000'000);
static_assert(Timecode(format(k29_97), -1).since_midnight() > std::chrono::hours(24));

// A literal is checked when the program is compiled.
static_assert(timecode("01:00:02;05", k29_97).frame() == 107'957);
static_assert(timecode("01;00;02;05", k29_97) == timecode("01:00:02.05", k29_97));
static_assert(timecode("00:00:00:07", k120) == timecode("00:00:00:007", k120));

// Above 30 frames a second, two frames share a codeword, above 60 four.
static_assert(k25Labels.frames_per_codeword() == 1 && format(k30).frames_per_codeword() == 1);
static_assert(format(k47_95).frames_per_codeword() == 2 && format(k60).frames_per_codeword() == 2);
static_assert(format(k100).frames_per_codeword() == 4 && format(k120).frames_per_codeword() == 4);
static_assert(at(format(k50), 10, 0, 0, 49).codeword() ==
              Timecode::Codeword{at(k25Labels, 10, 0, 0, 24), 1, 2});
static_assert(at(k5994Drop, 0, 1, 0, 4).codeword() ==
              Timecode::Codeword{at(k2997Drop, 0, 1, 0, 2), 0, 2});
static_assert(at(k25Labels, 1, 2, 3, 4).codeword() ==
              Timecode::Codeword{at(k25Labels, 1, 2, 3, 4), 0, 1});

TEST(Timecode, ReadsAndPrints) {
  const struct {
    const char* text;
    FrameRate rate;
    std::int64_t frame;
    const char* printed;
  } cases[] = {
      {"00:00:00:00", k25, 0, "00:00:00:00"},
      {"23:59:59:24", k25, 2'159'999, "23:59:59:24"},
      {"01:00:34;01", k29_97, 108'913, "01:00:34;01"},
      {"01:00:34.01", k29_97, 108'913, "01:00:34;01"},
      {"10:03:00;05", k29_97, 1'084'319, "10:03:00;05"},
      {"10:02:23:29", k29_97, 1'084'319, "10:02:23:29"},
      {"23:59:59;59", k59_94, 5'178'815, "23:59:59;59"},
      {"19:05:12:03", k23_976, 1'649'091, "19:05:12:03"},
      {"00:00:00:99", k100, 99, "00:00:00:99"},
      {"00:00:00:07", k120, 7, "00:00:00:007"},
      {"00:00:00:007", k120, 7, "00:00:00:007"},
      {"01:00:00;00", k119_88, 431'568, "01:00:00;000"},
      {"00:00:00.050", k119_88, 50, "00:00:00;050"},
      {"23:59:59;119", k119_88, 10'357'631, "23:59:59;119"},
  };
  for (const auto& c : cases) {
    const auto code = Timecode::parse(c.text, c.rate);
    ASSERT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(code->frame(), c.frame) << c.text;
    EXPECT_EQ(code->rate(), c.rate) << c.text;
    EXPECT_EQ(code->to_string(), c.printed);
    EXPECT_EQ(Timecode::from_frame(c.frame, c.rate, code->drop_frame()).value(), *code);
    const auto [hours, minutes, seconds, frames] = code->label();
    EXPECT_EQ(Timecode::make(hours, minutes, seconds, frames, c.rate, code->drop_frame()).value(),
              *code);
  }
}

TEST(Timecode, RefusesWhatIsNoLabel) {
  const struct {
    const char* text;
    FrameRate rate;
    const char* reason;
  } cases[] = {
      {"00:01:00;00", k29_97, "drop-frame omits this label; the minute begins with frame 2"},
      {"00:25:00;01", k29_97, "drop-frame omits this label"},
      {"00:00:00;30", k29_97, "frames end at 29"},
      {"00:01:00;00", k59_94, "the minute begins with frame 4"},
      {"01:36:00;03", k59_94, "drop-frame omits this label"},
      {"00:01:00;007", k119_88, "the minute begins with frame 8"},
      {"00:00:00;00", k23_976, "drop-frame exists at 29.97, 59.94 and 119.88 only"},
      {"00:00:00;00", k25, "Invalid timecode '00:00:00;00' at 25: drop-frame exists"},
      {"00:00:00;00", k30, "drop-frame exists"},
      {"01:00:13:24", k24, "frames end at 23"},
      {"00:00:00:25", k25, "frames end at 24"},
      {"00:00:60:00", k24, "seconds end at 59"},
      {"00:60:00:00", k24, "minutes end at 59"},
      {"24:00:00:00", k25, "hours end at 23"},
      {"99:99:99:99", k100, "hours end at 23"},
      {"00:00:00:025", k25, "expected two digits of frames"},
      {"00:00:00:120", k120, "frames end at 119"},
      {"", k25, "expected hh:mm:ss:ff"},
      {"1:00:00:00", k25, "expected hh:mm:ss:ff"},
      {"01:00:00:0", k25, "expected hh:mm:ss:ff"},
      {"01:00:00:00 ", k25, "expected hh:mm:ss:ff"},
      {" 1:00:00:00", k25, "expected hh:mm:ss:ff"},
      {"-1:00:00:00", k25, "expected hh:mm:ss:ff"},
      {"01-00-00-00", k25, "expected hh:mm:ss:ff"},
      {"01:00;00:00", k29_97, "expected hh:mm:ss:ff"},
      {"01;00;00:00", k29_97, "expected hh:mm:ss:ff"},
      {"01;00;00.00", k29_97, "expected hh:mm:ss:ff"},
      {"01:00;00;00", k29_97, "expected hh:mm:ss:ff"},
      {"01:00:00,00", k29_97, "expected hh:mm:ss:ff"},
      {"01:00:00", k25, "expected hh:mm:ss:ff"},
      {"01:00:00:0a", k25, "expected hh:mm:ss:ff"},
      {"01:00:00:/0", k25, "expected hh:mm:ss:ff"},
      {"00:00:00:00", {25, 2}, "no labels at this rate"},
      {"00:00:00;00", {25, 2}, "no labels at this rate"},
      {"00:00:00:00", {}, "no labels at this rate"},
  };
  for (const auto& c : cases) {
    const auto code = Timecode::parse(c.text, c.rate);
    ASSERT_FALSE(code.ok()) << c.text;
    EXPECT_EQ(code.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(code.status().message());
    EXPECT_NE(message.find(c.reason), std::string::npos) << c.text << ": " << message;
  }
}

TEST(Timecode, MakeRefusesTheSame) {
  EXPECT_FALSE(Timecode::make(24, 0, 0, 0, k25, DropFrame::kNo).ok());
  EXPECT_FALSE(Timecode::make(-1, 0, 0, 0, k25, DropFrame::kNo).ok());
  EXPECT_FALSE(Timecode::make(0, 0, 0, 25, k25, DropFrame::kNo).ok());
  EXPECT_FALSE(Timecode::make(0, 0, 0, 0, k25, DropFrame::kYes).ok());
  EXPECT_FALSE(Timecode::from_frame(0, k25, DropFrame::kYes).ok());
  const auto dropped = Timecode::make(0, 1, 0, 1, k29_97, DropFrame::kYes);
  ASSERT_FALSE(dropped.ok());
  EXPECT_EQ(std::string(dropped.status().message()),
            "Invalid timecode '0:1:0;1' at 29.97: drop-frame omits this label; the minute begins "
            "with frame 2");
  EXPECT_TRUE(Timecode::make(0, 10, 0, 1, k29_97, DropFrame::kYes).ok());
}

// A codeword and the position in it give the frame again, at each rate with pairs or fours.
TEST(Timecode, CodewordsLeadBack) {
  const TimecodeFormat formats[] = {
      k25Labels,      format(k47_95), format(k48),  format(k50),  format(k60),
      format(k59_94), k5994Drop,      format(k100), format(k120), format(k119_88, DropFrame::kYes)};
  for (const TimecodeFormat f : formats) {
    for (std::int64_t frame = 0; frame < f.frames_per_day(); frame += 997) {
      const Timecode code(f, frame);
      const auto word = code.codeword();
      const TimecodeLabel shared = word.label.label(), own = code.label();
      ASSERT_LT(shared.frames, 30);
      ASSERT_EQ(shared.frames * word.frames + word.frame, own.frames);
      ASSERT_EQ(shared.seconds, own.seconds);
      ASSERT_EQ(shared.minutes, own.minutes);
      ASSERT_EQ(Timecode(f, word.label.frame() * word.frames + word.frame), code);
    }
  }
}

TEST(Timecode, HasAsManyDigitsAsTheHighestLabelOfItsRate) {
  for (const FrameRate rate : {k24, k25, k29_97, k50, k59_94, k100}) {
    EXPECT_EQ(Timecode(format(rate), 0).to_string(), "00:00:00:00") << rate;
  }
  for (const FrameRate rate : {k119_88, k120, FrameRate{101, 1}, FrameRate{999, 1}}) {
    EXPECT_EQ(Timecode(format(rate), 0).to_string(), "00:00:00:000") << rate;
  }
}

TEST(Timecode, IsAKey) {
  const Timecode a = timecode("01:00:00;00", k29_97), b = timecode("01:00:00:00", k25);
  const std::unordered_set<Timecode> unordered = {a, b, a};
  EXPECT_EQ(unordered.size(), 2u);
  EXPECT_TRUE(unordered.contains(timecode("01;00;00;00", k29_97)));
  const std::set<Timecode> ordered = {b, a, a + 1};
  EXPECT_EQ(*ordered.begin(), a);
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly({a, b, a + 1}));
  std::ostringstream text;
  text << a << ' ' << b << ' ' << a.drop_frame();
  EXPECT_EQ(text.str(), "01:00:00;00 01:00:00:00 drop-frame");
}

// Shared case 17: Adobe's editors print drop-frame with semicolons throughout.
TEST(Regression, AllSemicolonsAreDropFrame) {
  EXPECT_EQ(Timecode::parse("01;00;02;05", k29_97)->frame(), 107'957);
  EXPECT_EQ(Timecode::parse("01;00;02;05", k59_94)->to_string(), "01:00:02;05");
  EXPECT_EQ(std::string(Timecode::parse("01;00;02;05", k25).status().message()),
            "Invalid timecode '01;00;02;05' at 25: drop-frame exists at 29.97, 59.94 and 119.88 "
            "only");
}

// Shared case 17: ffmpeg prints milliseconds where a timecode has frames.
TEST(Regression, MillisecondsAreNamedInTheError) {
  for (const FrameRate rate : {k25, k29_97, k100, k119_88, k120}) {
    const auto code = Timecode::parse("01:00:00.500", rate);
    EXPECT_EQ(std::string(code.status().message()),
              "Invalid timecode '01:00:00.500' at " + to_string(rate) +
                  ": three digits after '.' are milliseconds; expected frames");
  }
}

// Drop-frame stays with the clock: it is 2.6 frames late at the end of a day, non-drop 86.4 s.
TEST(Regression, DropFrameKeepsTheHourAndNonDropDoesNot) {
  EXPECT_EQ(at(k2997Drop, 1, 0, 0, 0).frame(), 107'892) << "an hour has 107892.1 frames";
  EXPECT_EQ(at(format(k29_97), 1, 0, 0, 0).frame(), 108'000) << "3.6 s more";
}

// Labels that were left out were taken for frames by a library that many use.
TEST(Regression, DroppedLabelsAreRefused) {
  int refused = 0;
  for (int minute = 0; minute < 60; ++minute) {
    for (int frame = 0; frame < 8; ++frame) {
      refused += !Timecode::make(10, minute, 0, frame, k29_97, DropFrame::kYes).ok();
      refused += !Timecode::make(10, minute, 0, frame, k59_94, DropFrame::kYes).ok();
      refused += !Timecode::make(10, minute, 0, frame, k119_88, DropFrame::kYes).ok();
    }
  }
  EXPECT_EQ(refused, 54 * (2 + 4 + 8));
}

}  // namespace
}  // namespace masterclock::timecode_test
