#include "masterclock/sync/affine_calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

namespace masterclock::affine_calibration_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;
constexpr SteadyTime kBoot{1h};

ClockObservation observation(nanoseconds local, nanoseconds reference, nanoseconds error = 0ns) {
  return {kBoot + local, kNoon + reference, error};
}

TEST(AffineCalibration, ByHand) {
  // Local 0, 1, 2 s; the reference gains 0, 1, 5 us. Mean (1 s, 2 us); the slope is
  // ((-1)(-2) + 0(-1) + (1)(3)) / (1 + 0 + 1) = 2.5 us a second; the line gives -0.5, 2, 4.5 us, so
  // the residuals are 0.5, -1, 0.5 us.
  AffineCalibration calibration({.wander = {}});
  ASSERT_TRUE(calibration.add(observation(0s, 0us, 100ns)).ok());
  ASSERT_TRUE(calibration.add(observation(1s, 1s + 1us, 100ns)).ok());
  ASSERT_TRUE(calibration.add(observation(2s, 2s + 5us, 100ns)).ok());
  const CalibratedLine line = calibration.line().value();
  EXPECT_EQ(line.observations, 3u);
  EXPECT_EQ(line.span(), 2s);
  EXPECT_EQ(line.rate, 2'500'000'000);
  EXPECT_EQ(line.local, kBoot + 1s);
  EXPECT_EQ(line.reference, kNoon + 1s + 2us);
  EXPECT_EQ(line.bound, 1'102ns) << "the residual, the error of the observation and the rounding";
  EXPECT_EQ(line.growth.parts_per_billion, 1'102) << "twice that over two seconds";
  EXPECT_EQ(line.at(kBoot).utc, kNoon - 500ns);
  EXPECT_EQ(line.at(kBoot + 2s).utc, kNoon + 2s + 4'500ns);
  EXPECT_EQ(line.at(kBoot + 2s).error_bound, line.bound) << "an end of the window is inside";
}

TEST(AffineCalibration, BeyondTheWindowTheBoundGrows) {
  AffineCalibration calibration({.wander = drift_ppm(1)});
  ASSERT_TRUE(calibration.add(observation(0s, 0s, 8ns)).ok());
  ASSERT_TRUE(calibration.add(observation(10s, 10s, 8ns)).ok());
  const CalibratedLine line = calibration.line().value();
  // 8 ns of error, 2 of rounding, and 5 s at 1 ppm between the two; 20 ns in 10 s and 1 ppm outside.
  const struct {
    seconds at;
    nanoseconds bound;
  } cases[] = {{0s, 5'011ns},
               {5s, 5'011ns},
               {10s, 5'011ns},
               {11s, 5'011ns + 1'002ns},
               {-1s, 5'011ns + 1'002ns},
               {1'010s, 5'011ns + 1'002us}};
  for (const auto& c : cases) {
    EXPECT_EQ(line.at(kBoot + c.at).error_bound, c.bound) << c.at.count();
    EXPECT_EQ(line.at(kBoot + c.at).utc, kNoon + c.at);
  }
  EXPECT_GT(line.at(SteadyTime::max()).error_bound, 2h) << "1 ppm of 292 years";
  EXPECT_GT(line.at(SteadyTime::min()).error_bound, 2h);
}

TEST(AffineCalibration, RefusesWhatIsNoObservation) {
  AffineCalibration calibration;
  ASSERT_TRUE(calibration.add(observation(1s, 1s)).ok());
  ASSERT_TRUE(calibration.add(observation(2s, 2s)).ok());
  const struct {
    const char* name;
    ClockObservation observation;
    const char* says;
  } cases[] = {
      {"the local clock stood", observation(2s, 3s), "local clock moved by 0 ns"},
      {"it ran backward", observation(2s - 1ns, 3s), "local clock moved by -1 ns"},
      {"the reference stood", observation(3s, 2s), "reference clock moved by 0 ns"},
      {"it was set back", observation(3s, 2s - 1ns), "reference clock moved by -1 ns"},
      {"the end of the range", {kBoot + 3s, UtcTime::min()}, "reference clock moved by -"},
      {"a negative error", observation(3s, 3s, -1ns), "-1 ns"},
      {"an unknown error", observation(3s, 3s, nanoseconds::max()), "9223372036854775807 ns"},
  };
  for (const auto& c : cases) {
    const absl::Status status = calibration.add(c.observation);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.name;
    EXPECT_NE(std::string(status.message()).find(c.says), std::string::npos)
        << c.name << ": " << status.message();
    EXPECT_EQ(calibration.observations(), 2u) << c.name;
  }
  EXPECT_TRUE(calibration.add(observation(3s, 3s)).ok());
}

TEST(AffineCalibration, NeedsTwoObservationsOfTwoClocks) {
  AffineCalibration calibration;
  EXPECT_EQ(calibration.line().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(calibration.add(observation(0s, 0s)).ok());
  EXPECT_EQ(calibration.line().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(calibration.add(observation(10s, 11s)).ok());
  EXPECT_TRUE(calibration.line().ok()) << "a tenth faster";
  calibration.clear();
  ASSERT_TRUE(calibration.add(observation(0s, 0s)).ok());
  ASSERT_TRUE(calibration.add(observation(10s, 11s + 1ns)).ok());
  EXPECT_EQ(calibration.line().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(AffineCalibration, KeepsTheNewestObservations) {
  AffineCalibration calibration({.window = 3});
  for (int i = 0; i < 10; ++i) {
    // The rate changes at 5 s; what lies before has left the window.
    const nanoseconds gain = i < 5 ? 0us : (i - 5) * 1us;
    ASSERT_TRUE(calibration.add(observation(i * 1s, i * 1s + gain)).ok());
  }
  const CalibratedLine line = calibration.line().value();
  EXPECT_EQ(line.observations, 3u);
  EXPECT_EQ(line.first, kBoot + 7s);
  EXPECT_EQ(line.rate, 1'000'000'000);
  ASSERT_TRUE(calibration
                  .add(observation(9s + AffineCalibration::kLongestSpan,
                                   9s + AffineCalibration::kLongestSpan + 4us))
                  .ok());
  EXPECT_EQ(calibration.observations(), 2u) << "the others are too long ago";
}

// A local clock that is off by a rate and an offset, seen through noise. The truth is known.
TEST(AffineCalibration, FindsTheTruthThroughNoise) {
  for (const std::uint64_t seed : {1u, 1588u, 2059u, 868u}) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    constexpr int kRounds = 500;
    for (int round = 0; round < kRounds; ++round) {
      const std::int64_t ppb = below(200'001) - 100'000;
      const nanoseconds noise(1 + below(100'000));
      const auto truth = [&](nanoseconds local) {
        return kNoon + local + nanoseconds(local.count() / 1'000 * ppb / 1'000'000);
      };
      AffineCalibration calibration({.wander = {}});
      nanoseconds local{};
      for (int i = 0; i < 64; ++i) {
        local += milliseconds(500 + below(1'000));
        const nanoseconds off(below(2 * noise.count() + 1) - noise.count());
        ASSERT_TRUE(calibration.add({kBoot + local, truth(local) + off, noise + 1ns}).ok());
      }
      const CalibratedLine line = calibration.line().value();
      EXPECT_LE(std::abs(line.rate - ppb * 1'000'000), line.growth.parts_per_billion * 1'000'000)
          << "seed " << seed << " round " << round;
      for (const nanoseconds at :
           {nanoseconds(-1h), nanoseconds(0), local / 2, local, local + 1min, local + 24h}) {
        const CalibratedTime converted = line.at(kBoot + at);
        ASSERT_LE(abs(converted.utc - truth(at)), converted.error_bound)
            << "seed " << seed << " round " << round << " at " << at.count();
      }
    }
  }
}

// A rate that bends within its wander stays inside the bound, in the window and beyond.
TEST(AffineCalibration, TheBoundHoldsForARateThatWanders) {
  constexpr double kAmplitude = 800e-9;  // of the rate: less than the wander that is stated
  const auto truth = [](nanoseconds local) {
    const double seconds_of = duration<double>(local).count();
    return kNoon + local +
           nanoseconds(
               static_cast<std::int64_t>(kAmplitude * 100e9 * (1 - std::cos(seconds_of / 100))));
  };
  AffineCalibration calibration({.wander = drift_ppm(1)});
  for (int i = 0; i < 63; ++i) {  // a turn of the rate, and its mean is zero
    ASSERT_TRUE(calibration.add({kBoot + i * 10s, truth(i * 10s), 1ns}).ok());
  }
  const CalibratedLine line = calibration.line().value();
  for (int at = -2'000; at < 3'000; at += 7) {
    const CalibratedTime converted = line.at(kBoot + seconds(at));
    ASSERT_LE(abs(converted.utc - truth(seconds(at))), converted.error_bound) << at;
  }
}

}  // namespace
}  // namespace masterclock::affine_calibration_test
