// Measures frame arithmetic. An encoder asks for its position once a frame on each channel: 24,000
// times a second for two hundred channels at 119.88.
//
// Arguments come from memory at run time, so that the compiler computes no result. The rate is no
// constant either. Results are checked against a second method. The files `peers/frames_*.cc` add rows of
// other libraries.
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "frame_load.h"
#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/house_timecode.h"
#include "masterclock/frames/playlist.h"
#include "masterclock/frames/timecode.h"

namespace bench {
namespace {

using namespace masterclock;
using std::chrono::nanoseconds;

void by_rate(benchmark::internal::Benchmark* bench) {
  for (int i = 0; i < 4; ++i) bench->Arg(i);
}

// Instants of the years 1970 to 2100, as TAI has them.
std::vector<nanoseconds> instants() {
  std::mt19937_64 random(2026);
  std::vector<nanoseconds> result(kCount);
  for (auto& instant : result) instant = nanoseconds(random() % 4'102'444'800'000'000'000);
  return result;
}

void BM_FrameIndex_At(benchmark::State& state) {
  const FrameRate rate = rate_of(state);
  const auto asked = instants();
  for (const nanoseconds at : asked) {
    const std::int64_t index = frame_index(at, rate);
    if (frame_start(index, rate) > at || frame_start(index + 1, rate) <= at) {
      return state.SkipWithError("frame_index and frame_start disagree");
    }
  }
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(frame_index(asked[i++ % kCount], rate));
  label(state);
}
BENCHMARK(BM_FrameIndex_At)->Apply(by_rate);

void BM_FrameStart_Of(benchmark::State& state) {
  const FrameRate rate = rate_of(state);
  const auto asked = frames(200'000'000'000);
  for (const std::int64_t frame : asked) {
    if (frame_index(frame_start(frame, rate), rate) != frame) {
      return state.SkipWithError("frame_index and frame_start disagree");
    }
  }
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(frame_start(asked[i++ % kCount], rate));
  label(state);
}
BENCHMARK(BM_FrameStart_Of)->Apply(by_rate);

DropFrame drop_of(FrameRate rate) { return drops(rate) ? DropFrame::kYes : DropFrame::kNo; }

void BM_Timecode_FromFrame(benchmark::State& state) {
  const FrameRate rate = rate_of(state);
  const DropFrame drop = drop_of(rate);
  const auto asked = frames(2'160'000);
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(Timecode::from_frame(asked[i++ % kCount], rate, drop));
  label(state);
}
BENCHMARK(BM_Timecode_FromFrame)->Apply(by_rate);

// The same with the four fields of the label: what a burnt-in clock needs.
void BM_Timecode_Fields(benchmark::State& state) {
  const FrameRate rate = rate_of(state);
  const DropFrame drop = drop_of(rate);
  const auto asked = frames(2'160'000);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Timecode::from_frame(asked[i++ % kCount], rate, drop)->label());
  }
  label(state);
}
BENCHMARK(BM_Timecode_Fields)->Apply(by_rate);

void BM_Timecode_Print(benchmark::State& state) {
  const TimecodeFormat format = format_of(rate_of(state));
  print_frames(state, [&](std::int64_t frame) { return Timecode(format, frame).to_string(); });
}
BENCHMARK(BM_Timecode_Print)->Apply(by_rate);

void BM_Timecode_Parse(benchmark::State& state) {
  const FrameRate rate = rate_of(state);
  parse_labels(state,
               [&](const std::string& label) { return Timecode::parse(label, rate)->frame(); });
}
BENCHMARK(BM_Timecode_Parse)->Apply(by_rate);

void BM_Timecode_Next(benchmark::State& state) {
  const TimecodeFormat format = format_of(rate_of(state));
  Timecode timecode(format, 0);
  count_frames(state, [&] {
    ++timecode;
    const auto label = timecode.label();
    return std::array<int, 4>{label.hours, label.minutes, label.seconds, label.frames};
  });
}
BENCHMARK(BM_Timecode_Next)->Apply(by_rate);

void BM_Join_OneItem(benchmark::State& state) {
  const FrameRate rate = rate_of(state);
  const auto asked = instants();
  const UtcTime start(nanoseconds(1'700'000'000'000'000'000));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(join_at(start, UtcTime(asked[i++ % kCount]), rate));
  label(state);
}
BENCHMARK(BM_Join_OneItem)->Apply(by_rate);

// Joins random positions in a list of clips from a second to half an hour.
void BM_Join_InAList(benchmark::State& state) {
  const auto items = static_cast<std::size_t>(state.range(0));
  std::mt19937_64 random(1);
  std::vector<nanoseconds> lengths(items);
  for (auto& length : lengths) length = nanoseconds(1'000'000'000 + random() % 1'800'000'000'000);
  const ItemList list = ItemList::make(lengths).value();
  std::vector<nanoseconds> asked(1 << 20);
  for (auto& at : asked) {
    at = nanoseconds(random() % static_cast<std::uint64_t>(list.total().count()));
    const auto join = list.join_looping(at, k29_97);
    if (!join || list.begin_of(join->item) + join->join.offset != at ||
        join->remaining.count() <= 0) {
      return state.SkipWithError("a join is not where it was asked for");
    }
  }
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(list.join_looping(asked[i++ % asked.size()], k29_97));
}
BENCHMARK(BM_Join_InAList)->Arg(10)->Arg(1'000)->Arg(100'000);

struct Utc {
  LocalTime to_local(UtcTime utc) const { return LocalTime(utc.time_since_epoch()); }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve) const {
    return UtcTime(local.time_since_epoch());
  }
};

void BM_TimeOfDayTimecode_At(benchmark::State& state) {
  const FrameRate rate = rate_of(state);
  const auto clock = TimeOfDayTimecode::make(Utc{}, rate, drop_of(rate)).value();
  const auto asked = instants();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(clock.at(TaiTime(asked[i++ % kCount])));
  label(state);
}
BENCHMARK(BM_TimeOfDayTimecode_At)->Apply(by_rate);

}  // namespace
}  // namespace bench
