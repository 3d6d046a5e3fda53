#include "masterclock/timers/timecode_chase.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/timecode.h"

namespace masterclock::timecode_chase_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

struct Correction {
  nanoseconds at, by;
  friend bool operator==(const Correction&, const Correction&) = default;
};

// A timeline that runs, and that follows a code.
struct Follower {
  TimecodeChase chase{};
  nanoseconds origin{};  // the own position at instant 0
  std::vector<Correction> corrections{};

  void observe(nanoseconds now, nanoseconds code) {
    if (const auto by = chase.observe(SteadyTime(now), origin + now, code)) {
      origin += *by;
      corrections.push_back({now, *by});
    }
  }
};

TEST(TimecodeChase, AWrongTimeCodeMovesNothing) {
  struct Case {
    const char* name;
    std::function<nanoseconds(nanoseconds)> code;
  };
  const Case cases[] = {
      {"stands still at zero", [](nanoseconds) { return 0s; }},
      {"stands still at 20 s", [](nanoseconds) { return 20s; }},
      {"runs 3.5 times too fast", [](nanoseconds now) { return now * 7 / 2; }},
      {"runs at half the speed", [](nanoseconds now) { return now / 2; }},
      {"runs backward", [](nanoseconds now) { return 1h - now; }},
      {"overflows", [](nanoseconds) { return nanoseconds::max(); }},
      {"is above 48 h, and steady", [](nanoseconds now) { return 48h + 1ns + now; }},
      {"is below zero, and steady", [](nanoseconds now) { return now - 2h; }},
      {"jumps for one reading of ten",
       [](nanoseconds now) { return now / 100ms % 10 == 5 ? now + 43s : 10s + now; }},
  };
  for (const Case& wrong : cases) {
    for (const nanoseconds every : {20ms, 100ms, 500ms, 1'000ms, 3'000ms}) {
      Follower show{.origin = 10s};
      for (nanoseconds now{}; now <= 1min; now += every) show.observe(now, wrong.code(now));
      EXPECT_TRUE(show.corrections.empty())
          << wrong.name << ", read every " << every.count() << " ns: corrected by "
          << show.corrections.front().by.count() << " ns";
    }
  }
}

TEST(TimecodeChase, CorrectsASteadyDifferenceOnceByTheLatest) {
  Follower show;
  show.observe(0s, 7s);
  show.observe(1s, 8'100ms);
  show.observe(1'999'999'999ns, 8'999'999'999ns + 50ms);
  show.observe(2s, 9'020ms);
  show.observe(3s, 10s);
  show.observe(9s, 16s);
  EXPECT_EQ(show.corrections, (std::vector<Correction>{{2s, 7'020ms}}));
}

TEST(TimecodeChase, IgnoresADifferenceUpToTheTolerance) {
  Follower inside, beyond;
  for (nanoseconds now = 1s; now <= 10s; now += 100ms) {
    inside.observe(now, now + 500ms);
    beyond.observe(now, now - 500'000'001ns);
  }
  EXPECT_TRUE(inside.corrections.empty());
  EXPECT_EQ(beyond.corrections, (std::vector<Correction>{{3s, -500'000'001ns}}));
}

TEST(TimecodeChase, ADeviationFromTheFirstDifferenceBeginsANewCandidate) {
  Follower show;
  show.observe(0s, 7s);
  show.observe(1s, 8'100ms);                        // deviates by 100 ms: the same
  show.observe(1'500ms, 8'600ms + 1ns);             // by more: another candidate
  show.observe(3'499'999'999ns, 10'599'999'999ns);  // not yet
  show.observe(3'500ms, 10'600ms);
  EXPECT_EQ(show.corrections, (std::vector<Correction>{{3'500ms, 7'100ms}}));
}

TEST(TimecodeChase, AnInvalidCodeKeepsTheCandidate) {
  for (const nanoseconds invalid : {-1ns, nanoseconds::min(), 48h + 1ns, nanoseconds::max()}) {
    Follower show;
    show.observe(0s, 7s);
    show.observe(1s, invalid);
    show.observe(2s, 9s);
    EXPECT_EQ(show.corrections, (std::vector<Correction>{{2s, 7s}})) << invalid.count();
  }
}

TEST(TimecodeChase, LostDropsTheCandidate) {
  Follower show;
  show.observe(0s, 7s);
  show.chase.lost();
  show.observe(2s, 9s);
  show.observe(3s, 10s);
  EXPECT_TRUE(show.corrections.empty());
  show.observe(4s, 11s);
  EXPECT_EQ(show.corrections, (std::vector<Correction>{{4s, 7s}}));
}

TEST(TimecodeChase, StepsOfUtcAreNotNoticed) {
  // The chase gets steady instants only; an instant that goes back never makes a candidate old.
  TimecodeChase chase;
  EXPECT_EQ(chase.observe(SteadyTime(10s), 0s, 7s), std::nullopt);
  EXPECT_EQ(chase.observe(SteadyTime::min(), 0s, 7s), std::nullopt);
  EXPECT_EQ(chase.observe(SteadyTime(12s), 0s, 7s), 7s);
}

TEST(TimecodeChase, ANegativeOptionCountsAsZero) {
  TimecodeChase chase({.tolerance = -1s, .steadiness = -1s, .agree_for = -1s, .most = -1s});
  EXPECT_EQ(chase.observe(SteadyTime(0s), 0s, 0s), std::nullopt);
  EXPECT_EQ(chase.observe(SteadyTime(0s), 5s, 0s), -5s);
  EXPECT_EQ(chase.observe(SteadyTime(0s), 5s, 1ns), std::nullopt);
}

TEST(TimecodeChase, OptionsPrintAndCompare) {
  std::ostringstream text;
  text << ChaseOptions{};
  EXPECT_EQ(text.str(), "tolerance 500ms, steadiness 100ms, agree for 2s, codes up to 48h");
  EXPECT_EQ(ChaseOptions{}, ChaseOptions{.tolerance = 500ms});
  EXPECT_NE(ChaseOptions{}, ChaseOptions{.tolerance = 501ms});
}

// Linear timecode from a tape: one label per frame, at the frame's start.
class Tape {
 public:
  Tape(FrameRate rate, DropFrame drop, std::int64_t first)
      : rate_(rate), drop_(drop), first_(first) {}

  // Returns the position that the label at frame `index` since instant 0 says.
  [[nodiscard]] nanoseconds code(std::int64_t index) const {
    return Timecode::from_frame(first_ + index, rate_, drop_).value().since_midnight();
  }
  [[nodiscard]] nanoseconds instant(std::int64_t index) const { return frame_start(index, rate_); }
  [[nodiscard]] std::int64_t frames_in(nanoseconds time) const { return frame_index(time, rate_); }

 private:
  FrameRate rate_;
  DropFrame drop_;
  std::int64_t first_;
};

// Each label is read up to 15 ms late.
nanoseconds jitter(std::mt19937_64& random) {
  return nanoseconds(static_cast<std::int64_t>(random() % 15'000'000));
}

TEST(TimecodeChase, FollowsLtcThroughJitterAndDropouts) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    const Tape tape(k25, DropFrame::kNo, 25 * 3'600);  // 01:00:00:00
    Follower show{.origin = 3'590s};
    std::optional<nanoseconds> heard;
    for (std::int64_t i = 0; i < tape.frames_in(2min); ++i) {
      const bool hole = tape.instant(i) >= 1s && tape.instant(i) < 5s;
      if (hole || random() % 5 == 0) continue;
      const nanoseconds now = tape.instant(i) + jitter(random);
      heard = now;
      show.observe(now, tape.code(i));
    }
    ASSERT_TRUE(heard);
    ASSERT_EQ(show.corrections.size(), 1u) << seed;
    EXPECT_LE(show.corrections[0].by, 10s);
    EXPECT_GE(show.corrections[0].by, 10s - 15ms);
    EXPECT_LE(show.corrections[0].at, 5s + 500ms);  // as soon as labels are back after the hole
  }
}

TEST(TimecodeChase, ADropFrameBoundaryIsNoJump) {
  // 00:00:59;29 is followed by 00:01:00;02, and 00:09:59;29 by 00:10:00;00.
  const Tape tape(k29_97, DropFrame::kYes, 0);
  ASSERT_EQ(Timecode::from_frame(1'800, k29_97, DropFrame::kYes)->to_string(), "00:01:00;02");
  std::mt19937_64 random(7);
  Follower exact{.chase = TimecodeChase({.tolerance = 15ms})};
  for (std::int64_t i = 0; i < tape.frames_in(11min); ++i) {
    exact.observe(tape.instant(i) + jitter(random), tape.code(i));
  }
  EXPECT_TRUE(exact.corrections.empty());
}

TEST(TimecodeChase, AMisreadLabelMovesNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    const Tape tape(k29_97, DropFrame::kYes, 0);
    Follower show;
    for (std::int64_t i = 0; i < tape.frames_in(5min); ++i) {
      const bool misread = random() % 20 == 0;
      const auto label = misread ? static_cast<std::int64_t>(random() % 2'589'408) : i;
      show.observe(tape.instant(i) + jitter(random), tape.code(label));
    }
    EXPECT_TRUE(show.corrections.empty()) << seed;
  }
}

TEST(TimecodeChase, ATapeThatRewindsIsFollowedWhenItPlaysAgain) {
  std::mt19937_64 random(3);
  const Tape tape(k25, DropFrame::kNo, 10 * 60 * 25);
  Follower show{.origin = 10min};
  for (std::int64_t i = 0; i < tape.frames_in(1min); ++i) {
    // Plays for 20 s, goes back at play speed for 20 s, and plays again.
    const std::int64_t turn = 20 * 25;
    const std::int64_t label = i < turn ? i : i < 2 * turn ? 2 * turn - i : i - 2 * turn;
    show.observe(tape.instant(i) + jitter(random), tape.code(label));
  }
  ASSERT_EQ(show.corrections.size(), 1u);
  EXPECT_GE(show.corrections[0].at, 42s);
  EXPECT_LE(show.corrections[0].at, 42s + 100ms);
  EXPECT_LE(show.corrections[0].by, -40s);
  EXPECT_GE(show.corrections[0].by, -40s - 15ms);
}

TEST(TimecodeChase, MidnightOfTheLabelsIsOneCorrection) {
  const std::int64_t day = 24 * 3'600 * 25;
  const Tape tape(k25, DropFrame::kNo, day - 10 * 25);  // 23:59:50:00
  Follower show{.origin = 24h - 10s};
  for (std::int64_t i = 0; i < tape.frames_in(1min); ++i) {
    show.observe(tape.instant(i), tape.code(i));
  }
  EXPECT_EQ(show.corrections, (std::vector<Correction>{{12s, -24h}}));
}

// Keeps every difference of the current candidate, in 128 bits.
class PlainChase {
 public:
  explicit PlainChase(ChaseOptions options) : options_(options) {}

  std::optional<std::int64_t> observe(std::int64_t now, std::int64_t own, std::int64_t code) {
    if (code < 0 || code > options_.most.count()) return std::nullopt;
    const Wide difference = Wide{code} - own;
    if (size(difference) <= options_.tolerance.count()) {
      run_.clear();
      return std::nullopt;
    }
    if (!run_.empty() && size(difference - run_[0].second) > options_.steadiness.count()) {
      run_.clear();
    }
    run_.emplace_back(now, difference);
    if (Wide{now} - run_[0].first < options_.agree_for.count()) return std::nullopt;
    run_.clear();
    return static_cast<std::int64_t>(difference);
  }
  void lost() { run_.clear(); }

 private:
  __extension__ using Wide = __int128;
  static Wide size(Wide value) { return value < 0 ? -value : value; }

  ChaseOptions options_;
  std::vector<std::pair<Wide, Wide>> run_;
};

TEST(TimecodeChase, EqualsAPlainModelOverAMillionReadings) {
  std::mt19937_64 random(42);
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
  int corrections = 0;
  for (int round = 0; round < 2'000; ++round) {
    const ChaseOptions options{nanoseconds(below(8)), nanoseconds(below(4)), nanoseconds(below(20)),
                               nanoseconds(500 + below(500))};
    TimecodeChase chase(options);
    PlainChase plain(options);
    std::int64_t now = 0, own = below(200), offset = below(100) - 50;
    for (int i = 0; i < 500; ++i) {
      const std::int64_t step = below(4);
      now += step;
      own += step;
      if (below(40) == 0) offset = below(200) - 100;
      const std::int64_t code = below(30) == 0 ? below(2'000) - 500 : own + offset + below(5) - 2;
      if (below(100) == 0) {
        chase.lost();
        plain.lost();
      }
      const auto by =
          chase.observe(SteadyTime(nanoseconds(now)), nanoseconds(own), nanoseconds(code));
      const auto expected = plain.observe(now, own, code);
      ASSERT_EQ(by ? std::optional(by->count()) : std::nullopt, expected)
          << "round " << round << ", reading " << i;
      corrections += by.has_value();
      own += by.value_or(0ns).count();
      if (own > 100'000 || own < 0) own = below(200);
    }
  }
  EXPECT_GT(corrections, 10'000);
}

TEST(TimecodeChase, IsTotalAtTheEndsOfTime) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kValues[] = {kLeast, kLeast + 1, -1, 0, 1, kMost - 1, kMost};
  for (const std::int64_t own : kValues) {
    for (const std::int64_t code : kValues) {
      for (const std::int64_t later : kValues) {
        TimecodeChase chase({.most = nanoseconds::max()});
        (void)chase.observe(SteadyTime::min(), nanoseconds(own), nanoseconds(code));
        const auto by = chase.observe(SteadyTime::max(), nanoseconds(own), nanoseconds(later));
        EXPECT_TRUE(!by || later >= 0);
      }
    }
  }
  TimecodeChase chase({.most = nanoseconds::max()});
  EXPECT_EQ(chase.observe(SteadyTime::min(), nanoseconds::min(), nanoseconds::max()), std::nullopt);
  EXPECT_EQ(chase.observe(SteadyTime::max(), nanoseconds::min(), nanoseconds::max()),
            nanoseconds::max());
}

}  // namespace
}  // namespace masterclock::timecode_chase_test
