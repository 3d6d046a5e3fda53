#include "table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text_cells.h"
#include "simulated_runner.h"

namespace poller_test {
namespace {

using ::testing::HasSubstr;

std::vector<poller::ServiceView> services() {
  poller::ServiceView weather;
  weather.name = "source-weather";
  weather.state = "fresh";
  weather.last_status = "ok";
  weather.last_start = kStart;
  weather.next_due = kStart + 300s;
  weather.interval = 300s;
  weather.missed = 4;
  poller::ServiceView camera;
  camera.name = "source-camera";
  camera.state = "on demand";
  return {camera, weather};
}

TEST(Table, FitsEachWidth) {
  for (const std::size_t width : {40u, 60u, 80u, 120u, 200u}) {
    const std::string text = poller::table(services(), at(150s), "poller", {"a message"},
                                           {.width = width, .height = 24});
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      EXPECT_LE(common::cells(text.substr(begin, end - begin)), std::max<std::size_t>(width, 62))
          << text;
      begin = end + 1;
    }
    EXPECT_THAT(text, HasSubstr("a message\n"));
  }
}

TEST(Table, ShowsTheRunsOfAService) {
  const std::string text = poller::table(services(), at(150s), "poller", {}, {.width = 80});
  EXPECT_THAT(text, HasSubstr("source-weather  fresh         2m30s    2m30s      4      0  "));
  EXPECT_THAT(text, HasSubstr("source-camera   on demand                         0      0"));
}

TEST(Table, NamesTheServicesThatDoNotFit) {
  std::vector<poller::ServiceView> many(30);
  for (poller::ServiceView& service : many) service.name = "a";
  const std::string text = poller::table(many, at(0s), "poller", {}, {.width = 80, .height = 10});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_THAT(text, HasSubstr("... and 24 more services\n"));
}

}  // namespace
}  // namespace poller_test
