// Writes house timecode as sound (linear timecode, SMPTE ST 12-1), and reads it back, with libltc.
//
// With OUTPUT.raw also writes the sound to a file: 48 kHz, one channel, unsigned bytes.
//
//   wrote 250 frames from 09:59:55:00 in Europe/Dublin
//   read 09:59:55:00 to 10:00:04:23
#include <ltc.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "masterclock/frames/house_timecode.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"

using namespace std::chrono;
using masterclock::DropFrame, masterclock::Timecode;

constexpr int kSampleRate = 48'000, kFrames = 250;

SMPTETimecode smpte_of(const Timecode& code) {
  const masterclock::TimecodeLabel label = code.label();
  SMPTETimecode smpte{};
  smpte.hours = static_cast<unsigned char>(label.hours);
  smpte.mins = static_cast<unsigned char>(label.minutes);
  smpte.secs = static_cast<unsigned char>(label.seconds);
  smpte.frame = static_cast<unsigned char>(label.frames);
  return smpte;
}

int main(int argc, char** argv) {
  // In production: a MasterClock of the system's time, and a sound card that asks for samples.
  masterclock::testing::ManualTimeSource time(sys_days(2026y / July / 1) + 8h + 59min + 55s);
  masterclock::MasterClock clock(time);
  const masterclock::Zone dublin = clock.zone("Europe/Dublin").value();
  const auto house =
      masterclock::TimeOfDayTimecode::make(dublin, masterclock::k25, DropFrame::kNo).value();

  const std::unique_ptr<LTCEncoder, decltype(&ltc_encoder_free)> encoder(
      ltc_encoder_create(kSampleRate, 25, LTC_TV_625_50, 0), ltc_encoder_free);
  std::vector<ltcsnd_sample_t> sound;
  const Timecode first = house.at(clock.now_utc());
  for (int i = 0; i < kFrames; ++i, time.advance(40ms)) {
    SMPTETimecode label = smpte_of(house.at(clock.now_utc()));
    ltc_encoder_set_timecode(encoder.get(), &label);
    ltc_encoder_encode_frame(encoder.get());
    ltcsnd_sample_t* samples = nullptr;
    const int size = ltc_encoder_get_bufferptr(encoder.get(), &samples, 1);
    sound.insert(sound.end(), samples, samples + size);
  }
  std::cout << "wrote " << kFrames << " frames from " << first << " in " << dublin << '\n';
  if (argc == 2) {
    std::ofstream file(argv[1], std::ios::binary);
    file.write(reinterpret_cast<const char*>(sound.data()),
               static_cast<std::streamsize>(sound.size()));
    if (!file.flush()) return std::cerr << "ltc_audio: cannot write " << argv[1] << '\n', 1;
  }

  const std::unique_ptr<LTCDecoder, decltype(&ltc_decoder_free)> decoder(
      ltc_decoder_create(kSampleRate / 25, kFrames + 2),
      [](LTCDecoder* d) { return ltc_decoder_free(d); });
  ltc_decoder_write(decoder.get(), sound.data(), sound.size(), 0);
  std::optional<Timecode> begin, end;
  for (LTCFrameExt read; ltc_decoder_read(decoder.get(), &read) > 0;) {
    SMPTETimecode label{};
    ltc_frame_to_time(&label, &read.ltc, 0);
    end = Timecode::make(label.hours, label.mins, label.secs, label.frame, masterclock::k25,
                         DropFrame::kNo)
              .value();
    if (!begin) begin = end;
  }
  if (!begin) return std::cerr << "ltc_audio: the decoder heard no timecode\n", 1;
  // The decoder knows a frame when the next one begins.
  std::cout << "read " << *begin << " to " << *end << '\n';
}
