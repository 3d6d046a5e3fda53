// Every label of a day, for each rate and mode, against an odometer that knows only how to carry.
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "masterclock/frames/timecode.h"

namespace masterclock::timecode_every_label_test {
namespace {

// Counts as the counter on a tape machine does. `drop` labels are skipped where a minute begins,
// save every tenth.
class Odometer {
 public:
  Odometer(int nominal, int drop) : nominal_(nominal), drop_(drop) {}

  bool next() {
    if (++frames_ == nominal_) frames_ = 0, ++seconds_;
    if (seconds_ == 60) seconds_ = 0, ++minutes_;
    if (minutes_ == 60) minutes_ = 0, ++hours_;
    if (frames_ == 0 && seconds_ == 0 && minutes_ % 10 != 0) frames_ = drop_;
    return hours_ < 24;
  }
  [[nodiscard]] TimecodeLabel label() const { return {hours_, minutes_, seconds_, frames_}; }
  std::string_view text() {
    char* out = text_;
    const auto digits = [&](int value, char separator) {
      if (value >= 100) *out++ = static_cast<char>('0' + value / 100);
      *out++ = static_cast<char>('0' + value / 10 % 10);
      *out++ = static_cast<char>('0' + value % 10);
      if (separator != 0) *out++ = separator;
    };
    digits(hours_, ':');
    digits(minutes_, ':');
    digits(seconds_, drop_ > 0 ? ';' : ':');
    if (nominal_ > 100 && frames_ < 100) *out++ = '0';
    digits(frames_, 0);
    return {text_, static_cast<std::size_t>(out - text_)};
  }

 private:
  int nominal_, drop_;
  int hours_ = 0, minutes_ = 0, seconds_ = 0, frames_ = 0;
  char text_[16] = {};
};

struct Mode {
  FrameRate rate;
  int nominal;
  int drop;             // labels skipped a minute; 0 is non-drop
  std::int64_t labels;  // in a day, as published
  const char* name;
};

void PrintTo(const Mode& mode, std::ostream* out) { *out << mode.name; }

class EveryLabel : public ::testing::TestWithParam<Mode> {};

TEST_P(EveryLabel, RoundTrips) {
  const Mode& mode = GetParam();
  const DropFrame drop = mode.drop > 0 ? DropFrame::kYes : DropFrame::kNo;
  Odometer odometer(mode.nominal, mode.drop);
  std::int64_t frame = 0;
  do {
    const auto code = Timecode::from_frame(frame, mode.rate, drop);
    ASSERT_TRUE(code.ok());
    ASSERT_TRUE(code->label() == odometer.label()) << frame << " is " << code->to_string();
    ASSERT_EQ(code->format().frame_of(odometer.label()), frame);
    ASSERT_TRUE(code->format().is_label(odometer.label()));
    const std::string printed = code->to_string();
    ASSERT_EQ(printed, odometer.text());
    const auto read = Timecode::parse(printed, mode.rate);
    ASSERT_TRUE(read.ok() && *read == *code) << printed;
    ++frame;
  } while (odometer.next());
  EXPECT_EQ(frame, mode.labels);
  EXPECT_EQ(frame, Timecode::from_frame(0, mode.rate, drop)->format().frames_per_day());
  EXPECT_EQ(Timecode::from_frame(frame, mode.rate, drop)->frame(), 0) << "the next day";
}

INSTANTIATE_TEST_SUITE_P(
    OfADay, EveryLabel,
    ::testing::Values(Mode{k23_976, 24, 0, 2'073'600, "23_976"}, Mode{k24, 24, 0, 2'073'600, "24"},
                    Mode{k25, 25, 0, 2'160'000, "25"}, Mode{k29_97, 30, 0, 2'592'000, "29_97"},
                    Mode{k29_97, 30, 2, 2'589'408, "29_97_drop"}, Mode{k30, 30, 0, 2'592'000, "30"},
                    Mode{k47_95, 48, 0, 4'147'200, "47_95"}, Mode{k48, 48, 0, 4'147'200, "48"},
                    Mode{k50, 50, 0, 4'320'000, "50"}, Mode{k59_94, 60, 0, 5'184'000, "59_94"},
                    Mode{k59_94, 60, 4, 5'178'816, "59_94_drop"}, Mode{k60, 60, 0, 5'184'000, "60"},
                    Mode{k100, 100, 0, 8'640'000, "100"},
                    Mode{k119_88, 120, 0, 10'368'000, "119_88"},
                    Mode{k119_88, 120, 8, 10'357'632, "119_88_drop"},
                    Mode{k120, 120, 0, 10'368'000, "120"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace masterclock::timecode_every_label_test
