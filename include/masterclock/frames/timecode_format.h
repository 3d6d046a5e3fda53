// Defines how timecode counts at a rate, with and without drop-frame.
//
// A label second has a whole number of frames, the nominal rate: 30 at 29.97 as at 30. At 1000/1001
// of a whole rate, a day of labels is therefore 86.4 s longer than a day. Drop-frame counting
// corrects this error. Drop-frame omits labels, never pictures: the first two of each minute at
// 29.97, four at 59.94, eight at 119.88, except in minutes 0, 10, 20, 30, 40 and 50. At 29.97 an
// error of 2.6 frames a day remains.
//
// Labels exist at the whole rates from 1 to 999 and at 1000/1001 of these. Drop-frame labels exist
// at 29.97, which SMPTE ST 12-1 defines, and at its double and quadruple.
//
// Source: SMPTE ST 12-1 (drop-frame and non-drop counting), ST 12-3 for rates above 60.
#ifndef MASTERCLOCK_FRAMES_TIMECODE_FORMAT_H_
#define MASTERCLOCK_FRAMES_TIMECODE_FORMAT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "masterclock/frames/frame_rate.h"
#include "masterclock/internal/printable.h"

namespace masterclock::inline v0_2 {

enum class DropFrame { kNo, kYes };

[[nodiscard]] inline std::string to_string(DropFrame drop) {
  return internal::name_of(drop, {"non-drop", "drop-frame"});
}

// The four fields of a label. TimecodeFormat::is_label tells which combinations are labels.
struct TimecodeLabel {
  int hours = 0, minutes = 0, seconds = 0, frames = 0;
  friend bool operator==(const TimecodeLabel&, const TimecodeLabel&) = default;
};

class TimecodeFormat {
 public:
  // Returns no format for a rate without labels, and for kYes at a rate without drop-frame.
  [[nodiscard]] static constexpr std::optional<TimecodeFormat> of(FrameRate rate,
                                                                  DropFrame drop) noexcept {
    const auto is_slow = [&] { return rate.denominator == 1'001 && rate.numerator % 1'000 == 0; };
    if (rate.denominator != 1 && !is_slow()) {
      rate = reduced(rate);
      // 1001 is 7 * 11 * 13, so that 1000/1001 of 7 is 1000/143 in lowest terms.
      if (rate.denominator != 1 && 1'001 % rate.denominator == 0 && rate.numerator < 1'000'000) {
        rate = {rate.numerator * (1'001 / rate.denominator), 1'001};
      }
    }
    const bool slow = is_slow();
    if (rate.numerator <= 0 || (!slow && rate.denominator != 1)) return std::nullopt;
    const std::int64_t nominal = slow ? rate.numerator / 1'000 : rate.numerator;
    if (nominal > kMostFrames) return std::nullopt;
    if (drop == DropFrame::kNo) return TimecodeFormat(static_cast<int>(nominal), slow, kNoDrop);
    switch (slow ? nominal : 0) {
      case 30: return TimecodeFormat(30, true, 0);
      case 60: return TimecodeFormat(60, true, 1);
      case 120: return TimecodeFormat(120, true, 2);
      default: return std::nullopt;
    }
  }

  // Returns the frames of a label second: 30 at 29.97.
  [[nodiscard]] constexpr int nominal() const noexcept { return nominal_; }
  [[nodiscard]] constexpr DropFrame drop_frame() const noexcept {
    return drop_ == kNoDrop ? DropFrame::kNo : DropFrame::kYes;
  }
  [[nodiscard]] constexpr FrameRate rate() const noexcept {
    return slow_ ? FrameRate{nominal_ * 1'000, 1'001} : FrameRate{nominal_, 1};
  }

  // Returns the width of the frames field, which is that of the highest label: 2 at 100, 3 at
  // 119.88.
  [[nodiscard]] constexpr int frames_width() const noexcept { return nominal_ > 100 ? 3 : 2; }

  // Returns the number of labels in a day: 2,592,000 at 29.97, 2,589,408 in drop-frame.
  [[nodiscard]] constexpr std::int32_t frames_per_day() const noexcept {
    return nominal_ * 86'400 - dropped() * (9 * 6 * 24);
  }

  // Returns the number of labels omitted at the start of a minute: 0, 2, 4 or 8.
  [[nodiscard]] constexpr int dropped() const noexcept { return drop_ == kNoDrop ? 0 : 2 << drop_; }

  // Returns true for fields in range that drop-frame does not omit.
  [[nodiscard]] constexpr bool is_label(const TimecodeLabel& label) const noexcept {
    return label.hours >= 0 && label.hours < 24 && label.minutes >= 0 && label.minutes < 60 &&
           label.seconds >= 0 && label.seconds < 60 && label.frames >= 0 &&
           label.frames < nominal_ && !is_dropped(label);
  }
  [[nodiscard]] constexpr bool is_dropped(const TimecodeLabel& label) const noexcept {
    return label.frames < dropped() && label.seconds == 0 && label.minutes % 10 != 0;
  }

  // Returns the frame of the day with this label. Requires is_label(label).
  [[nodiscard]] constexpr std::int32_t frame_of(const TimecodeLabel& label) const noexcept {
    const int minutes = label.hours * 60 + label.minutes;
    return (minutes * 60 + label.seconds) * nominal_ + label.frames -
           dropped() * (minutes - minutes / 10);
  }

  // Returns the label of a frame of the day. Requires 0 <= frame < frames_per_day().
  [[nodiscard]] constexpr TimecodeLabel label_of(std::int32_t frame) const noexcept {
    auto count = static_cast<std::uint32_t>(frame);
    if (drop_ != kNoDrop) {
      // Adds the omitted labels. At 29.97, ten minutes have 17,982 frames and omit 18 labels. The
      // first of the ten minutes has 1,800 frames, each other 1,798.
      const std::uint32_t tens = (count >> drop_) / 17'982;
      const std::uint32_t rest = count - ((tens * 17'982) << drop_);
      const std::uint32_t minutes = rest < (2U << drop_) ? 0 : ((rest >> drop_) - 2) / 1'798;
      count += (tens * 18 + minutes * 2) << drop_;
    }
    const std::uint32_t second = count / nominal_;
    return {static_cast<int>(second / 3'600), static_cast<int>(second / 60 % 60),
            static_cast<int>(second % 60), static_cast<int>(count - second * nominal_)};
  }

  // Returns the number of frames that share one ST 12-1 codeword: two from 47.95 to 60, four from
  // 100 to 120, one below 47.95. The frames field of a codeword ends at 30.
  [[nodiscard]] constexpr int frames_per_codeword() const noexcept {
    int group = 1;
    while (nominal_ / group > 30 && nominal_ / group % 2 == 0) group *= 2;
    return group;
  }
  // Returns the format of these codewords: 29.97 drop-frame at 59.94 drop-frame.
  [[nodiscard]] constexpr TimecodeFormat codeword_format() const noexcept {
    TimecodeFormat format = *this;
    for (int group = frames_per_codeword(); group > 1; group /= 2) {
      format.nominal_ = static_cast<std::uint16_t>(format.nominal_ / 2);
      if (format.drop_ != kNoDrop) --format.drop_;
    }
    return format;
  }

  friend constexpr bool operator==(TimecodeFormat, TimecodeFormat) = default;

 private:
  static constexpr std::uint8_t kNoDrop = 255;
  static constexpr std::int64_t kMostFrames = 999;

  constexpr TimecodeFormat(int nominal, bool slow, std::uint8_t drop) noexcept
      : nominal_(static_cast<std::uint16_t>(nominal)), slow_(slow), drop_(drop) {}

  std::uint16_t nominal_;
  bool slow_;          // 1000/1001 of the nominal rate
  std::uint8_t drop_;  // kNoDrop, or log2 of the nominal rate over 30
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_TIMECODE_FORMAT_H_
