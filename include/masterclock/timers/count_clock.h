// Counts a game clock down to zero or up to a maximum. The caller starts, stops and corrects it.
//
// The clock computes its value at an instant from one anchor: an instant, a value, and whether the
// clock runs. Nothing ticks. Therefore a pause loses no part of a second, however short the run
// was. A stall of the program loses no time. A step of UTC has no effect, because every instant
// here is steady time.
//
// CountClock does not read a clock: the caller passes the instant with every command and query. A
// copy of a CountClock is a snapshot.
//
//   down   from `initial` to 0         play clock, shot clock, period clock, intermission
//   up     from `initial` to `maximum` football's match clock, a stopwatch with a limit
//
// A kStop clock stops at the exact instant of its end, even if no caller queries the clock. A
// kRunOver clock runs on, below zero or above its maximum. The end is an instant (`expires_at`),
// not the result of a poll.
//
// Cost:    a reading is one subtraction and two comparisons.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   auto clock = masterclock::CountClock::make({.initial = 12min, .maximum = 12min}).value();
//   masterclock::SteadyTime t{};
//   for (int run = 0; run < 10; ++run) {
//     (void)clock.apply(t, masterclock::ClockCommand::start());
//     (void)clock.apply(t += 900ms, masterclock::ClockCommand::pause());
//     t += 5s;
//   }
//   assert(clock.reading(t).value == 11min + 51s);
#ifndef MASTERCLOCK_TIMERS_COUNT_CLOCK_H_
#define MASTERCLOCK_TIMERS_COUNT_CLOCK_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/printable.h"
#include "masterclock/time/duration_text.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/clock_command.h"

namespace masterclock::inline v0_2 {

// kStopped: off, or stopped at the end. kRunning: on. kPaused: held.
enum class ClockState { kStopped, kRunning, kPaused };

[[nodiscard]] inline std::string to_string(ClockState state) {
  return internal::name_of(state, {"stopped", "running", "paused"});
}

struct ClockReading {
  std::chrono::nanoseconds value{};  // below zero or above the maximum only for kRunOver
  ClockState state = ClockState::kStopped;
  bool at_end = false;  // at the end or past it
  // Change of `value` per nanosecond until `expires_at`: -1, 0 or +1. A display uses `rate` to
  // compute later values without another query.
  int rate = 0;
  // When a running clock reaches its end, unless a command changes it first.
  std::optional<SteadyTime> expires_at{};
  friend bool operator==(const ClockReading&, const ClockReading&) = default;
};

// Returns "11m51s running".
[[nodiscard]] inline std::string to_string(const ClockReading& reading) {
  return to_string(reading.value) + ' ' + to_string(reading.state);
}

struct ClockChange {
  bool changed = false;  // the command had an effect; a start while running has none
  // When the clock reached its end: by itself since the last command, or by this command.
  std::optional<SteadyTime> expired{};
  friend bool operator==(const ClockChange&, const ClockChange&) = default;
};

// The state of a clock apart from its rules, for a program that stores clocks.
struct ClockAnchor {
  SteadyTime at = SteadyTime::min();  // of the last command
  std::chrono::nanoseconds value{};   // at that instant
  ClockState state = ClockState::kStopped;
  friend bool operator==(const ClockAnchor&, const ClockAnchor&) = default;
};

class CountClock {
 public:
  // Errors: InvalidArgument for a maximum that is not positive, an initial value outside 0 to the
  //         maximum, or an up clock without a maximum.
  [[nodiscard]] static absl::StatusOr<CountClock> make(ClockRules rules) {
    if (absl::Status fault = check(rules); !fault.ok()) return fault;
    return CountClock(rules, {SteadyTime::min(), rules.initial, ClockState::kStopped});
  }

  // Returns the clock that a program stored as `rules` and `anchor`.
  //
  // Errors: those of make; OutOfRange for a value that this clock cannot have.
  [[nodiscard]] static absl::StatusOr<CountClock> restore(ClockRules rules, ClockAnchor anchor) {
    if (absl::Status fault = check(rules); !fault.ok()) return fault;
    const CountClock clock(rules, anchor);
    if (clock.limited(anchor.value) != anchor.value) return out_of_range();
    return clock;
  }
  [[nodiscard]] ClockAnchor anchor() const noexcept { return anchor_; }
  [[nodiscard]] const ClockRules& rules() const noexcept { return rules_; }

  // Applies `command` at `now`. A `now` before the last command counts as the instant of that
  // command: steady time never runs backwards, but a damaged log can.
  //
  // Errors: OutOfRange for a value outside 0 to the maximum; FailedPrecondition for a start at the
  //         end of a kStop clock, or a restart from that end value; InvalidArgument for a command
  //         without the data that its verb requires. A failed command changes nothing, but the
  //         clock may have reached its end.
  absl::StatusOr<ClockChange> apply(SteadyTime now, const ClockCommand& command) {
    now = std::max(now, anchor_.at);
    const ClockReading before = reading(now);
    CountClock next(rules_, {now, before.value, before.state});
    if (absl::Status refused = next.execute(command); !refused.ok()) return refused;

    ClockChange result;
    const std::optional<SteadyTime> expiry = expires_at();
    if (expiry && *expiry <= now) {
      result.expired = expiry;
    } else if (corrects(command.verb) && before.rate != 0 && !before.at_end &&
               next.is_end(next.anchor_.value)) {
      result.expired = now;
      if (rules_.at_end == AtEnd::kStop) next.anchor_.state = ClockState::kStopped;
    }
    result.changed = next.anchor_.value != before.value || next.anchor_.state != before.state ||
                     next.rules_ != rules_;
    *this = next;
    return result;
  }

  // Returns the value and the state at `now`. A `now` before the last command counts as the instant
  // of that command.
  [[nodiscard]] ClockReading reading(SteadyTime now) const noexcept {
    const auto& [at, value, state] = anchor_;
    if (state != ClockState::kRunning) return {value, state, is_end(value), 0, std::nullopt};
    const std::chrono::nanoseconds elapsed = saturating_difference(std::max(now, at), at);
    const bool ended = elapsed >= left();
    if (ended && rules_.at_end == AtEnd::kStop) return {end(), ClockState::kStopped, true, 0, {}};
    return {saturating_add(value, down() ? -elapsed : elapsed), state, ended, down() ? -1 : 1,
            ended ? std::nullopt : expires_at()};
  }

  // Returns the first instant after `after` at which a running clock's value is a multiple of
  // `step`: the instant at which a display changes. The end is a boundary for any `step`. None if
  // the clock does not run.
  [[nodiscard]] std::optional<SteadyTime> next_boundary(
      SteadyTime after, std::chrono::nanoseconds step = std::chrono::seconds(1)) const noexcept {
    constexpr std::chrono::nanoseconds kZero{};
    after = std::max(after, anchor_.at);
    const ClockReading now = reading(after);
    if (now.rate == 0) return std::nullopt;
    if (step <= kZero) return now.expires_at;
    std::chrono::nanoseconds wait = now.value % step * -now.rate;
    if (wait <= kZero) wait += step;
    if (wait > saturating_difference(SteadyTime::max(), after)) return now.expires_at;
    return now.expires_at ? std::min(*now.expires_at, after + wait) : after + wait;
  }

  // Returns the same clock on another steady timeline (after a reboot, on another machine). The
  // instant `then` on this timeline is `now` on the other.
  [[nodiscard]] CountClock rebased(SteadyTime then, SteadyTime now) const noexcept {
    CountClock other = *this;
    other.anchor_.at = saturating_add(now, saturating_difference(anchor_.at, then));
    return other;
  }

  // Two clocks are equal if every later reading of them is.
  friend bool operator==(const CountClock& a, const CountClock& b) noexcept {
    const SteadyTime at = std::max(a.anchor_.at, b.anchor_.at);
    return a.rules_ == b.rules_ && a.reading(at) == b.reading(at);
  }

 private:
  CountClock(const ClockRules& rules, const ClockAnchor& anchor) noexcept
      : rules_(rules), anchor_(anchor) {}

  static absl::Status check(const ClockRules& rules) {
    constexpr std::chrono::nanoseconds kZero{};
    if (rules.maximum && *rules.maximum <= kZero) {
      return absl::InvalidArgumentError("the maximum is not positive");
    }
    if (rules.direction == CountDirection::kUp && !rules.maximum) {
      return absl::InvalidArgumentError("a clock that counts up requires a maximum");
    }
    if (rules.initial < kZero || (rules.maximum && rules.initial > *rules.maximum)) {
      return absl::InvalidArgumentError("the initial value is outside 0 to the maximum");
    }
    return absl::OkStatus();
  }
  static absl::Status out_of_range() {
    return absl::OutOfRangeError("the value is outside 0 to the maximum");
  }

  // Only a correction can bring a running clock to its end: a reset stops the clock on purpose.
  static bool corrects(ClockVerb verb) noexcept {
    return verb == ClockVerb::kSet || verb == ClockVerb::kAdjust;
  }

  [[nodiscard]] bool down() const noexcept { return rules_.direction == CountDirection::kDown; }
  [[nodiscard]] std::chrono::nanoseconds end() const noexcept {
    return down() ? std::chrono::nanoseconds(0) : *rules_.maximum;
  }
  [[nodiscard]] bool is_end(std::chrono::nanoseconds value) const noexcept {
    return down() ? value <= end() : value >= end();
  }
  [[nodiscard]] bool in_range(std::chrono::nanoseconds value) const noexcept {
    return value >= std::chrono::nanoseconds(0) && (!rules_.maximum || value <= *rules_.maximum);
  }

  // Returns the time from the anchor to the end; at the end or past it, 0 or less.
  [[nodiscard]] std::chrono::nanoseconds left() const noexcept {
    return down() ? anchor_.value : *rules_.maximum - anchor_.value;
  }
  // Returns the instant at which a running clock reaches its end. None past the end of steady time.
  [[nodiscard]] std::optional<SteadyTime> expires_at() const noexcept {
    if (anchor_.state != ClockState::kRunning || left() <= std::chrono::nanoseconds(0) ||
        left() > saturating_difference(SteadyTime::max(), anchor_.at)) {
      return std::nullopt;
    }
    return anchor_.at + left();
  }

  absl::Status execute(const ClockCommand& command) {
    switch (command.verb) {
      case ClockVerb::kStart:
        return anchor_.state == ClockState::kRunning ? absl::OkStatus() : run_from(anchor_.value);
      case ClockVerb::kPause:
        if (anchor_.state == ClockState::kRunning) anchor_.state = ClockState::kPaused;
        return absl::OkStatus();
      case ClockVerb::kStop: anchor_.state = ClockState::kStopped; return absl::OkStatus();
      case ClockVerb::kSet:
        if (!command.value) return absl::InvalidArgumentError("set requires a value");
        if (!in_range(*command.value)) return out_of_range();
        anchor_.value = *command.value;
        return absl::OkStatus();
      case ClockVerb::kAdjust:
        if (!command.value) return absl::InvalidArgumentError("adjust requires a value");
        anchor_.value = limited(saturating_add(anchor_.value, *command.value));
        return absl::OkStatus();
      case ClockVerb::kReset:
        if (!in_range(command.value.value_or(rules_.initial))) return out_of_range();
        anchor_.value = command.value.value_or(rules_.initial);
        anchor_.state = ClockState::kStopped;
        return absl::OkStatus();
      case ClockVerb::kRestart:
        if (!in_range(command.value.value_or(rules_.initial))) return out_of_range();
        return run_from(command.value.value_or(rules_.initial));
      case ClockVerb::kConfigure:
        if (!command.rules) return absl::InvalidArgumentError("configure requires rules");
        if (absl::Status fault = check(*command.rules); !fault.ok()) return fault;
        rules_ = *command.rules;
        anchor_.value = rules_.initial;
        anchor_.state = ClockState::kStopped;
        return absl::OkStatus();
    }
    return absl::InvalidArgumentError("unknown verb");
  }

  absl::Status run_from(std::chrono::nanoseconds value) {
    if (rules_.at_end == AtEnd::kStop && is_end(value)) {
      return absl::FailedPreconditionError("the clock is at its end");
    }
    anchor_.value = value;
    anchor_.state = ClockState::kRunning;
    return absl::OkStatus();
  }

  // Returns the nearest value that this clock can have.
  [[nodiscard]] std::chrono::nanoseconds limited(std::chrono::nanoseconds value) const noexcept {
    const bool over = rules_.at_end == AtEnd::kRunOver;
    if (!(over && down())) value = std::max(value, std::chrono::nanoseconds(0));
    if (rules_.maximum && (!over || down())) value = std::min(value, *rules_.maximum);
    return value;
  }

  ClockRules rules_;
  ClockAnchor anchor_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_COUNT_CLOCK_H_
