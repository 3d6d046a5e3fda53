// Fits what it is asked on stdin, one window a line: N, then N times "local reference error" in
// nanoseconds, then a local time to convert. Answers "local reference rate rms max rate_error bound growth
// converted its_bound", or "refused". affine_oracle_test.py checks the answers.
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>

#include "masterclock/sync/affine_calibration.h"

int main() {
  using masterclock::SteadyTime;
  using masterclock::UtcTime;
  using std::chrono::nanoseconds;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
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
    const auto fit = calibration.fit();
    if (!words || !taken || !fit.ok()) {
      std::cout << "refused\n";
      continue;
    }
    const auto at = fit->at(SteadyTime(nanoseconds(local)));
    std::cout << fit->local.time_since_epoch().count() << ' '
              << fit->reference.time_since_epoch().count() << ' ' << fit->rate << ' '
              << fit->residual_rms.count() << ' ' << fit->residual_max.count() << ' '
              << fit->rate_error << ' ' << fit->bound.count() << ' '
              << fit->growth.parts_per_billion << ' ' << at.utc.time_since_epoch().count() << ' '
              << at.error_bound.count() << '\n';
  }
}
