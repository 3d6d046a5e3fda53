// Follows an external timecode (a stream's, a tape's) and rejects its wrong readings.
//
// A timecode can stand still, jump for one reading, run at three times its speed, or overflow: OBS
// does all four. The chase therefore corrects only when two conditions hold. The difference between the
// timecode and the caller's position is large, and the difference has stayed the same for a while. The
// chase then corrects once, by the whole difference. The chase ignores small differences: a timeline
// that moves at every reading is never at its expected position.
//
// Cost:    an observation is a few additions and comparisons; it allocates nothing.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::TimecodeChase chase;
//   masterclock::SteadyTime t{};
//   assert(!chase.observe(t, 10s, 17s));  // a candidate
//   assert(!chase.observe(t + 1s, 11s, 18s));
//   assert(chase.observe(t + 2s, 12s, 19s) == 7s);  // the difference held for 2 s
#ifndef MASTERCLOCK_TIMERS_TIMECODE_CHASE_H_
#define MASTERCLOCK_TIMERS_TIMECODE_CHASE_H_

#include "masterclock/version.h"

#include <chrono>
#include <optional>
#include <string>

#include "masterclock/internal/printable.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/duration_text.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// A negative option counts as zero.
struct ChaseOptions {
  // Largest difference that the chase ignores.
  std::chrono::nanoseconds tolerance = std::chrono::milliseconds(500);
  // Largest deviation between differences that count as the same.
  std::chrono::nanoseconds steadiness = std::chrono::milliseconds(100);
  // Time for which the difference must stay the same.
  std::chrono::nanoseconds agree_for = std::chrono::seconds(2);
  // Largest valid code. The chase ignores a larger code.
  std::chrono::nanoseconds most = std::chrono::hours(48);
  friend bool operator==(const ChaseOptions&, const ChaseOptions&) = default;
};

[[nodiscard]] inline std::string to_string(const ChaseOptions& options) {
  return "tolerance " + to_string(options.tolerance) + ", steadiness " +
         to_string(options.steadiness) + ", agree for " + to_string(options.agree_for) +
         ", codes up to " + to_string(options.most);
}

class TimecodeChase {
 public:
  explicit TimecodeChase(ChaseOptions options = {}) noexcept : options_(options) {}

  // Returns the correction to apply now to the caller's position `own`; usually none. The chase ignores
  // a code below zero or above `most`, and keeps its candidate.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> observe(
      SteadyTime now, std::chrono::nanoseconds own, std::chrono::nanoseconds code) noexcept {
    if (code.count() < 0 || code > at_least_zero(options_.most)) return std::nullopt;
    const std::chrono::nanoseconds difference = minus(code, own);
    if (within(difference, options_.tolerance)) {
      candidate_.reset();
      return std::nullopt;
    }
    if (!candidate_ || !within(minus(difference, candidate_->difference), options_.steadiness)) {
      candidate_ = Candidate{now, difference};
    }
    if (saturating_difference(now, candidate_->since) < at_least_zero(options_.agree_for)) {
      return std::nullopt;
    }
    candidate_.reset();
    return difference;
  }

  // Drops the candidate. Call `lost` after the connection was lost.
  void lost() noexcept { candidate_.reset(); }

 private:
  // A difference beyond the tolerance, and the instant since which the difference has been the same.
  struct Candidate {
    SteadyTime since;
    std::chrono::nanoseconds difference;
  };

  static std::chrono::nanoseconds at_least_zero(std::chrono::nanoseconds option) noexcept {
    return option.count() < 0 ? std::chrono::nanoseconds(0) : option;
  }
  static std::chrono::nanoseconds minus(std::chrono::nanoseconds a,
                                        std::chrono::nanoseconds b) noexcept {
    return std::chrono::nanoseconds(internal::saturating_minus(a.count(), b.count()));
  }
  static bool within(std::chrono::nanoseconds difference, std::chrono::nanoseconds most) noexcept {
    most = at_least_zero(most);
    return difference <= most && difference >= -most;
  }

  ChaseOptions options_;
  std::optional<Candidate> candidate_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_TIMECODE_CHASE_H_
