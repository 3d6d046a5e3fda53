#include "run_command.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "event_store.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/testing/manual_time_source.h"

namespace event_store {
namespace {

using masterclock::Dispatcher;
using masterclock::MasterClock;
using masterclock::SteadyTime;
using masterclock::SystemTimeSource;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds kLook = 100ms;  // how often: for what others add, and for the end

// Whether everything that fired could be printed (not once `lost` is set) and committed.
absl::Status all_well(const EventStore& store, const std::atomic<bool>& lost) {
  absl::Status status = store.status();
  if (status.ok() && lost) status = absl::UnavailableError("stdout cannot be written");
  return status;
}

// That, and what other processes have added.
absl::Status look(EventStore& store, const std::atomic<bool>& lost) {
  absl::Status status = all_well(store, lost);
  if (status.ok()) status = store.load().status();
  return status;
}

absl::Status run_real(EventStore& store, const std::atomic<bool>& lost,
                      std::optional<UtcTime> until) {
  MasterClock& clock = store.clock();
  Dispatcher dispatcher(clock.scheduler());
  dispatcher.start();
  for (;;) {
    if (absl::Status status = look(store, lost); !status.ok()) return status;
    nanoseconds wait = kLook;
    if (until) {
      const nanoseconds left = -clock.elapsed_since(*until);
      if (left <= 0ns) return all_well(store, lost);
      wait = std::min(wait, left);
    }
    std::this_thread::sleep_for(wait);
  }
}

absl::Status run_simulated(EventStore& store, const std::atomic<bool>& lost,
                           ManualTimeSource& source, const RunOptions& options) {
  MasterClock& clock = store.clock();
  const SystemTimeSource& system = SystemTimeSource::shared();
  SteadyTime last = system.now_steady();
  for (;;) {
    if (absl::Status status = look(store, lost); !status.ok()) return status;
    const std::optional<UtcTime> next = clock.next_event_time();
    if (!next || (options.until && *next >= *options.until)) return absl::OkStatus();
    const nanoseconds left = std::max(*next - source.now_utc(), nanoseconds(0));
    nanoseconds passes = left;
    if (options.speed) {
      const std::chrono::duration<double> wait(std::chrono::duration<double>(left) /
                                               *options.speed);
      if (wait > 0s) {
        std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(wait, kLook));
      }
      const SteadyTime now = system.now_steady();
      const auto passed = std::chrono::duration<double>(now - last) * *options.speed;
      last = now;
      if (passed < left) passes = std::chrono::floor<nanoseconds>(passed);
    }
    source.advance(passes);
    clock.trigger_scheduled_events();
  }
}

}  // namespace

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

absl::Status run_events(const RunOptions& options, std::ostream& out) {
  ManualTimeSource simulated{UtcTime{}};
  MasterClock clock(options.simulated ? static_cast<masterclock::TimeSource&>(simulated)
                                      : SystemTimeSource::shared());
  auto opened = EventStore::open(clock, options.database);
  if (!opened.ok()) return opened.status();
  EventStore& store = **opened;
  std::atomic<bool> lost = false;
  store.handle_others([&out, &lost](Firing& firing) {
    const masterclock::FiredEvent& event = firing.event();
    out << to_text(event.fired) + '\t' + to_text(event.due) + '\t' + printable(event.id) + '\t' +
               printable(event.type) + '\t' + printable(event.payload) + '\n'
        << std::flush;
    if (!out) lost = true;
    return out ? absl::OkStatus() : absl::UnavailableError("stdout cannot be written");
  });
  if (!options.simulated) return run_real(store, lost, options.until);
  UtcTime begin = options.from.value_or(UtcTime{});
  if (!options.from) {
    const auto pending = store.pending();
    if (!pending.ok()) return pending.status();
    if (pending->empty()) return absl::OkStatus();
    begin = pending->front().due;
  }
  simulated.set_utc(begin);
  return run_simulated(store, lost, simulated, options);
}

}  // namespace event_store
