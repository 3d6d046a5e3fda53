// Ends subscriptions while another thread runs their listeners. Run it under a sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "masterclock/testing/manual_time_source.h"

namespace masterclock::real_subscription_test {
namespace {

using namespace std::chrono_literals;

TEST(RealSubscription, ResetWaitsForAListenerOnAnotherThread) {
  testing::ManualTimeSource source{UtcTime()};
  std::atomic<bool> stop = false;
  std::thread mover([&] {
    while (!stop) source.advance(1ns);
  });
  for (int i = 0; i < 2'000; ++i) {
    auto heard = std::make_unique<int>(0);  // not atomic: a late listener is a race
    TimeSubscription subscription = source.subscribe([&](const TimeChange&) { ++*heard; });
    if (i % 2 == 0) std::this_thread::yield();
    subscription.reset();
    heard.reset();
  }
  stop = true;
  mover.join();
}

TEST(RealSubscription, TwoThreadsMayRunOneListenerThatEndsItself) {
  for (int i = 0; i < 500; ++i) {
    testing::ManualTimeSource source{UtcTime()};
    std::atomic<int> heard = 0;
    std::atomic<bool> ended = false;
    TimeSubscription subscription = source.subscribe([&](const TimeChange&) {
      ++heard;
      if (!ended.exchange(true)) subscription.reset();
    });
    std::thread other([&] { source.advance(1ns); });
    source.advance(1ns);
    other.join();
    EXPECT_GE(heard, 1);
    EXPECT_LE(heard, 2);
    EXPECT_FALSE(subscription.active());
  }
}

}  // namespace
}  // namespace masterclock::real_subscription_test
