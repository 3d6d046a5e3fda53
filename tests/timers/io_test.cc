// The values of timers/ print, format and hash.
#include "masterclock/timers/io.h"

#include <gtest/gtest.h>
#if __has_include(<fmt/core.h>)
#include <fmt/core.h>
#endif

#include <chrono>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/hash/hash.h"

namespace masterclock::timers_io_test {
namespace {

using namespace std::chrono_literals;

struct Sink {
  void Append(std::string_view more) { text += more; }
  std::string text;
};

template <class T>
void expect_prints(const T& value, const std::string& text) {
  std::ostringstream stream;
  stream << value;
  EXPECT_EQ(to_string(value), text);
  EXPECT_EQ(stream.str(), text);
  EXPECT_EQ(::testing::PrintToString(value), text);
  Sink sink;
  AbslStringify(sink, value);
  EXPECT_EQ(sink.text, text);
#if __has_include(<fmt/core.h>)
  EXPECT_EQ(fmt::format("{}", value), text);
#endif
}

TEST(TimersIo, Prints) {
  expect_prints(CountDirection::kUp, "up");
  expect_prints(AtEnd::kRunOver, "run_over");
  expect_prints(ClockState::kPaused, "paused");
  expect_prints(ClockVerb::kConfigure, "configure");
  expect_prints(PeriodCount::kPerPeriod, "per_period");
  expect_prints(PeriodCount::kCumulative, "cumulative");
  expect_prints(LogVerb::kContinue, "continue");
  expect_prints(BootPolicy::kAsk, "ask");
  expect_prints(BootChoice::kOpen, "open");
  expect_prints(LogOutcome::kWithoutEffect, "without_effect");
  expect_prints(ClockReport::Reason::kExpired, "expired");
  expect_prints(ClockReport{{"play", 7}, ClockReport::Reason::kSecond, {39s, ClockState::kRunning}},
                "play/7 second: 39s running");
  expect_prints(Overlap::kBufferOne, "buffer_one");
  expect_prints(Freshness::kOverdue, "overdue");
  expect_prints(static_cast<ClockState>(7), "unknown");
  expect_prints(ClockKey{"play", 7}, "play/7");
  expect_prints(ClockCommand::pause(), "pause");
  expect_prints(ClockCommand::adjust(-100ms), "adjust -100ms");
  expect_prints(KeyedCommand{{"game", -1}, ClockCommand::set(10min)}, "game/-1 set 10m");
  expect_prints(ClockReading{-90s, ClockState::kRunning}, "-1m30s running");
}

TEST(TimersIo, HashesKeys) {
  const ClockKey key{"play", 7}, other{"play", 8}, another{"game", 7};
  EXPECT_EQ(std::hash<ClockKey>()(key), std::hash<ClockKey>()(ClockKey{"play", 7}));
  EXPECT_NE(std::hash<ClockKey>()(key), std::hash<ClockKey>()(other));
  EXPECT_NE(std::hash<ClockKey>()(key), std::hash<ClockKey>()(another));
  EXPECT_EQ(absl::HashOf(key), absl::HashOf(ClockKey{"play", 7}));
  EXPECT_NE(absl::HashOf(key), absl::HashOf(another));
  EXPECT_LT(another, key);
}

}  // namespace
}  // namespace masterclock::timers_io_test
