// Sends our labels through libltc, which makes linear timecode audio of them and decodes it again.
#include <gtest/gtest.h>
#include <ltc.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "masterclock/frames/timecode.h"

namespace masterclock::timecode_libltc_test {
namespace {

constexpr int kSampleRate = 48'000;

struct Standard {
  const char* name;
  FrameRate rate;
  DropFrame drop;
  double fps;  // libltc's way to say it; 29.97 is drop-frame to it
  int nominal;
  LTC_TV_STANDARD tv;
};
constexpr Standard kStandards[] = {
    {"25", k25, DropFrame::kNo, 25.0, 25, LTC_TV_625_50},
    {"29.97 drop-frame", k29_97, DropFrame::kYes, 30'000.0 / 1'001.0, 30, LTC_TV_525_60},
};

SMPTETimecode to_smpte(const Timecode& code) {
  SMPTETimecode smpte{};
  smpte.hours = static_cast<unsigned char>(code.label().hours);
  smpte.mins = static_cast<unsigned char>(code.label().minutes);
  smpte.secs = static_cast<unsigned char>(code.label().seconds);
  smpte.frame = static_cast<unsigned char>(code.label().frames);
  return smpte;
}

// Returns the label that an LTC frame carries, if it is a label.
std::optional<Timecode> to_timecode(LTCFrame frame, FrameRate rate) {
  SMPTETimecode smpte{};
  ltc_frame_to_time(&smpte, &frame, 0);
  const auto code = Timecode::make(smpte.hours, smpte.mins, smpte.secs, smpte.frame, rate,
                                   frame.dfbit != 0 ? DropFrame::kYes : DropFrame::kNo);
  return code.ok() ? std::optional(*code) : std::nullopt;
}

// Encodes `count` frames from `first` on as audio, and decodes them.
std::vector<Timecode> through_audio(const Standard& standard, Timecode first, int count) {
  const std::unique_ptr<LTCEncoder, void (*)(LTCEncoder*)> encoder(
      ltc_encoder_create(kSampleRate, standard.fps, standard.tv, 0),
      [](LTCEncoder* e) { ltc_encoder_free(e); });
  const std::unique_ptr<LTCDecoder, void (*)(LTCDecoder*)> decoder(
      ltc_decoder_create(kSampleRate / standard.nominal, count + 2),
      [](LTCDecoder* d) { ltc_decoder_free(d); });
  std::vector<ltcsnd_sample_t> audio(ltc_encoder_get_buffersize(encoder.get()));
  ltc_off_t written = 0;
  for (int i = 0; i < count; ++i) {
    SMPTETimecode smpte = to_smpte(first + i);
    ltc_encoder_set_timecode(encoder.get(), &smpte);
    ltc_encoder_encode_frame(encoder.get());
    const int size = ltc_encoder_copy_buffer(encoder.get(), audio.data());
    EXPECT_GT(size, 0);
    ltc_decoder_write(decoder.get(), audio.data(), static_cast<std::size_t>(size), written);
    written += size;
  }
  std::vector<Timecode> decoded;
  for (LTCFrameExt frame; ltc_decoder_read(decoder.get(), &frame) > 0;) {
    const auto code = to_timecode(frame.ltc, standard.rate);
    EXPECT_TRUE(code) << "a decoded frame is no label to us";
    if (code) decoded.push_back(*code);
  }
  return decoded;
}

TEST(Libltc, DecodesOurLabelsAcrossTenMinuteMarks) {
  for (const Standard& standard : kStandards) {
    const TimecodeFormat format = TimecodeFormat::of(standard.rate, standard.drop).value();
    for (int mark = 0; mark < 24 * 6; ++mark) {
      for (const int minute :
           {0, 1}) {  // the mark, and the minute after it where labels are left out
        const Timecode middle(format, format.frame_of({mark / 6, mark % 6 * 10 + minute, 0,
                                                       minute == 0 ? 0 : format.dropped()}));
        const Timecode first = middle - 12;
        const std::vector<Timecode> decoded = through_audio(standard, first, 24);
        // A decoder needs the beginning of the audio to lock, and the end to know that a frame is
        // over.
        ASSERT_GE(decoded.size(), 21u) << standard.name << " at " << middle.to_string();
        const std::int64_t missed =
            (decoded.front() - first + format.frames_per_day()) % format.frames_per_day();
        ASSERT_LE(missed, 2) << standard.name << " at " << middle.to_string();
        for (std::size_t i = 0; i < decoded.size(); ++i) {
          ASSERT_EQ(decoded[i], first + missed + static_cast<std::int64_t>(i))
              << standard.name << ": " << decoded[i].to_string();
        }
      }
    }
  }
}

// libltc's counter and ours show the same labels for a day.
TEST(Libltc, CountsADayAsWeDo) {
  for (const Standard& standard : kStandards) {
    const TimecodeFormat format = TimecodeFormat::of(standard.rate, standard.drop).value();
    LTCFrame theirs{};
    theirs.dfbit = standard.drop == DropFrame::kYes;
    Timecode ours(format, 0);
    for (std::int64_t i = 0; i <= format.frames_per_day(); ++i, ++ours) {
      const auto code = to_timecode(theirs, standard.rate);
      ASSERT_TRUE(code && *code == ours) << standard.name << ": " << ours.to_string();
      ltc_frame_increment(&theirs, standard.nominal, standard.tv, 0);
    }
  }
}

}  // namespace
}  // namespace masterclock::timecode_libltc_test
