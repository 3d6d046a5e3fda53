// Fits what it is asked on stdin, one window a line: N, then N times "local reference error" in
// nanoseconds, then a local time to convert. Answers "local reference rate bound growth converted
// its_bound", or "refused". affine_oracle_test.py checks the answers.
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>

#include "masterclock/sync/affine_calibration.h"

int main() {
  using masterclock::SteadyTime;
  using masterclock::UtcTime;
  using std::chrono::nanoseconds;
  for (std::string text; std::getline(std::cin, text);) {
    std::istringstream words(text);
    std::size_t n = 0;
    std::int64_t local = 0, reference = 0, error = 0;
    words >> n;
    masterclock::AffineCalibration calibration(
        {.window = 1024, .wander = masterclock::drift_ppm(0)});
    bool taken = true;
    for (std::size_t i = 0; i < n; ++i) {
      words >> local >> reference >> error;
      taken &= calibration
                   .add({SteadyTime(nanoseconds(local)), UtcTime(nanoseconds(reference)),
                         nanoseconds(error)})
                   .ok();
    }
    words >> local;
    const auto line = calibration.line();
    if (!words || !taken || !line.ok()) {
      std::cout << "refused\n";
      continue;
    }
    const auto at = line->at(SteadyTime(nanoseconds(local)));
    std::cout << line->local.time_since_epoch().count() << ' '
              << line->reference.time_since_epoch().count() << ' ' << line->rate << ' '
              << line->bound.count() << ' ' << line->growth.parts_per_billion << ' '
              << at.utc.time_since_epoch().count() << ' ' << at.error_bound.count() << '\n';
  }
}
