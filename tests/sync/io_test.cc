// The values of sync/ print, format and join with other text.
#include "masterclock/sync/io.h"

#include <gtest/gtest.h>
#if __has_include(<fmt/core.h>)
#include <fmt/core.h>
#endif

#include <sstream>
#include <string>
#include <string_view>

#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/sync/tsc_time_source.h"

namespace masterclock::sync_io_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

struct Sink {
  void Append(std::string_view more) { text += more; }
  std::string text;
};

template <class T>
void expect_prints(const T& value, const std::string& text) {
  std::ostringstream stream;
  stream << value;
  EXPECT_EQ(to_string(value), text);
  EXPECT_EQ(stream.str(), text);
  EXPECT_EQ(::testing::PrintToString(value), text);
  Sink sink;
  AbslStringify(sink, value);
  EXPECT_EQ(sink.text, text);
#if __has_include(<fmt/core.h>)
  EXPECT_EQ(fmt::format("{}", value), text);
#endif
}

TEST(SyncIo, Prints) {
  expect_prints(SyncState::kUnknown, "unknown");
  expect_prints(SyncState::kSynchronized, "synchronized");
  expect_prints(SyncState::kFreeRunning, "free-running");
  expect_prints(SyncState::kDisrupted, "disrupted");
  expect_prints(static_cast<SyncState>(9), "invalid");
  expect_prints(BackwardStep::kHold, "hold");
  expect_prints(BackwardStep::kStep, "step");
  expect_prints(TscOrdering::kUnordered, "unordered");
  expect_prints(TscOrdering::kOrdered, "ordered");
  expect_prints(bounds_around(kNoon, 1ms, SyncState::kSynchronized),
                "2026-11-20T11:59:59.999000000Z/2026-11-20T12:00:00.001000000Z synchronized");
  expect_prints(SyncReading{}, "unknown (none)");
  expect_prints(SyncReading{.state = SyncState::kFreeRunning,
                            .error_bound = 1'530us,
                            .provenance = "chrony: no answer"},
                "free-running within 1530000 ns (chrony: no answer)");
}

}  // namespace
}  // namespace masterclock::sync_io_test
