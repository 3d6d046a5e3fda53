// Reads and writes durations as text: "90s", "1h30m", "250ms", "1.5s", and "PT1H30M" of ISO 8601.
//
// The units are h, m, s, ms, us and ns, in ISO 8601 H, M and S. They stand in this order, each at most
// once. The last number may have a decimal fraction. A leading '-' makes the duration negative; a caller
// that needs an interval or a delay checks the sign.
//
// A day is not always 24 hours on the wall, so days and longer units are errors. Write "24h", or schedule
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

// Reads the parts of a duration. The result is exact, or larger than any 64-bit number.
class DurationReader {
 public:
  explicit DurationReader(TextCursor& in) : in_(in) {}

  Int128 read() {
    const bool negative = in_.accept('-');
    iso_ = in_.accept('P');
    if (iso_ && !in_.accept('T')) in_.fail("expected 'T'; write days as hours");
    do {
      read_part();
    } while (!in_.at_end());
    return negative ? -sum_ : sum_;
  }

 private:
  // No count of a unit needs more digits. A longer number is out of range even in nanoseconds.
  static constexpr std::size_t kMostDigits = 20;

  void read_part() {
    if (in_.failed()) return;
    const std::size_t begin = in_.offset();
    const std::string_view whole = digits();
    const bool decimal = in_.accept('.');
    std::string_view fraction = decimal ? digits() : std::string_view();
    if (in_.failed()) return;
    const DurationUnit* const unit = read_unit();
    if (unit == nullptr) return;
    if (decimal && !in_.at_end()) in_.fail_at(begin, "a fraction before the last unit");
    while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
    add(whole, fraction, *unit, begin);
  }

  std::string_view digits() {
    const std::string_view found = in_.take_while(is_digit);
    if (found.empty()) in_.fail("expected a number");
    return found;
  }

  const DurationUnit* read_unit() {
    const std::size_t begin = in_.offset();
    const std::string_view name =
        in_.take_while([](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    for (std::size_t i = 0; i < kDurationUnits.size() && !name.empty(); ++i) {
      if (name != (iso_ ? kDurationUnits[i].iso_name : kDurationUnits[i].name)) continue;
      if (i < next_) {
        in_.fail_at(begin, "units must decrease");
        return nullptr;
      }
      next_ = i + 1;
      return &kDurationUnits[i];
    }
    in_.fail_at(begin, iso_ ? "expected 'H', 'M' or 'S'" : "expected h, m, s, ms, us or ns");
    return nullptr;
  }

  void add(std::string_view whole, std::string_view fraction, const DurationUnit& unit,
           std::size_t begin) {
    while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
    if (whole.size() > kMostDigits) whole = "100000000000000000000";
    Int128 scale = 1;
    Int128 number = 0;
    for (const char c : whole) number = number * 10 + (c - '0');
    sum_ += number * unit.ns;
    // An hour has 3.6 * 10^12 ns: after 13 digits another one is a part of a nanosecond.
    number = 0;
    for (const char c : fraction.substr(0, 14)) number = number * 10 + (c - '0'), scale *= 10;
    if (fraction.size() > 13 || number * unit.ns % scale != 0) {
      in_.fail_at(begin, "finer than a nanosecond");
    }
    sum_ += number * unit.ns / scale;
  }

  TextCursor& in_;
  bool iso_ = false;
  std::size_t next_ = 0;  // the largest unit that may follow
  Int128 sum_ = 0;
};

}  // namespace internal

// Returns the duration that the whole of `text` names.
//
// Errors: InvalidArgument with the offset of the error; OutOfRange beyond 292 years.
[[nodiscard]] inline absl::StatusOr<std::chrono::nanoseconds> parse_duration(
    std::string_view text) {
  internal::TextCursor in(text);
  const internal::Int128 ns = internal::DurationReader(in).read();
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
