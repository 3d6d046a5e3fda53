// The clock on the wall of the master control room: what time is it, here and there, and what is
// due.
//
// A MasterClock owns a zone cache and an event scheduler over one source of time, and forwards to
// them. It is made once and handed around by reference; components ask it and never keep a copy of
// "now".
//
//   what time is it     now_utc, now_local, elapsed_since, seconds_since
//   what the wall says  zone, convert_timezone, get_timezone_info, reload_timezones
//   what happens when   schedule_event, cancel_event, reschedule_event, trigger_scheduled_events
//   may it be trusted   now_bounded, refresh_sync
//   is it well          metrics, validate_time_consistency
//
// Nothing happens by itself: due events fire when somebody triggers them, from the engine's own
// loop or by a Dispatcher on `scheduler()`.
//
// Threads: any, for every member.
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::testing::ManualTimeSource source(sys_days(2026y / March / 29) + 59min);
//   masterclock::MasterClock clock(source);
//   const masterclock::Zone dublin = clock.zone("Europe/Dublin").value();
//   assert(masterclock::to_rfc3339(clock.now_local(dublin)) == "2026-03-29T00:59:00.000000000+00:00");
//   source.advance(1min);  // the night the clocks go forward
//   assert(masterclock::to_rfc3339(clock.now_local(dublin)) == "2026-03-29T02:00:00.000000000+01:00");
#ifndef MASTERCLOCK_MASTER_CLOCK_H_
#define MASTERCLOCK_MASTER_CLOCK_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/clock/consistency.h"
#include "masterclock/clock/options.h"
#include "masterclock/events/event.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/sync/bounded_clock.h"
#include "masterclock/sync/disciplined_time_source.h"
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

  // `source` must outlive the clock.
  explicit BasicMasterClock(TimeSource& source = SystemTimeSource::shared(),
                            MasterClockOptions options = {})
      : source_(source),
        last_check_{source.now_utc(), source.now_steady()},
        disciplined_(source.disciplined()),
        has_bounds_(disciplined_ != nullptr && options.sync == nullptr),
        bounds_(disciplined_ != nullptr ? disciplined_->underlying() : source, options.sync,
                options.holdover),
        zones_(options.zones != nullptr ? *options.zones : ZoneDatabase::system(),
               zone_listener(options.observer)),
        scheduler_(source, scheduler_options(options)),
        steps_(step_listener(source, options.observer)) {}

  BasicMasterClock(const BasicMasterClock&) = delete;
  BasicMasterClock& operator=(const BasicMasterClock&) = delete;

  // What time is it.

  // Cost: one reading of the source.
  [[nodiscard]] std::chrono::sys_time<Duration> now_utc() const noexcept {
    return P::quantize(source_.now_utc());
  }

  // Cost: one reading, and one indexed load in the zone's table.
  [[nodiscard]] BasicZonedTime<Duration> now_local(Zone zone) const noexcept {
    return {now_utc(), zone};
  }

  // Cost:   as above and a look-up of the name.
  // Errors: NotFound: "Invalid timezone 'Mars/Base'".
  [[nodiscard]] absl::StatusOr<BasicZonedTime<Duration>> now_local(std::string_view zone) const {
    const absl::StatusOr<Zone> found = zones_.find(zone);
    if (!found.ok()) return found.status();
    return now_local(*found);
  }

  // From `past` to now in nanoseconds, by the labels of UTC; negative when `past` is still to come.
  [[nodiscard]] std::chrono::nanoseconds elapsed_since(UtcTime past) const noexcept {
    return saturating_difference(source_.now_utc(), past);
  }

  // The same in seconds, for people; a time to come gives 0.
  [[nodiscard]] double seconds_since(UtcTime past) const noexcept {
    const std::chrono::duration<double> elapsed = elapsed_since(past);
    return elapsed.count() > 0 ? elapsed.count() : 0.0;
  }

  // What the wall says.

  // Errors: NotFound: "Invalid timezone 'Mars/Base'".
  [[nodiscard]] absl::StatusOr<Zone> zone(std::string_view name) const { return zones_.find(name); }

  // What the wall in `to` says when the wall in `from` says `local`.
  //
  // Errors: NotFound for either zone; FailedPrecondition under kReject when `local` names no instant
  //         in `from`, or two.
  [[nodiscard]] absl::StatusOr<ZonedTime> convert_timezone(
      LocalTime local, std::string_view from, std::string_view to,
      Resolve policy = Resolve::kReject) const {
    const absl::StatusOr<Zone> here = zones_.find(from);
    if (!here.ok()) return here.status();
    const absl::StatusOr<Zone> there = zones_.find(to);
    if (!there.ok()) return there.status();
    return convert_timezone(local, *here, *there, policy);
  }

  // Errors: FailedPrecondition as above.
  [[nodiscard]] absl::StatusOr<ZonedTime> convert_timezone(
      LocalTime local, Zone from, Zone to, Resolve policy = Resolve::kReject) const {
    const absl::StatusOr<UtcTime> utc = from.to_utc(local, policy);
    if (!utc.ok()) return utc.status();
    return ZonedTime(*utc, to);
  }

  // Errors: NotFound.
  [[nodiscard]] absl::StatusOr<ZonedTime> convert_timezone(UtcTime utc, std::string_view to) const {
    const absl::StatusOr<Zone> there = zones_.find(to);
    if (!there.ok()) return there.status();
    return ZonedTime(utc, *there);
  }

  // The zone as it is now: offset, abbreviation, whether it is daylight time, the next change.
  //
  // Errors: NotFound.
  [[nodiscard]] absl::StatusOr<TimezoneInfo> get_timezone_info(std::string_view name) const {
    const absl::StatusOr<Zone> found = zones_.find(name);
    if (!found.ok()) return found.status();
    return timezone_info(*found, source_.now_utc());
  }

  [[nodiscard]] std::vector<std::string> cached_timezones() const { return zones_.names(); }
  void clear_timezone_cache() { zones_.clear(); }

  // Takes the tz database that is on disk now, without a restart: see ZoneDatabase::reload.
  absl::StatusOr<ZoneDatabase::Reloaded> reload_timezones() { return zones_.database().reload(); }
  // The version in use: "2026f".
  [[nodiscard]] std::string tzdata_version() const { return zones_.database().version(); }

  // What happens when: see EventScheduler.

  // Errors: InvalidArgument unless exactly one due time is given; AlreadyExists for a pending id
  //         under kReject; ResourceExhausted at `max_pending`; what the zone answers for a wall
  //         time that names no single instant.
  absl::StatusOr<EventHandle> schedule_event(EventRequest request) {
    return scheduler_.schedule(std::move(request));
  }
  // For an event that is a due time and an action and nothing more.
  absl::StatusOr<EventHandle> schedule_event(UtcTime due,
                                             absl::AnyInvocable<void(const FiredEvent&)> action) {
    return scheduler_.schedule(due, std::move(action));
  }

  // True when the event was pending and now never fires.
  bool cancel_event(EventHandle handle) { return scheduler_.cancel(handle); }
  bool cancel_event(std::string_view id) { return scheduler_.cancel(id); }

  // Errors: NotFound when no such event is pending.
  absl::Status reschedule_event(EventHandle handle, UtcTime due) {
    return scheduler_.reschedule(handle, due);
  }
  absl::Status reschedule_event(std::string_view id, UtcTime due) {
    return scheduler_.reschedule(id, due);
  }

  // What is pending in [from, until), in the order in which it would fire.
  [[nodiscard]] std::vector<ScheduledEvent> get_scheduled_events(UtcTime from,
                                                                 UtcTime until) const {
    return scheduler_.pending(from, until);
  }

  // Fires everything that is due now, in order, on this thread; tells what fired.
  std::vector<FiredEvent> trigger_scheduled_events() { return scheduler_.trigger(); }

  [[nodiscard]] std::optional<UtcTime> next_event_time() const { return scheduler_.next_due(); }

  // Cancels what is pending in [from, until); tells how many.
  std::size_t cancel_events(UtcTime from, UtcTime until) {
    return scheduler_.cancel_between(from, until);
  }

  // May it be trusted.

  // What is known of true UTC now: an interval and a state. Nothing, unless the options name a
  // provider, or the source is a DisciplinedTimeSource, which has one; and `refresh_sync` has asked it.
  //
  // Cost: less than two readings of the source. No provider is asked.
  [[nodiscard]] TimeBounds now_bounded() const noexcept {
    return has_bounds_ ? disciplined_->now_bounded() : bounds_.now_bounded();
  }

  // Asks the provider, and corrects a DisciplinedTimeSource: to be called every second or so, from a
  // thread that may wait.
  void refresh_sync() {
    if (disciplined_ != nullptr) disciplined_->refresh();
    bounds_.refresh();
  }

  // Is it well.

  // Checks the clock since it was made, or since it was last checked: see clock/consistency.h.
  [[nodiscard]] ConsistencyReport validate_time_consistency() const {
    const std::lock_guard lock(check_mutex_);
    return check_consistency(source_, zones_, last_check_);
  }

  [[nodiscard]] ClockMetrics metrics() const {
    const EventCounters events = scheduler_.counters();
    return {zones_.hits(),    zones_.misses(), events.scheduled, events.fired,
            events.cancelled, events.late,     events.failed,    events.pending};
  }

  // The parts, for whoever needs one of them alone.

  [[nodiscard]] TimeSource& source() const noexcept { return source_; }
  [[nodiscard]] ZoneCache& zones() const noexcept { return zones_; }
  [[nodiscard]] EventScheduler& scheduler() noexcept { return scheduler_; }

 private:
  using Observer = std::shared_ptr<MasterClockObserver>;

  static ZoneCache::Listener zone_listener(const Observer& observer) {
    if (observer == nullptr) return nullptr;
    return [observer](std::string_view name, ZoneCache::LookUp what) {
      try {
        if (what == ZoneCache::LookUp::kHit) observer->zone_hit(name);
        if (what == ZoneCache::LookUp::kMiss) observer->zone_miss(name);
      } catch (...) {  // dropped, as MasterClockObserver says
      }
    };
  }

  static SchedulerOptions scheduler_options(const MasterClockOptions& options) {
    SchedulerOptions result;
    result.late_after = options.late_after;
    result.max_pending = options.max_pending;
    if (const Observer observer = options.observer) {
      result.on_scheduled = [observer](const auto& event) { observer->event_scheduled(event); };
      result.on_fired = [observer](const auto& event) { observer->event_fired(event); };
      result.on_late = [observer](const auto& event) { observer->event_late(event); };
      result.on_failed = [observer](const auto& event, std::exception_ptr error) {
        observer->event_failed(event, error);
      };
      result.on_dropped = [observer](const auto& event) { observer->event_missed(event); };
    }
    return result;
  }

  static TimeSubscription step_listener(TimeSource& source, const Observer& observer) {
    if (observer == nullptr) return {};
    return source.subscribe([observer](const TimeChange& change) {
      if (change.kind == TimeChange::Kind::kAdvance) return;
      try {
        observer->clock_step(change);
      } catch (...) {  // dropped, as MasterClockObserver says
      }
    });
  }

  TimeSource& source_;
  mutable std::mutex check_mutex_;
  mutable TimeReading last_check_;
  DisciplinedTimeSource* const disciplined_;  // the source, or what it decorates, where it is one
  const bool has_bounds_;                     // it is, and nobody else was named
  BoundedClock bounds_;                       // of the clock that a provider speaks of
  mutable ZoneCache zones_;
  EventScheduler scheduler_;
  const TimeSubscription steps_;
};

using MasterClock = BasicMasterClock<>;

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_MASTER_CLOCK_H_
