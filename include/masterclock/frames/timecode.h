// Labels each frame of a day with a SMPTE timecode.
//
// A Timecode is a frame of the day of labels and the format that labels it. It prints as
// hh:mm:ss:ff, and with ';' before the frames when it is drop-frame. The frames field is as wide as
// the highest label of the rate: 00:00:00:000 at 119.88 and 120. Arithmetic counts frames and wraps
// at the end of the day of labels.
//
// A Timecode names a picture, not an instant. house_timecode.h labels by the time of day.
//
// Timecodes of one format are ordered by frame. Timecodes of different formats are never equal.
// They are ordered by `since_midnight`, then by rate, then non-drop before drop-frame.
//
// Source: SMPTE ST 12-1; ST 12-3 for frames that share a codeword.
//
// ## Example
//
//   using masterclock::DropFrame, masterclock::Timecode;
//   const auto code = Timecode::parse("00:00:59;29", masterclock::k29_97);
//   assert(code.ok() && code->frame() == 1'799);
//   assert((*code + 1).to_string() == "00:01:00;02");  // the minute has no ;00 and no ;01
//   assert(!Timecode::parse("00:01:00;00", masterclock::k29_97).ok());
//   constexpr Timecode hour = masterclock::timecode("01:00:00:00", masterclock::k25);
//   static_assert(hour.frame() == 90'000);
#ifndef MASTERCLOCK_FRAMES_TIMECODE_H_
#define MASTERCLOCK_FRAMES_TIMECODE_H_

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/timecode_format.h"
#include "masterclock/internal/hash.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/printable.h"
#include "masterclock/internal/quoted.h"

namespace masterclock::inline v0_2 {

namespace internal {

struct TimecodeText {
  TimecodeLabel label;
  DropFrame drop = DropFrame::kNo;
  int width = 0;        // digits of the frames; 0 for another shape
  bool dotted = false;  // '.' before the frames

  // Returns true when the frames field has a width that labels of `format` may have.
  [[nodiscard]] constexpr bool fits(const TimecodeFormat& format) const noexcept {
    return width == 2 || width == format.frames_width();
  }
};

[[nodiscard]] constexpr TimecodeText read_timecode(std::string_view text) noexcept {
  if (text.size() != 11 && text.size() != 12) return {};
  bool digits = true;
  const auto digit = [&](std::size_t i) {
    const int value = text[i] - '0';
    digits = digits && value >= 0 && value <= 9;
    return value;
  };
  TimecodeText read;
  read.label = {digit(0) * 10 + digit(1), digit(3) * 10 + digit(4), digit(6) * 10 + digit(7),
                digit(9) * 10 + digit(10)};
  if (text.size() == 12) read.label.frames = read.label.frames * 10 + digit(11);
  const char mark = text[8];
  const bool colons =
      text[2] == ':' && text[5] == ':' && (mark == ':' || mark == ';' || mark == '.');
  const bool semicolons = text[2] == ';' && text[5] == ';' && mark == ';';
  if (!digits || (!colons && !semicolons)) return {};
  read.drop = mark == ':' ? DropFrame::kNo : DropFrame::kYes;
  read.width = static_cast<int>(text.size()) - 9;
  read.dotted = mark == '.';
  return read;
}

// Not constexpr: a call ends the compilation, and the compiler prints this name.
inline void label_does_not_exist_at_this_rate() {}

}  // namespace internal

class Timecode {
 public:
  // Reads hh:mm:ss:ff. Drop-frame labels are hh:mm:ss;ff, hh:mm:ss.ff or hh;mm;ss;ff. Each field
  // has two digits. The frames of rates above 100 have three digits, or two below frame 100.
  //
  // Errors: InvalidArgument with the text, the rate and the cause: another shape, a label that does
  //         not exist, a label that drop-frame omits, milliseconds, a rate without labels.
  [[nodiscard]] static absl::StatusOr<Timecode> parse(std::string_view text, FrameRate rate) {
    const internal::TimecodeText read = internal::read_timecode(text);
    const std::optional<TimecodeFormat> format = TimecodeFormat::of(rate, read.drop);
    if (format && read.fits(*format) && format->is_label(read.label)) {
      return Timecode(*format, format->frame_of(read.label));
    }
    if (read.width == 0) {
      return error(text, rate, "expected hh:mm:ss:ff, or hh:mm:ss;ff for drop-frame");
    }
    if (read.dotted && read.width == 3) {
      return error(text, rate, "three digits after '.' are milliseconds; expected frames");
    }
    if (format && !read.fits(*format)) return error(text, rate, "expected two digits of frames");
    return error(text, rate, why_no_label(rate, read.drop, read.label));
  }

  // Errors: those of parse.
  [[nodiscard]] static absl::StatusOr<Timecode> make(int hours, int minutes, int seconds,
                                                     int frames, FrameRate rate, DropFrame drop) {
    const std::optional<TimecodeFormat> format = TimecodeFormat::of(rate, drop);
    const TimecodeLabel label{hours, minutes, seconds, frames};
    if (format && format->is_label(label)) return Timecode(*format, format->frame_of(label));
    const std::string text = std::to_string(hours) + ":" + std::to_string(minutes) + ":" +
                             std::to_string(seconds) + (drop == DropFrame::kYes ? ";" : ":") +
                             std::to_string(frames);
    return error(text, rate, why_no_label(rate, drop, label));
  }

  // Returns the label of a frame counted from 00:00:00:00, modulo one day of labels.
  //
  // Errors: InvalidArgument for a rate without labels.
  [[nodiscard]] static absl::StatusOr<Timecode> from_frame(std::int64_t frame_of_day,
                                                           FrameRate rate, DropFrame drop) {
    if (const auto format = TimecodeFormat::of(rate, drop)) return Timecode(*format, frame_of_day);
    return error("frame " + std::to_string(frame_of_day), rate, why_no_label(rate, drop, {}));
  }

  // Does the same for a format that exists, and cannot fail.
  constexpr Timecode(TimecodeFormat format, std::int64_t frame_of_day) noexcept
      : frame_(wrap(frame_of_day, format.frames_per_day())), format_(format) {}

  // Returns the frame of the day of labels, from 0.
  [[nodiscard]] constexpr std::int64_t frame() const noexcept { return frame_; }
  [[nodiscard]] constexpr TimecodeFormat format() const noexcept { return format_; }
  [[nodiscard]] constexpr FrameRate rate() const noexcept { return format_.rate(); }
  [[nodiscard]] constexpr DropFrame drop_frame() const noexcept { return format_.drop_frame(); }
  [[nodiscard]] constexpr TimecodeLabel label() const noexcept { return format_.label_of(frame_); }

  // Returns SI time from the first nanosecond of frame 0 to that of this frame, on a day of labels.
  // At 1000/1001 rates such a day is not a day of the clock: non-drop 24 h last 86.4 s longer.
  [[nodiscard]] constexpr std::chrono::nanoseconds since_midnight() const noexcept {
    return frame_start(frame_, rate());
  }

  // Returns the label as text of at most 12 characters, so std::string does not allocate.
  [[nodiscard]] std::string to_string() const {
    const TimecodeLabel at = label();
    char text[12];
    char* out = text;
    const auto put = [&out](int value, char mark) {
      *out++ = static_cast<char>('0' + value / 10);
      *out++ = static_cast<char>('0' + value % 10);
      *out++ = mark;
    };
    put(at.hours, ':');
    put(at.minutes, ':');
    put(at.seconds, drop_frame() == DropFrame::kYes ? ';' : ':');
    if (format_.frames_width() == 3) *out++ = static_cast<char>('0' + at.frames / 100);
    *out++ = static_cast<char>('0' + at.frames % 100 / 10);
    *out++ = static_cast<char>('0' + at.frames % 10);
    return std::string(text, out);
  }

  // Returns the codeword of this frame in LTC and VITC. The frames field of its label ends at 30.
  // Above 30 frames a second two frames share a codeword, above 60 four. Back from a codeword:
  // Timecode(format, word.label.frame() * word.frames + word.frame).
  struct Codeword;
  [[nodiscard]] constexpr Codeword codeword() const noexcept;

  friend constexpr Timecode operator+(Timecode code, std::int64_t frames) noexcept {
    return Timecode(code.format_, code.frame_ + frames % code.format_.frames_per_day());
  }
  friend constexpr Timecode operator-(Timecode code, std::int64_t frames) noexcept {
    return Timecode(code.format_, code.frame_ - frames % code.format_.frames_per_day());
  }
  // Returns the frames from `b` to `a` within one day of labels, negative when `a` is the lower.
  // Requires one format.
  friend constexpr std::int64_t operator-(Timecode a, Timecode b) noexcept {
    return std::int64_t{a.frame_} - b.frame_;
  }
  constexpr Timecode& operator+=(std::int64_t frames) noexcept { return *this = *this + frames; }
  constexpr Timecode& operator-=(std::int64_t frames) noexcept { return *this = *this - frames; }
  constexpr Timecode& operator++() noexcept { return *this += 1; }
  constexpr Timecode& operator--() noexcept { return *this -= 1; }

  friend constexpr bool operator==(Timecode, Timecode) = default;
  friend constexpr std::strong_ordering operator<=>(Timecode a, Timecode b) noexcept {
    if (a.format_ == b.format_) return a.frame_ <=> b.frame_;
    if (const auto by_time = a.since_midnight() <=> b.since_midnight(); by_time != 0) {
      return by_time;
    }
    if (a.rate() == b.rate()) return a.drop_frame() <=> b.drop_frame();
    return a.rate() < b.rate() ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  template <class H>
  friend H AbslHashValue(H state, Timecode code) {
    return H::combine(std::move(state), code.frame_, code.format_.nominal(),
                      code.rate().denominator, code.drop_frame());
  }

 private:
  static constexpr std::int32_t wrap(std::int64_t frame, std::int32_t day) noexcept {
    if (frame < 0 || frame >= day) frame = internal::floor_divide<std::int64_t>(frame, day).rest;
    return static_cast<std::int32_t>(frame);
  }

  static absl::Status error(std::string_view text, FrameRate rate, const std::string& what) {
    return absl::InvalidArgumentError("Invalid timecode " + internal::quoted(text) + " at " +
                                      masterclock::to_string(rate) + ": " + what);
  }
  // Returns the reason why `label` does not exist, or why the rate has no labels.
  static std::string why_no_label(FrameRate rate, DropFrame drop, const TimecodeLabel& label) {
    const std::optional<TimecodeFormat> format = TimecodeFormat::of(rate, drop);
    if (!format && drop == DropFrame::kYes && TimecodeFormat::of(rate, DropFrame::kNo)) {
      return "drop-frame exists at 29.97, 59.94 and 119.88 only";
    }
    if (!format) {
      return "no labels at this rate; labels exist at 1 to 999 frames a second and at 1000/1001 of "
             "these rates";
    }
    const auto outside = [](int value, int end) { return value < 0 || value >= end; };
    if (outside(label.hours, 24)) return "hours end at 23";
    if (outside(label.minutes, 60)) return "minutes end at 59";
    if (outside(label.seconds, 60)) return "seconds end at 59";
    const int last = format->nominal() - 1;
    if (outside(label.frames, last + 1)) return "frames end at " + std::to_string(last);
    return "drop-frame omits this label; the minute begins with frame " +
           std::to_string(format->dropped());
  }

  std::int32_t frame_;
  TimecodeFormat format_;
};

struct Timecode::Codeword {
  Timecode label;
  int frame;   // the position of this frame among the frames of the codeword, from 0
  int frames;  // the number of frames that share the codeword: 1, 2 or 4
  friend constexpr bool operator==(const Codeword&, const Codeword&) = default;
};

constexpr Timecode::Codeword Timecode::codeword() const noexcept {
  const int group = format_.frames_per_codeword();
  return {Timecode(format_.codeword_format(), frame_ / group), frame_ % group, group};
}

// Returns the timecode of a literal, as Timecode::parse does. A label that does not exist does not
// compile.
[[nodiscard]] consteval Timecode timecode(const char* label, FrameRate rate) {
  const internal::TimecodeText read = internal::read_timecode(label);
  const std::optional<TimecodeFormat> format = TimecodeFormat::of(rate, read.drop);
  if (read.width == 0 || !format || !read.fits(*format) || !format->is_label(read.label)) {
    internal::label_does_not_exist_at_this_rate();
  }
  return Timecode(*format, format->frame_of(read.label));
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_TIMECODE_H_
