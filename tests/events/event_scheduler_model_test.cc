#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "scheduler_model.h"

namespace masterclock::events_test {
namespace {

#if defined(MASTERCLOCK_SANITIZED)
constexpr std::size_t kSteps = 50'000;  // twenty times slower there
#else
constexpr std::size_t kSteps = 1'000'000;
#endif

// Returns the number of operations per seed, which MASTERCLOCK_MODEL_STEPS overrides.
std::size_t steps() {
  const char* const text = std::getenv("MASTERCLOCK_MODEL_STEPS");
  return text == nullptr ? kSteps : std::strtoull(text, nullptr, 10);
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

// Runs the body of the fuzz target on random bytes.
TEST(EventSchedulerModel, AgreesWhateverTheFuzzerSays) {
  std::mt19937 random(3);
  for (int input = 0; input < 500; ++input) {
    std::vector<std::uint8_t> bytes(random() % 2'000);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    ASSERT_EQ(run_bytes(bytes.data(), bytes.size()), std::nullopt) << "input " << input;
  }
}

}  // namespace
}  // namespace masterclock::events_test
