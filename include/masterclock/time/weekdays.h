// Names the days of the week on which a wall time recurs, and the rules for its DST nights.
//
// Both recurrences of this library use these types: `RecurringLocalTime` in zones/, and `Daily` in
// events/.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   constexpr masterclock::Weekdays weekend = {std::chrono::Saturday, std::chrono::Sunday};
//   static_assert(weekend.contains(std::chrono::Sunday));
//   assert(to_string(weekend) == "Sat,Sun");
#ifndef MASTERCLOCK_TIME_WEEKDAYS_H_
#define MASTERCLOCK_TIME_WEEKDAYS_H_

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "masterclock/internal/printable.h"
#include "masterclock/time/local_clock.h"

namespace masterclock::inline v0_2 {

// A set of days of the week. The default is all seven days.
class Weekdays {
 public:
  constexpr Weekdays() noexcept = default;
  constexpr Weekdays(std::initializer_list<std::chrono::weekday> days) noexcept : bits_(0) {
    for (const std::chrono::weekday day : days) bits_ |= bit(day);
  }
  [[nodiscard]] constexpr bool contains(std::chrono::weekday day) const noexcept {
    return (bits_ & bit(day)) != 0;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
  friend constexpr bool operator==(Weekdays, Weekdays) noexcept = default;
  friend constexpr Weekdays operator|(Weekdays a, Weekdays b) noexcept {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  static constexpr unsigned bit(std::chrono::weekday day) noexcept {
    return 1U << day.c_encoding();
  }
  unsigned bits_ = 0x7f;
};

inline constexpr Weekdays kEveryDay;
inline constexpr Weekdays kMondayToFriday = {std::chrono::Monday, std::chrono::Tuesday,
                                             std::chrono::Wednesday, std::chrono::Thursday,
                                             std::chrono::Friday};

// The rule for a day on which the wall time does not exist, because the clocks go forward over it.
//
// Source: RFC 5545 section 3.3.10 requires kSkip for calendars.
enum class OnGap {
  kResolve,  // occurs at the instant that the Resolve policy gives
  kSkip,     // does not occur on this day
};

// The rule for a day on which the wall time occurs twice, because the clocks go back over it.
enum class OnFold {
  kOnce,       // occurs at the pass that the Resolve policy gives
  kFirstOnly,  // occurs at the first pass, whatever the Resolve policy is
  kTwice,      // occurs at both passes
};

// The rules of a local time that recurs. Resolve::kReject skips a date in a gap. It also skips a
// date in a fold, unless `fold` selects a pass.
struct RecurrenceRules {
  Weekdays days = kEveryDay;  // of the local calendar
  Resolve resolve = Resolve::kCompatible;
  OnGap gap = OnGap::kResolve;
  OnFold fold = OnFold::kOnce;
};

[[nodiscard]] inline std::string to_string(OnGap rule) {
  return internal::name_of(rule, {"resolve", "skip"});
}
[[nodiscard]] inline std::string to_string(OnFold rule) {
  return internal::name_of(rule, {"once", "first-only", "twice"});
}

// Returns "Mon,Wed" in the order of ISO 8601, "every day" for all days, "never" for no day.
[[nodiscard]] inline std::string to_string(Weekdays days) {
  if (days == kEveryDay) return "every day";
  constexpr std::string_view kNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  std::string text;
  for (unsigned iso = 1; iso <= 7; ++iso) {
    if (!days.contains(std::chrono::weekday(iso))) continue;
    if (!text.empty()) text += ',';
    text += kNames[iso - 1];
  }
  return text.empty() ? "never" : text;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_WEEKDAYS_H_
