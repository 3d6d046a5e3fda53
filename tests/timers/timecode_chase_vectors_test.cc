// Compares TimecodeChase with the cases `follow` of the group `rundown` of the vectors.
#include <gtest/gtest.h>

#include <chrono>

#include "masterclock/timers/timecode_chase.h"
#include "vectors.h"

namespace masterclock::timecode_chase_vectors_test {
namespace {

using std::chrono::nanoseconds;
using timer_vectors::Json;
using timer_vectors::ns;

class ChaseFollows : public ::testing::TestWithParam<Json> {};
INSTANTIATE_TEST_SUITE_P(Vectors, ChaseFollows,
                         ::testing::ValuesIn(timer_vectors::cases("rundown", "follow")),
                         timer_vectors::name_of_case);

TEST_P(ChaseFollows, CorrectsWhereTheVectorDoes) {
  const Json& one = GetParam();
  TimecodeChase chase({.tolerance = ns(one.at("tolerance_ns")),
                       .steadiness = ns(one.at("steadiness_ns")),
                       .agree_for = ns(one.at("agree_for_ns")),
                       .most = ns(one.at("most_ns"))});
  nanoseconds origin = ns(one.at("position_at_0_ns"));
  nanoseconds last{};
  Json corrections = Json::array();
  for (const Json& observation : one.at("observations")) {
    last = ns(observation.at("at_ns"));
    const auto by =
        chase.observe(SteadyTime(last), origin + last, ns(observation.at("external_ns")));
    if (!by) continue;
    origin += *by;
    corrections.push_back({{"at_ns", last.count()}, {"by_ns", by->count()}});
  }
  EXPECT_EQ(corrections, one.at("expect")) << one.at("why");
  EXPECT_EQ(origin + last, ns(one.at("position_after_last_ns")));
}

}  // namespace
}  // namespace masterclock::timecode_chase_vectors_test
