#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>

#include "scheduler_model.h"

namespace masterclock::events_test {
namespace {

// MASTERCLOCK_MODEL_STEPS sets how many operations a seed takes; a few seconds' worth by default.
std::size_t steps() {
  const char* const text = std::getenv("MASTERCLOCK_MODEL_STEPS");
  return text == nullptr ? 20'000 : std::strtoull(text, nullptr, 10);
}

TEST(EventSchedulerModel, AgreesWithOrderedMapsThroughClockSteps) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 random(seed);
    ModelRun run([&](std::uint64_t n) { return std::optional(random() % n); },
                 seed % 2 == 0 ? 200 : 20);
    const auto difference = run.run(steps());
    EXPECT_EQ(difference, std::nullopt) << "seed " << seed;
  }
}

}  // namespace
}  // namespace masterclock::events_test
