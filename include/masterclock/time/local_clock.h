// Converts between UTC and a wall-clock reading, for rooms that do not know zones.
//
// `frames/` and `events/` use local times (a daily jam at 02:00, an event at 06:00 in Dublin). They take
// any WallClock, and keep it as an AnyWallClock. `Zone` is the WallClock of this library.
//
// ## Example
//
//   struct Utc {  // the shortest wall clock
//     masterclock::LocalTime to_local(masterclock::UtcTime utc) const {
//       return masterclock::LocalTime(utc.time_since_epoch());
//     }
//     absl::StatusOr<masterclock::UtcTime> to_utc(masterclock::LocalTime local,
//                                                 masterclock::Resolve) const {
//       return masterclock::UtcTime(local.time_since_epoch());
//     }
//   };
//   const masterclock::AnyWallClock wall = Utc();
//   assert(wall.to_local(masterclock::UtcTime()) == masterclock::LocalTime());
#ifndef MASTERCLOCK_TIME_LOCAL_CLOCK_H_
#define MASTERCLOCK_TIME_LOCAL_CLOCK_H_

#include <concepts>
#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <type_traits>

#include "absl/status/statusor.h"
#include "masterclock/internal/printable.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// The instant of a wall-clock reading that occurs twice (fold) or never (gap). Standards disagree: RFC
// 5545 drops such a reading, java.time and Temporal shift it, date takes the transition.
//
//   policy       fold                gap, for 02:30 when 02:00 becomes 03:00
//   kReject      FailedPrecondition  FailedPrecondition; both messages name both candidates
//   kEarlier     the first pass      the offset after the gap: an hour early, 01:30
//   kLater       the second pass     the offset before the gap: an hour late, 03:30
//   kCompatible  the first pass      as kLater; most calendars do this
//   kSnap        the first pass      the instant of the change: 03:00
//
// Use kReject where a person can answer. Use kCompatible for schedules that do not mention the change.
// Use kSnap where nothing may start later than its slot.
enum class Resolve { kReject, kCompatible, kEarlier, kLater, kSnap };

[[nodiscard]] inline std::string to_string(Resolve policy) {
  return internal::name_of(policy, {"reject", "compatible", "earlier", "later", "snap"});
}

// Satisfied by: Zone, AnyWallClock, and a fake of three lines in a test.
template <class W>
concept WallClock = requires(const W& wall, UtcTime utc, LocalTime local, Resolve policy) {
  { wall.to_local(utc) } -> std::same_as<LocalTime>;
  { wall.to_utc(local, policy) } -> std::same_as<absl::StatusOr<UtcTime>>;
};

// Holds any wall clock that is a handle of one pointer or less. The object behind the handle must outlive
// it; the table of a Zone lives as long as the process.
//
// Cost: one indirect call for each conversion; does not allocate.
class AnyWallClock {
 public:
  template <class W>
  requires(WallClock<W> && !std::same_as<W, AnyWallClock> && sizeof(W) <= sizeof(void*) &&
           std::is_trivially_copyable_v<W>)
      // NOLINTNEXTLINE(google-explicit-constructor): a Zone is a wall clock
      AnyWallClock(W wall)
  noexcept : calls_(&kCalls<W>) { std::memcpy(handle_, &wall, sizeof wall); }

  [[nodiscard]] LocalTime to_local(UtcTime utc) const { return calls_->to_local(handle_, utc); }
  [[nodiscard]] absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve policy) const {
    return calls_->to_utc(handle_, local, policy);
  }

  // Returns the held clock if it is a `W`: for a program that stores the name of the zone.
  //
  //   std::optional<Zone> zone = due.zone.target<Zone>();
  template <class W>
  [[nodiscard]] std::optional<W> target() const noexcept {
    return calls_ == &kCalls<W> ? std::optional<W>(as<W>(handle_)) : std::nullopt;
  }

 private:
  struct Calls {
    LocalTime (*to_local)(const std::byte*, UtcTime);
    absl::StatusOr<UtcTime> (*to_utc)(const std::byte*, LocalTime, Resolve);
  };
  // The copy of the handle's bytes began its lifetime (C++20 [intro.object]).
  template <class W>
  static const W& as(const std::byte* handle) noexcept {
    return *std::launder(reinterpret_cast<const W*>(handle));
  }
  template <class W>
  static constexpr Calls kCalls = {
      [](const std::byte* handle, UtcTime utc) { return as<W>(handle).to_local(utc); },
      [](const std::byte* handle, LocalTime local, Resolve policy) {
        return as<W>(handle).to_utc(local, policy);
      }};

  const Calls* calls_;
  alignas(void*) std::byte handle_[sizeof(void*)] = {};
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_LOCAL_CLOCK_H_
