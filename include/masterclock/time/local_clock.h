// The wall as the rooms below the zones need it: something that turns UTC into a local reading and
// back. `Zone` is the one that this library ships.
//
// `frames/` and `events/` speak of local times (a daily jam at 02:00, an event at 06:00 in Dublin)
// without knowing how zones are made: they take any WallClock, and keep one as an AnyWallClock.
//
// Threads: plain values.
#ifndef MASTERCLOCK_TIME_LOCAL_CLOCK_H_
#define MASTERCLOCK_TIME_LOCAL_CLOCK_H_

#include "masterclock/version.h"

#include <concepts>
#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <type_traits>

#include "absl/status/statusor.h"
#include "masterclock/time/resolve.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Satisfied by: Zone, AnyWallClock, and a fake of three lines in a test.
template <class W>
concept WallClock = requires(const W& wall, UtcTime utc, LocalTime local, Resolve policy) {
  { wall.to_local(utc) } -> std::same_as<LocalTime>;
  { wall.to_utc(local, policy) } -> std::same_as<absl::StatusOr<UtcTime>>;
};

// Any wall clock that is a handle of one pointer or less, as a value of two pointers.
//
// Cost: an indirect call a conversion; never allocates. What the handle points at must outlive it
//       (a Zone's table lives as long as the process).
class AnyWallClock {
 public:
  template <class W>
    requires(WallClock<W> && !std::same_as<W, AnyWallClock> && sizeof(W) <= sizeof(void*) &&
             std::is_trivially_copyable_v<W>)
  AnyWallClock(W wall) noexcept  // NOLINT(google-explicit-constructor): a Zone is a wall clock
      : calls_(&kCalls<W>) {
    std::memcpy(handle_, &wall, sizeof wall);
  }

  [[nodiscard]] LocalTime to_local(UtcTime utc) const { return calls_->to_local(handle_, utc); }
  [[nodiscard]] absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve policy) const {
    return calls_->to_utc(handle_, local, policy);
  }

  // The wall itself, if a `W` is what this was made from: for whoever has to write its name down.
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
  // The handle was copied in byte by byte, which begins its lifetime (C++20 [intro.object]).
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

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_LOCAL_CLOCK_H_
