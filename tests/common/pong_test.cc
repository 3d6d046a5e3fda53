#include "common/pong.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace common {
namespace {

using nlohmann::json;

TEST(Pong, RepeatsANumberOnly) {
  const masterclock::TimeReading now{masterclock::UtcTime(std::chrono::nanoseconds(7)),
                                     masterclock::SteadyTime(std::chrono::nanoseconds(8))};
  const struct {
    const char* name;
    json ping, t;
  } cases[] = {
      {"a number", {{"t", 12.5}}, 12.5},
      {"nothing", json::object(), nullptr},
      {"a long text", {{"t", std::string(60'000, 'x')}}, nullptr},
      {"a list", {{"t", json::array({1, 2})}}, nullptr},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(pong(c.ping, now),
              (json{{"type", "pong"}, {"t", c.t}, {"server_utc_ns", 7}, {"server_steady_ns", 8}}))
        << c.name;
  }
}

}  // namespace
}  // namespace common
