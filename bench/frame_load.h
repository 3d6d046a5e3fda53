// Asks each library the same questions about timecode, and compares the answers before it times them.
#ifndef MASTERCLOCK_BENCH_FRAME_LOAD_H_
#define MASTERCLOCK_BENCH_FRAME_LOAD_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "masterclock/frames/timecode.h"

namespace bench {

inline constexpr std::size_t kCount = 4'096;
inline constexpr masterclock::FrameRate kRates[] = {masterclock::k25, masterclock::k29_97,
                                                    masterclock::k59_94, masterclock::k119_88};

inline masterclock::FrameRate rate_of(const benchmark::State& state) {
  masterclock::FrameRate rate = kRates[state.range(0)];
  benchmark::DoNotOptimize(rate);
  return rate;
}
inline bool drops(masterclock::FrameRate rate) { return rate != masterclock::k25; }
inline masterclock::TimecodeFormat format_of(masterclock::FrameRate rate) {
  const auto drop = drops(rate) ? masterclock::DropFrame::kYes : masterclock::DropFrame::kNo;
  return masterclock::TimecodeFormat::of(rate, drop).value();
}
inline void label(benchmark::State& state) {
  state.SetLabel(masterclock::to_string(kRates[state.range(0)]));
}

inline std::vector<std::int64_t> frames(std::int64_t most) {
  std::mt19937_64 random(2059);
  std::vector<std::int64_t> result(kCount);
  for (auto& frame : result)
    frame = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
  return result;
}

// `print` returns the label of a frame of the day.
template <class Print>
void print_frames(benchmark::State& state, Print print) {
  const masterclock::TimecodeFormat format = format_of(rate_of(state));
  const auto asked = frames(format.frames_per_day());
  for (const std::int64_t frame : asked) {
    if (masterclock::Timecode(format, frame).to_string() != std::string(print(frame))) {
      return state.SkipWithError("the libraries print different labels");
    }
  }
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(print(asked[i++ % kCount]));
  label(state);
}

// `parse` returns the frame of a label.
template <class Parse>
void parse_labels(benchmark::State& state, Parse parse) {
  const masterclock::TimecodeFormat format = format_of(rate_of(state));
  std::vector<std::string> asked;
  for (const std::int64_t frame : frames(format.frames_per_day())) {
    asked.push_back(masterclock::Timecode(format, frame).to_string());
    if (parse(asked.back()) != frame) return state.SkipWithError("a label does not read back");
  }
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(parse(asked[i++ % kCount]));
  label(state);
}

// `next` moves to the next frame from 00:00:00:00, and returns the four numbers of its label.
template <class Next>
void count_frames(benchmark::State& state, Next next) {
  const masterclock::TimecodeFormat format = format_of(rate_of(state));
  for (std::int64_t frame = 1; frame < 100'000; ++frame) {
    const auto label = masterclock::Timecode(format, frame).label();
    const auto [hours, minutes, seconds, frames] = next();
    if (label.hours != hours || label.minutes != minutes || label.seconds != seconds ||
        label.frames != frames) {
      return state.SkipWithError("the libraries count differently");
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(next());
  label(state);
}

}  // namespace bench

#endif  // MASTERCLOCK_BENCH_FRAME_LOAD_H_
