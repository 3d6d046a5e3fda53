#include "rehearse_command.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "common/output.h"
#include "common/printable.h"
#include "common/small_file.h"
#include "common/stop_signal.h"
#include "director.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/system_time_source.h"
#include "store.h"
#include "wire.h"

namespace director {
namespace {

using masterclock::RundownState;
using std::chrono::nanoseconds;

constexpr std::int64_t kFastest = 1'000'000;

bool has_ended(const Director& director, masterclock::SteadyTime now) {
  const masterclock::RundownReading reading = director.show().rundown().reading(now);
  return reading.state != RundownState::kRunning || reading.cycle > 0;
}

}  // namespace

absl::StatusOr<std::optional<std::int64_t>> parse_speed(const std::string& text) {
  if (text == "max") return std::nullopt;
  std::int64_t speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (error != std::errc() || end != text.data() + text.size() || speed < 1 || speed > kFastest) {
    return absl::InvalidArgumentError("Invalid speed " + common::in_quotes(text) +
                                      ": expected max, or a whole number from 1 to 1000000");
  }
  return speed;
}

absl::Status rehearse(const RehearseOptions& options) {
  const auto text = common::read_small_file(options.rundown);
  if (!text.ok()) return text.status();
  auto plan = parse_plan(*text, options.rundown);
  if (!plan.ok()) return plan.status();

  const common::StopSignal stop;
  masterclock::testing::ManualTimeSource source(masterclock::SystemTimeSource::shared().now_utc());
  masterclock::MasterClock clock(source);
  MemoryStore store;
  absl::Status written = absl::OkStatus();
  auto director = Director::open(clock, store, {.as_run = [&](const std::string& line) {
                                   if (written.ok()) written = common::write_stdout(line + "\n");
                                 }});
  if (!director.ok()) return director.status();
  for (Command command : {Command{.verb = Verb::kConfigure, .plan = *std::move(plan)},
                          Command{.verb = Verb::kStart}}) {
    const Outcome outcome = (*director)->command(std::move(command));
    if (!outcome.status.ok()) {
      return absl::Status(outcome.status.code(), common::printable(options.rundown) + ": " +
                                                     std::string(outcome.status.message()));
    }
  }
  while (written.ok() && !has_ended(**director, source.now_steady())) {
    const nanoseconds left =
        std::max(clock.until_next_event().value_or(nanoseconds(1)), nanoseconds(1));
    if (options.speed ? stop.wait_for(left / *options.speed) : stop.requested()) {
      return absl::CancelledError("interrupted");
    }
    source.advance(left);
    clock.run_due();
  }
  return written;
}

}  // namespace director
