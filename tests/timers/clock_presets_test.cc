#include "masterclock/timers/clock_presets.h"

#include <chrono>
#include <limits>

#include "masterclock/timers/count_clock.h"

namespace masterclock::clock_presets_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kUp = CountDirection::kUp;
constexpr auto kMost = std::numeric_limits<int>::max();
static_assert(kPlayClock40 == ClockRules{CountDirection::kDown, 40s, 40s});
static_assert(kShotClock24 == ClockRules{CountDirection::kDown, 24s, 24s});
static_assert(period_clock(CountDirection::kDown, 12min, 3, PeriodCount::kCumulative) ==
              ClockRules{CountDirection::kDown, 12min, 12min});
static_assert(period_clock(kUp, 20min, 3) == ClockRules{kUp, 0s, 20min});
static_assert(period_clock(kUp, 45min, 2, PeriodCount::kCumulative) ==
              ClockRules{kUp, 45min, 90min});
static_assert(period_clock(kUp, 45min, -5, PeriodCount::kCumulative) == ClockRules{kUp, 0s, 45min});
static_assert(period_clock(kUp, 1'000h, kMost, PeriodCount::kCumulative).maximum ==
              std::chrono::nanoseconds::max());
static_assert(stage_timer(1min) == ClockRules{CountDirection::kDown, 1min, 1min, AtEnd::kRunOver});

}  // namespace
}  // namespace masterclock::clock_presets_test
