// Feeds a connection to OBS with arbitrary messages, one per line, on simulated time. Checks that they move no
// rundown, and that requests do not pile up.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "director.h"
#include "masterclock/events/simulate.h"
#include "masterclock/testing/manual_time_source.h"
#include "obs_mixer.h"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostLines = 50;

void require(bool condition) {
  if (!condition) std::abort();
}

class Nowhere : public director::ObsConnection {
 public:
  void connect(std::uint64_t wanted) override { number = wanted; }
  void send(std::string text) override {
    require(!text.empty());
    ++sent;
  }
  void close() override {}

  std::uint64_t number = 0;
  std::size_t sent = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  masterclock::testing::ManualTimeSource source(masterclock::UtcTime(0s));
  masterclock::MasterClock clock(source);
  director::MemoryStore store;
  Nowhere connection;
  auto opened = director::Director::open(clock, store, {});
  require(opened.ok());
  director::Director& director = **opened;
  director::ObsMixer mixer(clock, director, connection, {.password = "secret"});
  (void)director.command(
      {.verb = director::Verb::kConfigure, .plan = {{{"A", 3s, {}}, {"B", 3s, {}}}, true}});
  (void)director.command({.verb = director::Verb::kStart});
  mixer.start();
  std::size_t lines = 0;
  for (; !text.empty() && lines < kMostLines; ++lines) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    mixer.opened(connection.number);
    if (line == "end") {
      mixer.closed(connection.number, 1006, "end");
    } else {
      mixer.received(connection.number, line);
    }
    masterclock::simulate_until(source, clock.scheduler(), source.now_utc() + 100ms);
  }
  require(connection.sent <= 8 * (lines + 1));
  const auto reading = director.show().rundown().reading(source.now_steady());
  require(reading.position == source.now_steady().time_since_epoch() % 6s);
  return 0;
}
