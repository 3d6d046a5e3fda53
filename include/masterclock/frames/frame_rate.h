// Defines a frame rate as an exact ratio of two integers.
//
// A picture runs at 30000/1001 frames a second, and 29.97 is only a name of that ratio. A rate in
// decimals, or a step rounded to a clock's tick, drifts by seconds an hour.
//
// Rates compare and hash by value: 50/2 equals 25/1. A rate with a part that is not positive is
// invalid. All invalid rates are equal and less than every valid rate. Frame arithmetic over an
// invalid rate has one frame, frame 0 at the origin.
//
// ## Example
//
//   static_assert(masterclock::k25 == masterclock::FrameRate{50, 2});
//   assert(masterclock::parse_frame_rate("59.94").value() == masterclock::k59_94);
//   assert(to_string(masterclock::FrameRate{60'000, 2'002}) == "29.97");
//   assert(!masterclock::parse_frame_rate("59.94i").ok());  // fields are not frames
#ifndef MASTERCLOCK_FRAMES_FRAME_RATE_H_
#define MASTERCLOCK_FRAMES_FRAME_RATE_H_

#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/hash.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/printable.h"
#include "masterclock/internal/quoted.h"

namespace masterclock::inline v0_2 {

// Units: frames (not fields) a second of SI time.
struct FrameRate {
  std::int64_t numerator = 0, denominator = 1;

  [[nodiscard]] constexpr bool valid() const noexcept { return numerator > 0 && denominator > 0; }

  friend constexpr std::weak_ordering operator<=>(FrameRate a, FrameRate b) noexcept {
    if (!a.valid()) a = {};
    if (!b.valid()) b = {};
    const auto left = internal::Int128{a.numerator} * b.denominator;
    const auto right = internal::Int128{b.numerator} * a.denominator;
    return left < right    ? std::weak_ordering::less
           : left == right ? std::weak_ordering::equivalent
                           : std::weak_ordering::greater;
  }
  friend constexpr bool operator==(FrameRate a, FrameRate b) noexcept { return (a <=> b) == 0; }
};

// The broadcast rates of SMPTE ST 2059-1, ITU-R BT.709 and BT.2100. A rate with a fraction is
// 1000/1001 of the next whole rate.
inline constexpr FrameRate k23_976{24'000, 1'001};
inline constexpr FrameRate k24{24, 1};
inline constexpr FrameRate k25{25, 1};
inline constexpr FrameRate k29_97{30'000, 1'001};
inline constexpr FrameRate k30{30, 1};
inline constexpr FrameRate k47_95{48'000, 1'001};
inline constexpr FrameRate k48{48, 1};
inline constexpr FrameRate k50{50, 1};
inline constexpr FrameRate k59_94{60'000, 1'001};
inline constexpr FrameRate k60{60, 1};
inline constexpr FrameRate k100{100, 1};
inline constexpr FrameRate k119_88{120'000, 1'001};
inline constexpr FrameRate k120{120, 1};

// Returns the same rate in lowest terms, and {} for an invalid rate.
[[nodiscard]] constexpr FrameRate reduced(FrameRate rate) noexcept {
  if (!rate.valid()) return {};
  const std::int64_t common = std::gcd(rate.numerator, rate.denominator);
  return {rate.numerator / common, rate.denominator / common};
}

template <class H>
H AbslHashValue(H state, FrameRate rate) {
  rate = reduced(rate);
  return H::combine(std::move(state), rate.numerator, rate.denominator);
}

// Returns "25", "29.97", or "12500/1001": a name that parse_frame_rate reads as the same rate.
[[nodiscard]] inline std::string to_string(FrameRate rate) {
  if (rate == k23_976) return "23.976";
  if (rate == k29_97) return "29.97";
  if (rate == k47_95) return "47.95";
  if (rate == k59_94) return "59.94";
  if (rate == k119_88) return "119.88";
  rate = reduced(rate);
  const std::string whole = std::to_string(rate.numerator);
  return rate.denominator == 1 ? whole : whole + "/" + std::to_string(rate.denominator);
}

namespace internal {

// Returns the number that `digits` spell, or -1 for other text and for more than 63 bits.
inline std::int64_t to_count(std::string_view digits) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() ? value : -1;
}

inline absl::Status frame_rate_error(std::string_view text, const std::string& what) {
  return absl::InvalidArgumentError("Invalid frame rate " + quoted(text) + ": " + what);
}

// Returns 30000/1001 for 29.97, and 12.5 itself.
inline absl::StatusOr<FrameRate> decimal_frame_rate(std::string_view text, std::int64_t whole,
                                                    std::string_view fraction) {
  if (fraction.empty() || fraction.find_first_of("./") != std::string_view::npos) {
    return frame_rate_error(text, "expected digits after '.'");
  }
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  if (fraction.size() > 9 || whole > 1'000'000) {
    return frame_rate_error(text, "write it as a ratio, as in 30000/1001");
  }
  FrameRate exact{whole, 1};
  for (const char c : fraction) exact = {exact.numerator * 10 + (c - '0'), exact.denominator * 10};
  if (!exact.valid()) return frame_rate_error(text, "not greater than zero");
  if (fraction.empty()) return exact;
  // N * 1000/1001, rounded or cut to the digits of the text.
  const std::int64_t nominal = (whole + 1) * 1'000;
  const Int128 scaled = Int128{nominal} * exact.denominator;
  const bool cut = exact.numerator == scaled / 1'001;
  const bool rounded = exact.numerator == (2 * scaled + 1'001) / 2'002;
  if (fraction.size() >= 2 && (cut || rounded)) return FrameRate{nominal, 1'001};
  const Int128 difference = Int128{exact.numerator} * 1'001 - scaled;
  if ((difference < 0 ? -difference : difference) * 10 < Int128{exact.denominator} * 1'001) {
    return frame_rate_error(text, "the rate is near " + std::to_string(nominal) +
                                      "/1001 but not equal to it; write the exact ratio");
  }
  return reduced(exact);
}

}  // namespace internal

// Reads "25", "30000/1001", "29.97" or "12.5". A decimal of two digits or more that N * 1000/1001
// rounds or cuts to means that ratio: 29.97, 29.970, 23.98, 23.976. Others mean themselves.
//
// Errors: InvalidArgument for any other text, among them a field rate (59.94i), a drop-frame mark,
//         zero, and a decimal near a 1000/1001 rate that does not equal it.
[[nodiscard]] inline absl::StatusOr<FrameRate> parse_frame_rate(std::string_view text) {
  using internal::frame_rate_error;
  const std::size_t mark = text.find_first_not_of("0123456789./");
  if (mark == 0 || text.empty()) return frame_rate_error(text, "expected a number");
  const std::string_view unit = mark < text.size() ? text.substr(mark) : std::string_view();
  if (unit == "i" || unit == "I") {
    return frame_rate_error(text, "counts fields; write the frames a second, half as many");
  }
  if (unit == "DF" || unit == "df" || unit == "NDF" || unit == "ndf") {
    return frame_rate_error(text, "drop-frame is a way to label frames, not a rate; omit it");
  }
  if (!unit.empty()) return frame_rate_error(text, "unexpected " + internal::quoted(unit));

  const std::size_t split = text.find_first_of("./");
  FrameRate rate{internal::to_count(text.substr(0, split)), 1};
  if (rate.numerator < 0) return frame_rate_error(text, "expected a number that fits in 63 bits");
  if (split != std::string_view::npos) {
    const std::string_view rest = text.substr(split + 1);
    if (text[split] == '.') return internal::decimal_frame_rate(text, rate.numerator, rest);
    rate.denominator = internal::to_count(rest);
    if (rate.denominator < 0) return frame_rate_error(text, "expected a whole number after '/'");
  }
  if (!rate.valid()) return frame_rate_error(text, "not greater than zero");
  return rate;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_FRAME_RATE_H_
