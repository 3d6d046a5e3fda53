// The timecode of a house clock: labels that follow the wall, set right once a day.
//
// At the daily jam, a local time such as 02:00, the count takes the time that the wall shows; from
// there on it counts frames until the next jam. What the labels gain or lose on the clock in
// between (2.6 frames a day in drop-frame, 86.4 s in non-drop at 29.97) is made up at the jam, and
// so is a change of the wall's offset: summer time begins on screen at the next jam, not in the
// middle of a programme.
//
// The first frame that starts at or after the jam carries its label; the frame that was on keeps
// counting from the jam before. Above 30 frames a second, it is the first pair (or four) that
// shares a codeword. A jam that drop-frame has no label for, 02:01:00;00, is labelled with the
// first there is, 02:01:00;02.
//
// Where clocks go back, a jam in the repeated hour is made in its second pass, when the change is
// over; where they go forward, a jam in the missing hour is made an hour later and takes what the
// wall shows.
//
// Threads: a value; any number of threads may ask one.
// Cost:    a few conversions of the wall.
// Source:  SMPTE ST 2059-1 (time address, daily jam).
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::ZoneCache zones;  // or any other WallClock
//   const masterclock::Zone london = zones.find("Europe/London").value();
//   const masterclock::UtcTime now = sys_days(2026y / November / 21) + 13h + 480ms;
//   assert(masterclock::time_of_day_timecode(now, london, masterclock::k25,
//                                            masterclock::DropFrame::kNo)
//              .to_string() == "13:00:00:12");
#ifndef MASTERCLOCK_FRAMES_HOUSE_TIMECODE_H_
#define MASTERCLOCK_FRAMES_HOUSE_TIMECODE_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/frames/fence.h"
#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/timecode.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/local_clock.h"

namespace masterclock::inline v0_2 {

class TimeOfDayTimecode {
 public:
  // Errors: InvalidArgument for a rate without labels, for drop-frame where there is none, and for a jam
  //         outside 00:00:00 to 23:59:59.
  [[nodiscard]] static absl::StatusOr<TimeOfDayTimecode> make(AnyWallClock wall, FrameRate rate,
                                                              DropFrame drop,
                                                              std::chrono::seconds daily_jam = {}) {
    using namespace std::chrono_literals;
    if (daily_jam < 0s || daily_jam >= 24h) {
      return absl::InvalidArgumentError("Invalid daily jam " + std::to_string(daily_jam.count()) +
                                        " s: not a time of day");
    }
    const absl::StatusOr<Timecode> first = Timecode::from_frame(0, rate, drop);
    if (!first.ok()) return first.status();
    return TimeOfDayTimecode(wall, first->format(), daily_jam);
  }

  // A jam that was made.
  struct Jam {
    UtcTime when;        // the instant of the daily jam
    std::int64_t frame;  // the frame of the SMPTE epoch that carries its label
    Timecode label;
  };

  // The label of the frame that is on. In a leap second a UtcTime means the second after it; a
  // TaiTime is never in doubt.
  [[nodiscard]] Timecode at(TaiTime tai) const {
    const Jam jam = last_jam(tai);
    return jam.label + (frame_index(tai, format_.rate()) - jam.frame);
  }
  [[nodiscard]] Timecode at(UtcTime utc) const { return at(to_tai(utc)); }

  // The jam that set the count at `tai`.
  //
  // Errors: none. Where no jam can be worked out, at the ends of time, it was just now.
  [[nodiscard]] Jam last_jam(TaiTime tai) const {
    const std::int64_t frame = frame_index(tai, format_.rate());
    const UtcTime utc = to_utc(tai);
    const std::int64_t today = split_days(wall_.to_local(utc)).quotient;
    // Today's jam may still come; yesterday's may have been made a frame late, or not at all.
    for (std::int64_t day = today; day >= today - 3; --day) {
      const std::chrono::seconds local = std::chrono::seconds(day * kSecondsPerDay) + daily_jam_;
      if (local > kEndOfTime || local < -kEndOfTime) continue;
      const absl::StatusOr<UtcTime> when = wall_.to_utc(LocalTime(local), Resolve::kLater);
      if (!when.ok()) continue;
      const Jam jam = jam_at(*when);
      if (jam.frame <= frame) return jam;
    }
    return jam_at(utc);
  }

 private:
  TimeOfDayTimecode(AnyWallClock wall, TimecodeFormat format,
                    std::chrono::seconds daily_jam) noexcept
      : wall_(wall), format_(format), daily_jam_(daily_jam) {}

  static constexpr std::int64_t kSecondsPerDay = 86'400;
  static constexpr auto kEndOfTime =
      std::chrono::duration_cast<std::chrono::seconds>(LocalTime::max().time_since_epoch());

  // Days since 1970 on the wall, and seconds of the day.
  static internal::Division<std::int64_t> split_days(LocalTime local) noexcept {
    const auto second = std::chrono::floor<std::chrono::seconds>(local.time_since_epoch());
    return internal::floor_divide(std::int64_t{second.count()}, kSecondsPerDay);
  }

  [[nodiscard]] Jam jam_at(UtcTime when) const {
    const std::int64_t group = format_.frames_per_codeword();
    const std::int64_t words =
        internal::floor_divide(first_frame_at_or_after(to_tai(when), format_.rate()) + group - 1, group)
            .quotient;
    const auto second = static_cast<int>(split_days(wall_.to_local(when)).rest);
    TimecodeLabel label{second / 3'600, second / 60 % 60, second % 60, 0};
    if (format_.is_dropped(label)) label.frames = format_.dropped();
    return {when, words * group, Timecode(format_, format_.frame_of(label))};
  }

  AnyWallClock wall_;
  TimecodeFormat format_;
  std::chrono::seconds daily_jam_;
};

// The label on the house clock at `now`. A program that asks more than once makes a
// TimeOfDayTimecode, which finds out when it is made what this can only throw.
//
// Errors: throws absl::BadStatusOrAccess for what TimeOfDayTimecode::make refuses.
[[nodiscard]] inline Timecode time_of_day_timecode(UtcTime now, AnyWallClock wall, FrameRate rate,
                                                   DropFrame drop,
                                                   std::chrono::seconds daily_jam = {}) {
  return TimeOfDayTimecode::make(wall, rate, drop, daily_jam).value().at(now);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_FRAMES_HOUSE_TIMECODE_H_
