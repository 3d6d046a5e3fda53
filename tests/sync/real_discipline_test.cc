// DisciplinedTimeSource on the machine's clock, with real threads.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock {
namespace {

using namespace std::chrono;

// Two threads that correct and two that read: there is one line of time for all of them, on which no
// reading that begins after another has ended is less, and each step is told in a pair.
TEST(RealDiscipline, IsOneLineOfTimeForAllThreads) {
  constexpr int kCorrections = 20'000;
  SystemTimeSource& machine = SystemTimeSource::shared();
  SimulatedSyncProvider provider;
  DisciplinedTimeSource source(machine, provider, {.slew = drift_ppm(500'000)});
  std::atomic<const TimeChange*> open = nullptr;  // told before, and not yet after
  std::atomic<int> pairs = 0, unpaired = 0;
  const auto before = source.subscribe_before([&](const TimeChange& change) {
    unpaired += open.exchange(new TimeChange(change)) != nullptr;
    std::this_thread::yield();  // the other one's turn
  });
  const auto after = source.subscribe([&](const TimeChange& change) {
    const TimeChange* const told = open.exchange(nullptr);
    unpaired += told == nullptr || told->kind != change.kind;
    delete told;
    ++pairs;
  });
  const auto correct = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < kCorrections; ++i) {
      provider.set({.state = SyncState::kSynchronized,
                    .error_bound = 1h,
                    .as_of = machine.now_steady(),
                    .correction = microseconds(static_cast<int>(random() % 400'000) - 200'000)});
      source.refresh();
    }
  };
  std::atomic<bool> corrected = false;
  std::atomic<UtcTime> latest = UtcTime::min();
  std::atomic<int> decreased = 0;
  const auto read = [&] {
    do {
      UtcTime seen = latest;
      const UtcTime now = source.now_utc();
      decreased += now < seen;
      while (seen < now && !latest.compare_exchange_weak(seen, now)) {
      }
    } while (!corrected);
  };
  std::vector<std::thread> readers, correctors;
  for (const int i : {1, 2}) {
    readers.emplace_back(read);
    correctors.emplace_back(correct, i);
  }
  for (auto& thread : correctors) thread.join();
  corrected = true;
  for (auto& thread : readers) thread.join();
  EXPECT_EQ(decreased, 0);
  EXPECT_EQ(unpaired, 0);
  EXPECT_EQ(open, nullptr);
  EXPECT_GT(pairs, 0);
}

}  // namespace
}  // namespace masterclock
