// Polls two sources on time. A poll of the camera takes 25 s, and no source is polled twice at once.
//
//    0 s  camera
//    0 s  sensor
//   25 s  camera, missed 1
//   30 s  sensor
//   50 s  camera, missed 2
//
// The camera is due every 10 s. One run stands for all instants of the run before it.
#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <map>

#include "masterclock/testing/manual_time_source.h"
#include "masterclock/timers/interval_schedule.h"

using namespace std::chrono_literals;

int main() {
  // In production: masterclock::SystemTimeSource::shared(), and a wait in place of `advance`.
  masterclock::testing::ManualTimeSource time(masterclock::UtcTime{});
  const masterclock::SteadyTime start = time.now_steady();
  masterclock::IntervalSchedule schedule;
  const absl::Status loaded =
      schedule.update(start, {{"camera", {.interval = 10s}}, {"sensor", {.interval = 30s}}});
  if (!loaded.ok()) return 1;

  std::multimap<masterclock::SteadyTime, masterclock::DueRun> running;  // by the end of the run
  for (auto now = start; now < start + 60s; now = time.now_steady()) {
    while (!running.empty() && running.begin()->first <= now) {
      schedule.finished(now, running.begin()->second.id, true);
      running.erase(running.begin());
    }
    for (const masterclock::DueRun& run : schedule.take_due(now)) {
      std::cout << std::setw(2) << (now - start) / 1s << " s  " << run.name;
      if (run.missed > 0) std::cout << ", missed " << run.missed;
      std::cout << '\n';
      running.emplace(now + (run.name == "camera" ? 25s : 1s), run);
    }
    const auto next = running.empty() ? *schedule.next_due() : running.begin()->first;
    time.advance(std::min(next, schedule.next_due().value_or(next)) - now);
  }
}
