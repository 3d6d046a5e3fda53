// What the picture says: a SMPTE timecode, one label a frame.
//
// A Timecode is a frame of the label day together with the format that labels it; it prints as
// hh:mm:ss:ff, with ';' before the frames when it is drop-frame. It names a picture, not an
// instant: what instant that is depends on when the count was set (see time_of_day_timecode.h).
// Arithmetic is in frames and wraps at the end of the label day, as a tape machine's counter does.
//
// Timecodes of one format are ordered by frame; those of different formats are unordered.
//
// Threads: plain values. Everything but the text is constexpr.
// Cost:    eight bytes; text up to 15 characters does not allocate.
// Source:  SMPTE ST 12-1; ST 12-3 for what two or four frames share.
//
// ## Example
//
//   using masterclock::DropFrame, masterclock::Timecode;
//   const auto code = Timecode::parse("00:00:59;29", masterclock::k29_97);
//   assert(code.ok() && code->frame() == 1'799);
//   assert((*code + 1).to_string() == "00:01:00;02");  // the minute has no ;00 and no ;01
//   assert(!Timecode::parse("00:01:00;00", masterclock::k29_97).ok());
//   constexpr auto format = *masterclock::TimecodeFormat::of(masterclock::k25, DropFrame::kNo);
//   static_assert(Timecode(format, 90'000).hours() == 1);
#ifndef MASTERCLOCK_FRAMES_TIMECODE_H_
#define MASTERCLOCK_FRAMES_TIMECODE_H_

#include "masterclock/version.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/timecode_format.h"
#include "masterclock/internal/quoted.h"

namespace masterclock::inline v0_2 {

class Timecode {
 public:
  // Reads hh:mm:ss:ff, or hh:mm:ss;ff and hh:mm:ss.ff for drop-frame. Two digits a field; the
  // frames of rates above 100 may have three. Nothing may stand around it.
  //
  // Errors: InvalidArgument that names the text, the rate and the field: a label that does not exist, a
  //         label that drop-frame leaves out, a rate without labels.
  [[nodiscard]] static absl::StatusOr<Timecode> parse(std::string_view text, FrameRate rate);

  // Errors: as parse.
  [[nodiscard]] static absl::StatusOr<Timecode> make(int hours, int minutes, int seconds,
                                                     int frames, FrameRate rate, DropFrame drop);

  // The label of a frame counted from 00:00:00:00, modulo one label day; negative counts wrap too.
  //
  // Errors: InvalidArgument for a rate without labels.
  [[nodiscard]] static absl::StatusOr<Timecode> from_frame(std::int64_t frame_of_day,
                                                           FrameRate rate, DropFrame drop);

  // The same without a way to fail, for a format that was checked once.
  constexpr Timecode(TimecodeFormat format, std::int64_t frame_of_day) noexcept
      : frame_(wrap(frame_of_day, format.frames_per_day())), format_(format) {}

  // The frame of the label day, from 0.
  [[nodiscard]] constexpr std::int64_t frame() const noexcept { return frame_; }
  [[nodiscard]] constexpr TimecodeFormat format() const noexcept { return format_; }
  [[nodiscard]] constexpr FrameRate rate() const noexcept { return format_.rate(); }
  [[nodiscard]] constexpr DropFrame drop_frame() const noexcept { return format_.drop_frame(); }

  [[nodiscard]] constexpr TimecodeLabel label() const noexcept { return format_.label_of(frame_); }
  [[nodiscard]] constexpr int hours() const noexcept { return label().hours; }
  [[nodiscard]] constexpr int minutes() const noexcept { return label().minutes; }
  [[nodiscard]] constexpr int seconds() const noexcept { return label().seconds; }
  [[nodiscard]] constexpr int frames() const noexcept { return label().frames; }

  // hh:mm:ss:ff or hh:mm:ss;ff; at least two digits of frames.
  [[nodiscard]] std::string to_string() const {
    char text[kLongestText];
    return std::string(text, write(text));
  }
  // The same into a buffer of kLongestText; returns the end. Never allocates.
  static constexpr std::size_t kLongestText = sizeof("23:59:59;999") - 1;
  constexpr char* write(char* out) const noexcept;

  // The label that LTC and VITC carry. Their frame field ends at 30, so above that two frames share
  // a label (four above 60): `label` counts pairs at half the rate, `frame` the frames of one.
  struct Codeword;
  [[nodiscard]] constexpr Codeword codeword() const noexcept;

  // The frame that is number `frame` of the pair (or four) labelled `label`, at the full rate.
  //
  // Errors: InvalidArgument when codewords at `rate` are no such labels, or have no such frame.
  [[nodiscard]] static absl::StatusOr<Timecode> from_codeword(const Timecode& label, int frame,
                                                              FrameRate rate);

  friend constexpr Timecode operator+(Timecode code, std::int64_t frames) noexcept {
    const std::int32_t day = code.format_.frames_per_day();
    return Timecode(code.format_, code.frame_ + frames % day);
  }
  friend constexpr Timecode operator+(std::int64_t frames, Timecode code) noexcept {
    return code + frames;
  }
  friend constexpr Timecode operator-(Timecode code, std::int64_t frames) noexcept {
    const std::int32_t day = code.format_.frames_per_day();
    return Timecode(code.format_, code.frame_ - frames % day);
  }
  // Frames from `b` to `a` within one label day; negative when `a` is the lower. Both in one
  // format.
  friend constexpr std::int64_t operator-(Timecode a, Timecode b) noexcept {
    return std::int64_t{a.frame_} - b.frame_;
  }
  constexpr Timecode& operator+=(std::int64_t frames) noexcept { return *this = *this + frames; }
  constexpr Timecode& operator-=(std::int64_t frames) noexcept { return *this = *this - frames; }
  constexpr Timecode& operator++() noexcept { return *this += 1; }
  constexpr Timecode& operator--() noexcept { return *this -= 1; }

  friend constexpr bool operator==(Timecode, Timecode) = default;
  friend constexpr std::partial_ordering operator<=>(Timecode a, Timecode b) noexcept {
    if (a.format_ != b.format_) return std::partial_ordering::unordered;
    return a.frame_ <=> b.frame_;
  }

 private:
  static constexpr std::int32_t wrap(std::int64_t frame, std::int32_t day) noexcept {
    if (frame < 0 || frame >= day) {
      frame %= day;
      if (frame < 0) frame += day;
    }
    return static_cast<std::int32_t>(frame);
  }

  static absl::Status error(std::string_view text, FrameRate rate, const std::string& what) {
    return absl::InvalidArgumentError("Invalid timecode " + internal::quoted(text) + " at " +
                                      masterclock::to_string(rate) + ": " + what);
  }
  static absl::Status no_format(std::string_view text, FrameRate rate, DropFrame drop);
  static absl::Status no_label(std::string_view text, const TimecodeFormat& format,
                               const TimecodeLabel& label);

  std::int32_t frame_;
  TimecodeFormat format_;
};

struct Timecode::Codeword {
  Timecode label;
  int frame;   // 0 is the first frame of those that share the label
  int frames;  // how many share it: 1, 2 or 4
  friend constexpr bool operator==(const Codeword&, const Codeword&) = default;
};

constexpr Timecode::Codeword Timecode::codeword() const noexcept {
  const int group = format_.frames_per_codeword();
  return {Timecode(format_.codeword_format(), frame_ / group), frame_ % group, group};
}

constexpr char* Timecode::write(char* out) const noexcept {
  const TimecodeLabel at = label();
  const auto two = [&](int value) {
    *out++ = static_cast<char>('0' + value / 10);
    *out++ = static_cast<char>('0' + value % 10);
  };
  two(at.hours);
  *out++ = ':';
  two(at.minutes);
  *out++ = ':';
  two(at.seconds);
  *out++ = drop_frame() == DropFrame::kYes ? ';' : ':';
  if (at.frames >= 100) *out++ = static_cast<char>('0' + at.frames / 100);
  two(at.frames % 100);
  return out;
}

inline absl::Status Timecode::no_format(std::string_view text, FrameRate rate, DropFrame drop) {
  if (drop == DropFrame::kYes && TimecodeFormat::of(rate, DropFrame::kNo)) {
    return error(text, rate, "drop-frame exists at 29.97, 59.94 and 119.88 only");
  }
  return error(
      text, rate,
      "no labels at this rate; there are for 1 to 999 frames a second and 1000/1001 of them");
}

inline absl::Status Timecode::no_label(std::string_view text, const TimecodeFormat& format,
                                       const TimecodeLabel& label) {
  const FrameRate rate = format.rate();
  const auto outside = [](int value, int end) { return value < 0 || value >= end; };
  if (outside(label.hours, 24)) return error(text, rate, "hours end at 23");
  if (outside(label.minutes, 60)) return error(text, rate, "minutes end at 59");
  if (outside(label.seconds, 60)) return error(text, rate, "seconds end at 59");
  if (outside(label.frames, format.nominal())) {
    return error(text, rate, "frames end at " + std::to_string(format.nominal() - 1));
  }
  return error(text, rate,
               "drop-frame leaves this label out; the minute begins with frame " +
                   std::to_string(format.dropped()));
}

inline absl::StatusOr<Timecode> Timecode::parse(std::string_view text, FrameRate rate) {
  bool shaped = text.size() == 11 || text.size() == 12;
  const auto digit = [&](std::size_t i) {
    const int value = text[i] - '0';
    shaped = shaped && value >= 0 && value <= 9;
    return value;
  };
  TimecodeLabel label;
  bool drop = false;
  if (shaped) {
    label = {digit(0) * 10 + digit(1), digit(3) * 10 + digit(4), digit(6) * 10 + digit(7),
             digit(9) * 10 + digit(10)};
    if (text.size() == 12) label.frames = label.frames * 10 + digit(11);
    drop = text[8] == ';' || text[8] == '.';
    shaped = shaped && text[2] == ':' && text[5] == ':' && (drop || text[8] == ':');
  }
  if (!shaped) return error(text, rate, "expected hh:mm:ss:ff, or hh:mm:ss;ff for drop-frame");
  const DropFrame mode = drop ? DropFrame::kYes : DropFrame::kNo;
  const std::optional<TimecodeFormat> format = TimecodeFormat::of(rate, mode);
  if (!format) return no_format(text, rate, mode);
  if (text.size() == 12 && format->nominal() <= 100) {
    return error(text, rate, "expected two digits of frames");
  }
  if (!format->is_label(label)) return no_label(text, *format, label);
  return Timecode(*format, format->frame_of(label));
}

inline absl::StatusOr<Timecode> Timecode::make(int hours, int minutes, int seconds, int frames,
                                               FrameRate rate, DropFrame drop) {
  const std::optional<TimecodeFormat> format = TimecodeFormat::of(rate, drop);
  const TimecodeLabel label{hours, minutes, seconds, frames};
  if (format && format->is_label(label)) return Timecode(*format, format->frame_of(label));
  const std::string text = std::to_string(hours) + ":" + std::to_string(minutes) + ":" +
                           std::to_string(seconds) + (drop == DropFrame::kYes ? ";" : ":") +
                           std::to_string(frames);
  return format ? no_label(text, *format, label) : no_format(text, rate, drop);
}

inline absl::StatusOr<Timecode> Timecode::from_frame(std::int64_t frame_of_day, FrameRate rate,
                                                     DropFrame drop) {
  const std::optional<TimecodeFormat> format = TimecodeFormat::of(rate, drop);
  if (format) return Timecode(*format, frame_of_day);
  return no_format("frame " + std::to_string(frame_of_day), rate, drop);
}

inline absl::StatusOr<Timecode> Timecode::from_codeword(const Timecode& label, int frame,
                                                        FrameRate rate) {
  const std::optional<TimecodeFormat> format = TimecodeFormat::of(rate, label.drop_frame());
  const std::string text = label.to_string();
  if (!format) return no_format(text, rate, label.drop_frame());
  if (format->codeword_format() != label.format()) {
    return error(text, rate,
                 "codewords of this rate count at " +
                     masterclock::to_string(format->codeword_format().rate()) + ", not at " +
                     masterclock::to_string(label.rate()));
  }
  const int group = format->frames_per_codeword();
  if (frame < 0 || frame >= group) {
    return error(text, rate, "no frame " + std::to_string(frame) + " of " + std::to_string(group));
  }
  return Timecode(*format, label.frame() * group + frame);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_FRAMES_TIMECODE_H_
