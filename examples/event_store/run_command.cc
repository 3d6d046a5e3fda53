#include "run_command.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/printable.h"
#include "common/time_text.h"
#include "event_store.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/testing/manual_time_source.h"

namespace event_store {
namespace {

using common::printable;
using masterclock::Dispatcher;
using masterclock::MasterClock;
using masterclock::SteadyTime;
using masterclock::SystemTimeSource;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds kPoll = 100ms;  // for events that other processes add

// Stops at the first event that was not handed over, and loads the events of other processes.
absl::Status check_and_load(EventStore& store) {
  absl::Status status = store.status();
  return status.ok() ? store.load().status() : status;
}

absl::Status run_real(EventStore& store, std::optional<UtcTime> until) {
  MasterClock& clock = store.clock();
  Dispatcher dispatcher(clock.scheduler());
  dispatcher.start();
  for (;;) {
    if (absl::Status status = check_and_load(store); !status.ok()) return status;
    nanoseconds wait = kPoll;
    if (until) {
      const nanoseconds left = masterclock::saturating_difference(*until, clock.now_utc());
      if (left <= 0ns) return store.status();
      wait = std::min(wait, left);
    }
    std::this_thread::sleep_for(wait);
  }
}

absl::Status run_simulated(EventStore& store, ManualTimeSource& time, const RunOptions& options) {
  MasterClock& clock = store.clock();
  const SystemTimeSource& system = SystemTimeSource::shared();
  SteadyTime last = system.now_steady();
  for (;;) {
    if (absl::Status status = check_and_load(store); !status.ok()) return status;
    const std::optional<UtcTime> next = clock.next_event_time();
    if (!next || (options.until && *next >= *options.until)) return absl::OkStatus();
    const nanoseconds left =
        std::max(masterclock::saturating_difference(*next, clock.now_utc()), 0ns);
    nanoseconds passes = left;
    if (options.speed) {
      const std::chrono::duration<double> wait(std::chrono::duration<double>(left) /
                                               *options.speed);
      if (wait > 0s) {
        std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(wait, kPoll));
      }
      const SteadyTime now = system.now_steady();
      const auto passed = std::chrono::duration<double>(now - last) * *options.speed;
      last = now;
      if (passed < left) passes = std::chrono::floor<nanoseconds>(passed);
    }
    time.advance(passes);
    clock.scheduler().run_due();
  }
}

}  // namespace

absl::Status run_events(const RunOptions& options, const PrintLine& print) {
  ManualTimeSource simulated{UtcTime{}};
  MasterClock clock(options.simulated ? static_cast<masterclock::TimeSource&>(simulated)
                                      : SystemTimeSource::shared());
  auto opened = EventStore::open(clock, options.database);
  if (!opened.ok()) return opened.status();
  EventStore& store = **opened;
  store.handle_others([&print](Firing& firing) {
    const masterclock::FiredEvent& event = firing.event();
    return print(common::utc_text(event.fired) + '\t' + common::utc_text(event.due) + '\t' +
                 printable(event.id) + '\t' + printable(event.type) + '\t' +
                 printable(event.payload) + '\n');
  });
  if (!options.simulated) return run_real(store, options.until);
  UtcTime begin = options.from.value_or(UtcTime{});
  if (!options.from) {
    const auto pending = store.pending();
    if (!pending.ok()) return pending.status();
    if (pending->empty()) return absl::OkStatus();
    begin = pending->front().due;
  }
  simulated.set_utc(begin);
  return run_simulated(store, simulated, options);
}

}  // namespace event_store
