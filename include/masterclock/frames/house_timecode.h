// Labels the frames of a house clock: timecode by the time of day, jammed once a day.
//
// At the daily jam, a local time such as 02:00, the count takes the local time. From there it
// counts frames until the next jam. The jam corrects the difference between labels and clock. At
// 29.97 this is 2.6 frames a day in drop-frame and 86.4 s in non-drop. The jam also takes a change
// of the UTC offset: summer time never begins in the middle of a programme.
//
// The first frame that starts at the jam or later carries its label. Above 30 frames a second this
// is the first frame of a codeword. Drop-frame may omit the label of the jam, as at 02:01:00;00.
// The jam then takes the first label of that minute, 02:01:00;02.
//
// A jam in the hour that repeats in autumn happens in the second pass. A jam in the hour that is
// missing in spring happens an hour later, with the local time of that instant.
//
// Source: SMPTE ST 2059-1 (time address, daily jam).
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::ZoneCache zones;  // or another WallClock
//   const masterclock::Zone london = zones.find("Europe/London").value();
//   const masterclock::UtcTime now = sys_days(2026y / November / 21) + 13h + 480ms;
//   assert(masterclock::time_of_day_timecode(now, london, masterclock::k25,
//                                            masterclock::DropFrame::kNo)
//              .to_string() == "13:00:00:12");
#ifndef MASTERCLOCK_FRAMES_HOUSE_TIMECODE_H_
#define MASTERCLOCK_FRAMES_HOUSE_TIMECODE_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/timecode.h"
#include "masterclock/internal/int128.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/local_clock.h"

namespace masterclock::inline v0_2 {

// Threads: any number of threads may ask one object.
// Cost:    a few conversions of the wall clock.
class TimeOfDayTimecode {
 public:
  // Errors: InvalidArgument for a rate without labels, for drop-frame at a rate without drop-frame,
  //         and for a jam outside 00:00:00 to 23:59:59.
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

  struct Jam {
    UtcTime when;        // the instant of the daily jam
    std::int64_t frame;  // the frame of the SMPTE epoch that carries the label
    Timecode label;
  };

  // Returns the label of the frame that is on. UTC cannot name an instant within a leap second and
  // gives the following second; TAI names each instant.
  [[nodiscard]] Timecode at(TaiTime tai) const {
    const Jam jam = last_jam(tai);
    return jam.label + (frame_index(tai, format_.rate()) - jam.frame);
  }
  [[nodiscard]] Timecode at(UtcTime utc) const { return at(to_tai(utc)); }

  // Returns the jam that set the count at `tai`. At the ends of time no jam exists: the count is
  // jammed at `tai` itself.
  [[nodiscard]] Jam last_jam(TaiTime tai) const {
    using namespace std::chrono;
    const std::int64_t frame = frame_index(tai, format_.rate());
    const UtcTime utc = to_utc(tai);
    const auto today = floor<days>(wall_.to_local(utc));
    constexpr auto kLast = floor<seconds>(LocalTime::max()).time_since_epoch();
    // Today's jam may be in the future. An earlier jam may be a frame late or missing.
    for (auto day = today; day >= today - days(3); day -= days(1)) {
      const local_seconds local = day + daily_jam_;
      if (local.time_since_epoch() > kLast || local.time_since_epoch() < -kLast) continue;
      const absl::StatusOr<UtcTime> when = wall_.to_utc(local, Resolve::kLater);
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

  Jam jam_at(UtcTime when) const {
    const std::int64_t group = format_.frames_per_codeword();
    const std::int64_t first = first_frame_at_or_after(to_tai(when), format_.rate());
    const std::int64_t codeword = internal::floor_divide(first + group - 1, group).quotient;
    const auto local = std::chrono::floor<std::chrono::seconds>(wall_.to_local(when));
    const auto time = local - std::chrono::floor<std::chrono::days>(local);
    const auto second = static_cast<int>(time.count());
    TimecodeLabel label{second / 3'600, second / 60 % 60, second % 60, 0};
    if (format_.is_dropped(label)) label.frames = format_.dropped();
    return {when, codeword * group, Timecode(format_, format_.frame_of(label))};
  }

  AnyWallClock wall_;
  TimecodeFormat format_;
  std::chrono::seconds daily_jam_;
};

// Returns the label of the house clock at `now`. A program that asks repeatedly makes one
// TimeOfDayTimecode, which reports bad arguments as a status.
//
// Errors: throws absl::BadStatusOrAccess for arguments that TimeOfDayTimecode::make refuses.
[[nodiscard]] inline Timecode time_of_day_timecode(UtcTime now, AnyWallClock wall, FrameRate rate,
                                                   DropFrame drop,
                                                   std::chrono::seconds daily_jam = {}) {
  return TimeOfDayTimecode::make(wall, rate, drop, daily_jam).value().at(now);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_HOUSE_TIMECODE_H_
