// Writes and reads times as RFC 3339 text.
//
// The text shows the precision of the time point: 2026-11-20T18:15:30Z for seconds,
// 2026-11-20T18:15:30.123Z for milliseconds. A second argument sets 0 to 9 fraction digits instead, for
// the log of a nanosecond clock. Both floor: the text never names a time that has not come yet. RFC 3339
// has the years 0 to 9999; an earlier or later time becomes the first or the last of them.
//
// The parsers are strict, from the first byte to the last. Second 60 is accepted only where a leap
// second really was. It means, as in POSIX, the same number as the second that follows.
//
// Source: RFC 3339 section 5.6.
//
// ## Example
//
//   using namespace std::chrono;
//   assert(masterclock::to_rfc3339(sys_seconds(0s)) == "1970-01-01T00:00:00Z");
//   const auto when = masterclock::parse_rfc3339("2026-03-29T02:30:00.5+01:00");
//   assert(when.ok() && masterclock::to_rfc3339(*when, 3) == "2026-03-29T01:30:00.500Z");
//   assert(!masterclock::parse_rfc3339("2026-02-29T00:00:00Z").ok());
//
//   const auto wall = masterclock::parse_local_time("2026-03-29T06:00");
//   assert(wall.ok() && masterclock::to_rfc3339(*wall, 0) == "2026-03-29T06:00:00");
//
//   char line[masterclock::kRfc3339Size];  // no allocation
//   assert(masterclock::write_rfc3339(line, *when, 0) == "2026-03-29T01:30:00Z");
#ifndef MASTERCLOCK_TIME_RFC3339_H_
#define MASTERCLOCK_TIME_RFC3339_H_

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/text_cursor.h"
#include "masterclock/time/internal/rfc3339_text.h"
#include "masterclock/time/internal/rfc3339_writer.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// The size of the longest text, with its terminating zero.
inline constexpr std::size_t kRfc3339Size = sizeof("2026-11-20T18:15:30.123456789+00:00");

// Refers to an array that holds every text of write_rfc3339. A smaller array does not convert to it.
class Rfc3339Buffer {
 public:
  // NOLINTBEGIN(google-explicit-constructor): an array is a buffer.
  template <std::size_t N>
  requires(N >= kRfc3339Size) Rfc3339Buffer(char (&array)[N])
  noexcept : data_(array) {}
  template <std::size_t N>
  requires(N >= kRfc3339Size) Rfc3339Buffer(std::array<char, N>& array)
  noexcept : data_(array.data()) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] char* data() const noexcept { return data_; }

 private:
  char* data_;
};

// Writes a sys_time with 'Z' or a local_time without an offset, and a terminating zero. Returns the
// text in `out`.
//
// Cost: some tens of nanoseconds; does not allocate.
template <class Clock, class Duration>
requires std::same_as<Clock, std::chrono::system_clock> || std::same_as<Clock, std::chrono::local_t>
    std::string_view write_rfc3339(Rfc3339Buffer out, std::chrono::time_point<Clock, Duration> time,
                                   int digits = internal::kFractionDigits<Duration>)
noexcept {
  const internal::DayTime reading = internal::split_days(time.time_since_epoch());
  char* end = internal::write_date_time(out.data(), reading, digits);
  if constexpr (std::same_as<Clock, std::chrono::system_clock>) *end++ = 'Z';
  *end = '\0';
  return {out.data(), end};
}

// Returns the text of write_rfc3339 as a string.
template <class Clock, class Duration>
requires std::same_as<Clock, std::chrono::system_clock> || std::same_as<Clock, std::chrono::local_t>
[[nodiscard]] std::string to_rfc3339(std::chrono::time_point<Clock, Duration> time,
                                     int digits = internal::kFractionDigits<Duration>) {
  char text[kRfc3339Size];
  return std::string(write_rfc3339(text, time, digits));
}

// Reads an instant: "2026-03-29T02:30:00.5+01:00".
//
// Errors: InvalidArgument with the offset of the error; OutOfRange outside 1677 to 2262.
[[nodiscard]] inline absl::StatusOr<UtcTime> parse_rfc3339(std::string_view text) {
  internal::TextCursor in(text);
  const internal::Rfc3339Fields fields = internal::read_rfc3339(in);
  in.expect_end();
  if (in.failed()) return absl::InvalidArgumentError(in.error("RFC 3339 time"));
  return internal::to_instant(fields, text);
}

// Reads a local time: "2026-03-29T06:00", "2026-03-29 06:00:30.5". Seconds and fraction are optional.
// An offset is an error, because a local time has none.
//
// Errors: as parse_rfc3339.
[[nodiscard]] inline absl::StatusOr<LocalTime> parse_local_time(std::string_view text) {
  internal::TextCursor in(text);
  const auto fields = internal::read_rfc3339(in, internal::Rfc3339Form::kLocal);
  in.expect_end();
  if (in.failed()) return absl::InvalidArgumentError(in.error("local time"));
  return internal::time_point_of<LocalTime>(fields.local.time_since_epoch(), fields.fraction,
                                            "local time", text);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_RFC3339_H_
