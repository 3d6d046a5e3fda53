#include "masterclock/events/internal/wake_latency.h"

#include <gtest/gtest.h>

namespace masterclock {
using namespace internal;
namespace {

using namespace std::chrono_literals;

TEST(WakeLatency, IsWhatItWasGivenUntilEnoughIsKnown) {
  WakeLatency lead(50, 300us, 500us);
  for (std::size_t i = 1; i < WakeLatency::kEnough; ++i) {
    lead.woken_late_by(10us);
    EXPECT_EQ(lead.get(), 300us);
  }
  lead.woken_late_by(10us);
  EXPECT_EQ(lead.get(), 10us);
}

TEST(WakeLatency, CoversTheShareThatIsAskedFor) {
  const struct {
    std::size_t percent;
    std::chrono::nanoseconds lead;
  } cases[] = {{10, 7us}, {50, 32us}, {95, 61us}, {100, 64us}};  // of 1 us to 64 us
  for (const auto& c : cases) {
    WakeLatency lead(c.percent, 0us, 1ms);
    for (int i = 0; i < 64; ++i) lead.woken_late_by((i * 37 % 64 + 1) * 1us);
    EXPECT_EQ(lead.get(), c.lead) << c.percent;
  }
}

TEST(WakeLatency, ForgetsWhatIsLongAgo) {
  WakeLatency lead(95, 0us, 1ms);
  for (int i = 0; i < 64; ++i) lead.woken_late_by(400us);
  EXPECT_EQ(lead.get(), 400us);
  for (int i = 0; i < 64; ++i) lead.woken_late_by(50us);
  EXPECT_EQ(lead.get(), 50us);
}

TEST(WakeLatency, StaysWithinItsBounds) {
  WakeLatency lead(95, 1ms, 200us);
  EXPECT_EQ(lead.get(), 200us);
  for (int i = 0; i < 64; ++i) lead.woken_late_by(1h);
  EXPECT_EQ(lead.get(), 200us);
  for (int i = 0; i < 64; ++i) lead.woken_late_by(-1h);  // a clock that ran slow meanwhile
  EXPECT_EQ(lead.get(), 0us);
}

}  // namespace
}  // namespace masterclock
