// libltc. It counts labels, and cannot convert between a label and a frame.
#include <ltc.h>

#include <array>

#include "frame_load.h"

namespace bench {
namespace {

void BM_Ltc_Next(benchmark::State& state) {
  const bool drop = drops(rate_of(state));
  const LTC_TV_STANDARD standard = drop ? LTC_TV_525_60 : LTC_TV_625_50;
  LTCFrame frame;
  ltc_frame_reset(&frame);
  frame.dfbit = drop ? 1 : 0;
  count_frames(state, [&] {
    ltc_frame_increment(&frame, drop ? 30 : 25, standard, 0);
    SMPTETimecode label;
    ltc_frame_to_time(&label, &frame, 0);
    return std::array<int, 4>{label.hours, label.mins, label.secs, label.frame};
  });
}
BENCHMARK(BM_Ltc_Next)->Arg(0)->Arg(1);  // 25 and 29.97

}  // namespace
}  // namespace bench
