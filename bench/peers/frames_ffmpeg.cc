// FFmpeg's timecode. It writes two digits of frames, so 119.88 is left out.
#include <string>
#include <string_view>

#include "frame_load.h"

extern "C" {
#include <libavutil/timecode.h>
}

namespace bench {
namespace {

AVTimecode timecode_of(masterclock::FrameRate rate, bool drop) {
  AVTimecode timecode;
  const AVRational rational{static_cast<int>(rate.numerator), static_cast<int>(rate.denominator)};
  av_timecode_init(&timecode, rational, drop ? AV_TIMECODE_FLAG_DROPFRAME : 0, 0, nullptr);
  return timecode;
}

void BM_Ffmpeg_Print(benchmark::State& state) {
  const masterclock::FrameRate rate = rate_of(state);
  const AVTimecode timecode = timecode_of(rate, drops(rate));
  char text[AV_TIMECODE_STR_SIZE];
  print_frames(state, [&](std::int64_t frame) {
    av_timecode_make_string(&timecode, text, static_cast<int>(frame));
    benchmark::DoNotOptimize(text);
    return std::string_view(text);
  });
}
BENCHMARK(BM_Ffmpeg_Print)->Arg(0)->Arg(1)->Arg(2);

void BM_Ffmpeg_Parse(benchmark::State& state) {
  const masterclock::FrameRate rate = rate_of(state);
  const AVRational rational{static_cast<int>(rate.numerator), static_cast<int>(rate.denominator)};
  parse_labels(state, [&](const std::string& label) {
    AVTimecode timecode;
    av_timecode_init_from_string(&timecode, rational, label.c_str(), nullptr);
    return std::int64_t{timecode.start};
  });
}
BENCHMARK(BM_Ffmpeg_Parse)->Arg(0)->Arg(1)->Arg(2);

}  // namespace
}  // namespace bench
