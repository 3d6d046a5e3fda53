// Provides the time, the local time in each zone, and scheduled events to the components of a station.
//
// A MasterClock owns a zone cache and an event scheduler over one time source, and forwards to them. A
// program makes one clock and passes it by reference. Components read the clock and keep no copy of "now".
//
// Due events fire in `trigger_scheduled_events`, in `run_due`, or on the thread of a Dispatcher of
// `scheduler()`. Let a SyncThread call `refresh_sync` every second.
//
// Threads: any.
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::testing::ManualTimeSource source(sys_days(2026y / March / 29) + 59min);
//   masterclock::MasterClock clock(source);
//   const masterclock::Zone dublin = clock.zone("Europe/Dublin").value();
//   assert(masterclock::to_rfc3339(clock.now_local(dublin), 0) == "2026-03-29T00:59:00+00:00");
//   source.advance(1min);  // summer time begins
//   assert(masterclock::to_rfc3339(clock.now_local(dublin), 0) == "2026-03-29T02:00:00+01:00");
#ifndef MASTERCLOCK_MASTER_CLOCK_H_
#define MASTERCLOCK_MASTER_CLOCK_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/clock/consistency.h"
#include "masterclock/clock/internal/clock_bounds.h"
#include "masterclock/clock/internal/observer_hooks.h"
#include "masterclock/clock/options.h"
#include "masterclock/events/event.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/time/precision.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"
#include "masterclock/zones/zone.h"
#include "masterclock/zones/zone_cache.h"
#include "masterclock/zones/zoned_time.h"

namespace masterclock::inline v0_2 {

template <PrecisionPolicy P = NanosecondPrecision>
class BasicMasterClock {
 public:
  using Duration = typename P::duration;

  // `source`, and the objects that `options` points to, must outlive the clock.
  explicit BasicMasterClock(TimeSource& source = SystemTimeSource::shared(),
                            MasterClockOptions options = {})
      : source_(source),
        last_check_(source.read()),
        bounds_(source, options.sync, options.holdover),
        zones_(options.zones != nullptr ? *options.zones : ZoneDatabase::system(),
               internal::zone_hook(options.observer)),
        scheduler_(source, internal::scheduler_options(options)),
        steps_(internal::step_hook(source, options.observer)) {}

  BasicMasterClock(const BasicMasterClock&) = delete;
  BasicMasterClock& operator=(const BasicMasterClock&) = delete;

  // Cost: one reading of the source.
  [[nodiscard]] std::chrono::sys_time<Duration> now_utc() const noexcept {
    return P::quantize(source_.now_utc());
  }

  // Cost: one reading, and a comparison with the zone's last change and the next one.
  [[nodiscard]] BasicZonedTime<Duration> now_local(Zone zone) const noexcept {
    const std::chrono::sys_time<Duration> now = now_utc();
    return {now, zone, zone.utc_offset_now(now)};
  }

  // Cost:   also a lookup of the name.
  // Errors: NotFound, "Invalid timezone 'Mars/Base'"; DataLoss for a damaged file.
  [[nodiscard]] absl::StatusOr<BasicZonedTime<Duration>> now_local(std::string_view zone) const {
    const absl::StatusOr<Zone> found = zones_.find(zone);
    if (!found.ok()) return found.status();
    return now_local(*found);
  }

  // Returns the nanoseconds of UTC, without leap seconds, from `past` to now. Negative for a future `past`.
  [[nodiscard]] std::chrono::nanoseconds elapsed_since(UtcTime past) const noexcept {
    return saturating_difference(source_.now_utc(), past);
  }

  // Returns the seconds from `past` to now, for a person; 0 for a future `past`.
  [[nodiscard]] double seconds_since(UtcTime past) const noexcept {
    const std::chrono::duration<double> elapsed = elapsed_since(past);
    return elapsed.count() > 0 ? elapsed.count() : 0.0;
  }

  // Errors: as now_local.
  [[nodiscard]] absl::StatusOr<Zone> zone(std::string_view name) const { return zones_.find(name); }

  // Converts `local` in `from` to the local time in `to`.
  //
  // Errors: as now_local, for either zone; as Zone::to_utc: FailedPrecondition under kReject for a gap or a
  //         fold.
  [[nodiscard]] absl::StatusOr<ZonedTime> convert_timezone(
      LocalTime local, std::string_view from, std::string_view to,
      Resolve policy = Resolve::kReject) const {
    const absl::StatusOr<Zone> here = zones_.find(from);
    if (!here.ok()) return here.status();
    const absl::StatusOr<Zone> there = zones_.find(to);
    if (!there.ok()) return there.status();
    return convert_timezone(local, *here, *there, policy);
  }
  [[nodiscard]] absl::StatusOr<ZonedTime> convert_timezone(
      LocalTime local, Zone from, Zone to, Resolve policy = Resolve::kReject) const {
    const absl::StatusOr<UtcTime> utc = from.to_utc(local, policy);
    if (!utc.ok()) return utc.status();
    return ZonedTime(*utc, to);
  }
  [[nodiscard]] absl::StatusOr<ZonedTime> convert_timezone(UtcTime utc, std::string_view to) const {
    const absl::StatusOr<Zone> there = zones_.find(to);
    if (!there.ok()) return there.status();
    return ZonedTime(utc, *there);
  }

  // Returns the present state of a zone: offset, abbreviation, daylight, next change.
  //
  // Errors: as now_local.
  [[nodiscard]] absl::StatusOr<TimezoneInfo> get_timezone_info(std::string_view name) const {
    const absl::StatusOr<Zone> found = zones_.find(name);
    if (!found.ok()) return found.status();
    return timezone_info(*found, source_.now_utc());
  }

  [[nodiscard]] std::vector<std::string> cached_timezones() const { return zones_.names(); }
  void clear_timezone_cache() { zones_.clear(); }

  // Reads the tz database from the disk again, without a restart: see ZoneDatabase::reload.
  absl::StatusOr<ZoneDatabase::Reloaded> reload_timezones() { return zones_.database().reload(); }
  // Returns the version of the database in use: "2026f".
  [[nodiscard]] std::string tzdata_version() const { return zones_.database().version(); }

  // EventScheduler documents the meaning, the cost and the errors of the event functions.
  absl::StatusOr<EventHandle> schedule_event(EventRequest request) {
    return scheduler_.schedule(std::move(request));
  }
  absl::StatusOr<EventHandle> schedule_event(UtcTime due,
                                             absl::AnyInvocable<void(const FiredEvent&)> action) {
    return scheduler_.schedule(due, std::move(action));
  }
  // The clock must outlive the ScopedEvent.
  absl::StatusOr<ScopedEvent> schedule_scoped_event(EventRequest request) {
    return scheduler_.schedule_scoped(std::move(request));
  }

  bool cancel_event(EventHandle handle) { return scheduler_.cancel(handle); }
  bool cancel_event(std::string_view id) { return scheduler_.cancel(id); }
  // Cancels the events due in [from, until). Returns their number.
  std::size_t cancel_events(UtcTime from, UtcTime until) {
    return scheduler_.cancel_between(from, until);
  }

  absl::Status reschedule_event(EventHandle handle, UtcTime due) {
    return scheduler_.reschedule(handle, due);
  }
  absl::Status reschedule_event(std::string_view id, UtcTime due) {
    return scheduler_.reschedule(id, due);
  }

  // Returns the pending events due in [from, until), in order.
  [[nodiscard]] std::vector<ScheduledEvent> get_scheduled_events(UtcTime from,
                                                                 UtcTime until) const {
    return scheduler_.pending(from, until);
  }

  // Fires the events that are due now, in order, on this thread. Returns the events that fired.
  std::vector<FiredEvent> trigger_scheduled_events() { return scheduler_.trigger(); }
  // Does the same without a list. Returns the number of events that fired.
  std::size_t run_due() { return scheduler_.run_due(); }

  [[nodiscard]] std::optional<UtcTime> next_event_time() const { return scheduler_.next_due(); }
  // Returns the time until the first event is due; zero or negative when it is due now.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_next_event() const {
    return scheduler_.until_next();
  }

  // Returns an interval that contains true UTC, with a state. The state is kUnknown before the first
  // `refresh_sync`, and without a provider (MasterClockOptions::sync).
  //
  // Cost: less than two readings of the source. Asks no provider.
  [[nodiscard]] TimeBounds now_bounded() const noexcept { return bounds_.now_bounded(); }

  // Asks the provider, and corrects a DisciplinedTimeSource.
  //
  // Cost: that of the provider, which may wait for a daemon.
  void refresh_sync() { bounds_.refresh(); }

  // Checks the clock since its construction or the last check (clock/consistency.h).
  [[nodiscard]] ConsistencyReport validate_time_consistency() const {
    const std::lock_guard lock(check_mutex_);
    return check_consistency(source_, zones_, last_check_);
  }

  [[nodiscard]] ClockMetrics metrics() const {
    const EventCounters events = scheduler_.counters();
    return {.zone_hits = zones_.hits(),
            .zone_misses = zones_.misses(),
            .zone_fallbacks = zones_.fallbacks(),
            .events_scheduled = events.scheduled,
            .events_fired = events.fired,
            .events_cancelled = events.cancelled,
            .events_pending = events.pending,
            .events_late = events.late,
            .events_dropped = events.dropped,
            .events_skipped = events.skipped,
            .events_failed = events.failed};
  }

  [[nodiscard]] TimeSource& source() const noexcept { return source_; }
  [[nodiscard]] ZoneCache& zones() const noexcept { return zones_; }
  [[nodiscard]] EventScheduler& scheduler() noexcept { return scheduler_; }

 private:
  TimeSource& source_;
  mutable std::mutex check_mutex_;
  mutable TimeReading last_check_;  // guarded by check_mutex_
  internal::ClockBounds bounds_;
  mutable ZoneCache zones_;
  EventScheduler scheduler_;
  const TimeSubscription steps_;  // ends first
};

using MasterClock = BasicMasterClock<>;

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_MASTER_CLOCK_H_
