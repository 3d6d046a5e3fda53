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
#elif defined(MASTERCLOCK_LONG_TESTS)
constexpr std::size_t kSteps = 1'000'000;
#else
constexpr std::size_t kSteps = 250'000;
#endif

// Returns the number of operations per seed, which MASTERCLOCK_MODEL_STEPS overrides.
std::size_t steps() {
  const char* const text = std::getenv("MASTERCLOCK_MODEL_STEPS");
  return text == nullptr ? kSteps : std::strtoull(text, nullptr, 10);
}

class EventSchedulerSeed : public ::testing::TestWithParam<std::uint64_t> {};

INSTANTIATE_TEST_SUITE_P(Seeds, EventSchedulerSeed, ::testing::Values(1, 2, 3, 4),
                         ::testing::PrintToStringParamName());

TEST_P(EventSchedulerSeed, AgreesWithOrderedMapsThroughClockSteps) {
  std::mt19937_64 random(GetParam());
  ModelRun run([&](std::uint64_t n) { return std::optional(random() % n); },
               GetParam() % 2 == 0 ? 200 : 20);
  EXPECT_EQ(run.run(steps()), std::nullopt);
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
