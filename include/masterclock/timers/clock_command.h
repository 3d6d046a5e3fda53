// Defines the rules of a clock, and the commands that change it. Both are plain data.
//
// A program stores commands in a log, sends them to other machines, and replays them. CountClock
// (count_clock.h) executes them.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   using masterclock::ClockCommand;
//   const ClockCommand correction = ClockCommand::adjust(-100ms);
//   assert(to_string(correction.verb) == "adjust" && correction.value == -100ms);
//   assert(masterclock::parse_clock_verb("adjust") == correction.verb);
//   assert(ClockCommand::restart() != ClockCommand::restart_at(25s));
#ifndef MASTERCLOCK_TIMERS_CLOCK_COMMAND_H_
#define MASTERCLOCK_TIMERS_CLOCK_COMMAND_H_

#include "masterclock/version.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "masterclock/internal/printable.h"
#include "masterclock/time/duration_text.h"

namespace masterclock::inline v0_2 {

enum class CountDirection { kDown, kUp };
// Decides what a running clock does at its end: stops there, or runs on past it.
enum class AtEnd { kStop, kRunOver };

[[nodiscard]] inline std::string to_string(CountDirection direction) {
  return internal::name_of(direction, {"down", "up"});
}
[[nodiscard]] inline std::string to_string(AtEnd at_end) {
  return internal::name_of(at_end, {"stop", "run_over"});
}

// The end of a down clock is 0, the end of an up clock its maximum.
struct ClockRules {
  CountDirection direction = CountDirection::kDown;
  std::chrono::nanoseconds initial{};  // value of a new clock and after a reset
  // Limit of the value. None: no limit, for down clocks only.
  std::optional<std::chrono::nanoseconds> maximum{};
  AtEnd at_end = AtEnd::kStop;
  friend bool operator==(const ClockRules&, const ClockRules&) = default;
};

enum class ClockVerb { kStart, kPause, kStop, kSet, kAdjust, kReset, kRestart, kConfigure };

namespace internal {
inline constexpr std::array<std::string_view, 8> kClockVerbs{
    "start", "pause", "stop", "set", "adjust", "reset", "restart", "configure"};
}  // namespace internal

// Returns "start", "pause", ... The names are those that parse_clock_verb reads.
[[nodiscard]] constexpr std::string_view to_string(ClockVerb verb) noexcept {
  const auto i = static_cast<std::size_t>(verb);
  return i < internal::kClockVerbs.size() ? internal::kClockVerbs[i] : "unknown";
}
[[nodiscard]] constexpr std::optional<ClockVerb> parse_clock_verb(std::string_view text) noexcept {
  for (std::size_t i = 0; i < internal::kClockVerbs.size(); ++i) {
    if (text == internal::kClockVerbs[i]) return static_cast<ClockVerb>(i);
  }
  return std::nullopt;
}

struct ClockCommand {
  ClockVerb verb = ClockVerb::kStart;
  // Required for kSet and kAdjust. Without a value, kReset and kRestart use `initial`.
  std::optional<std::chrono::nanoseconds> value{};
  std::optional<ClockRules> rules{};  // required for kConfigure

  static ClockCommand start() { return {ClockVerb::kStart}; }  // runs from the current value
  static ClockCommand pause() { return {ClockVerb::kPause}; }  // keeps the value; state kPaused
  static ClockCommand stop() { return {ClockVerb::kStop}; }    // keeps the value; state kStopped
  // Sets the value. A running clock runs on from `value`.
  static ClockCommand set(std::chrono::nanoseconds value) { return {ClockVerb::kSet, value}; }
  // Adds `by` (+1 s, -0.1 s) and limits the value to 0 ... maximum. The value of a kRunOver clock
  // is not limited at its end.
  static ClockCommand adjust(std::chrono::nanoseconds by) { return {ClockVerb::kAdjust, by}; }
  static ClockCommand reset() { return {ClockVerb::kReset}; }     // stops at `initial`
  static ClockCommand reset_to(std::chrono::nanoseconds value) {  // stops at `value`
    return {ClockVerb::kReset, value};
  }
  static ClockCommand restart() { return {ClockVerb::kRestart}; }  // runs from `initial`
  // Runs from `value`: the play clock's two buttons, 40 and 25.
  static ClockCommand restart_at(std::chrono::nanoseconds value) {
    return {ClockVerb::kRestart, value};
  }
  // Replaces the rules, for another period, and stops at their `initial`.
  static ClockCommand configure(ClockRules rules) {
    return {ClockVerb::kConfigure, std::nullopt, rules};
  }
  friend bool operator==(const ClockCommand&, const ClockCommand&) = default;
};

// Returns "start", "set 10m", "adjust -100ms".
[[nodiscard]] inline std::string to_string(const ClockCommand& command) {
  std::string text(to_string(command.verb));
  if (command.value) text += ' ' + to_string(*command.value);
  return text;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_CLOCK_COMMAND_H_
