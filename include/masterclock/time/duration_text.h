// Reads and writes durations as text: "90s", "1h30m", "250ms", "1.5s", and "PT1H30M" of ISO 8601.
//
// The units are h, m, s, ms, us and ns, in ISO 8601 H, M and S. They stand in this order, each at most
// once. The last number may have a decimal fraction. A leading '-' makes the duration negative; a caller
// that needs an interval or a delay checks the sign.
//
// A local day is not always 24 hours long, so days and longer units are errors. Write "24h", or schedule
// by local time. Arithmetic is exact; a part of a nanosecond is an error.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   assert(masterclock::parse_duration("1h30m").value() == 90min);
//   assert(masterclock::parse_duration("PT0.5S").value() == 500ms);
//   assert(masterclock::to_string(90'500ms) == "1m30.5s");
#ifndef MASTERCLOCK_TIME_DURATION_TEXT_H_
#define MASTERCLOCK_TIME_DURATION_TEXT_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/internal/text_cursor.h"

namespace masterclock::inline v0_2 {

namespace internal {

struct DurationUnit {
  std::string_view name, iso_name;
  std::int64_t ns;
};
inline constexpr std::array<DurationUnit, 6> kDurationUnits = {{{"h", "H", 3'600'000'000'000},
                                                                {"m", "M", 60'000'000'000},
                                                                {"s", "S", 1'000'000'000},
                                                                {"ms", "", 1'000'000},
                                                                {"us", "", 1'000},
                                                                {"ns", "", 1}}};

inline std::string_view read_digits(TextCursor& in) {
  const std::string_view digits = in.take_while(is_digit);
  if (digits.empty()) in.fail("expected a number");
  return digits;
}

// Reads a duration in nanoseconds. The result is exact, or larger than any 64-bit number.
inline Int128 read_duration(TextCursor& in) {
  const bool negative = in.accept('-');
  const bool iso = in.accept('P');
  if (iso && !in.accept('T')) in.fail("expected 'T'; write days as hours");
  Int128 sum = 0;
  auto largest = kDurationUnits.begin();  // the largest unit that may follow
  do {
    const std::size_t begin = in.offset();
    const std::string_view whole = read_digits(in);
    const bool decimal = in.accept('.');
    std::string_view fraction = decimal ? read_digits(in) : std::string_view();
    const std::size_t unit_at = in.offset();
    const std::string_view name =
        in.take_while([](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    const auto unit =
        std::find_if(kDurationUnits.begin(), kDurationUnits.end(), [&](const DurationUnit& known) {
          return !name.empty() && name == (iso ? known.iso_name : known.name);
        });
    if (unit == kDurationUnits.end()) {
      in.fail_at(unit_at, iso ? "expected 'H', 'M' or 'S'" : "expected h, m, s, ms, us or ns");
    }
    if (unit < largest) in.fail_at(unit_at, "units must decrease");
    if (decimal && !in.at_end()) in.fail_at(begin, "a fraction before the last unit");
    if (in.failed()) return 0;
    largest = unit + 1;

    constexpr Int128 kOutOfRange = Int128{1} << 64;  // in every unit
    Int128 number = 0;
    for (const char c : whole) number = std::min(number * 10 + (c - '0'), kOutOfRange);
    sum += number * unit->ns;
    while (fraction.ends_with('0')) fraction.remove_suffix(1);
    Int128 part = 0, scale = 1;
    for (const char c : fraction.substr(0, 13)) {
      part = part * 10 + (c - '0');
      scale *= 10;
    }
    // An hour has 3.6 * 10^12 ns, so a 14th digit is always a part of a nanosecond.
    if (fraction.size() > 13 || part * unit->ns % scale != 0) {
      in.fail_at(begin, "finer than a nanosecond");
    }
    sum += part * unit->ns / scale;
  } while (!in.at_end());
  return negative ? -sum : sum;
}

}  // namespace internal

// Returns the duration that the whole of `text` names.
//
// Errors: InvalidArgument with the offset of the error; OutOfRange beyond 292 years.
[[nodiscard]] inline absl::StatusOr<std::chrono::nanoseconds> parse_duration(
    std::string_view text) {
  internal::TextCursor in(text);
  const internal::Int128 ns = internal::read_duration(in);
  if (in.failed()) return absl::InvalidArgumentError(in.error("duration"));
  if (ns != internal::saturate(ns)) {
    return absl::OutOfRangeError("Invalid duration " + internal::quoted(text) +
                                 ": more than 292 years");
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(ns));
}

// Returns the shortest text that parse_duration reads back: "1h30m", "1m0.5s", "250ms", "-1.5us", "0s".
[[nodiscard]] inline std::string to_string(std::chrono::nanoseconds duration) {
  constexpr auto& kUnits = internal::kDurationUnits;
  const bool negative = duration.count() < 0;
  auto rest = static_cast<std::uint64_t>(duration.count());
  if (rest == 0) return "0s";
  if (negative) rest = 0 - rest;
  std::string text;
  for (const auto& unit : {kUnits[0], kUnits[1]}) {
    const auto ns = static_cast<std::uint64_t>(unit.ns);
    if (rest >= ns) text.append(std::to_string(rest / ns)).append(unit.name);
    rest %= ns;
  }
  if (rest > 0) {
    // The rest is one decimal number, in seconds or in the largest smaller unit that it reaches.
    std::size_t i = 2;
    while (text.empty() && rest < static_cast<std::uint64_t>(kUnits[i].ns)) ++i;
    const auto ns = static_cast<std::uint64_t>(kUnits[i].ns);
    text += std::to_string(rest / ns);
    if (rest % ns > 0) {
      const std::string fraction = std::to_string(ns + rest % ns).substr(1);
      text += "." + fraction.substr(0, fraction.find_last_not_of('0') + 1);
    }
    text += kUnits[i].name;
  }
  return negative ? "-" + text : text;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_DURATION_TEXT_H_
