// Connects a MasterClockObserver to the hooks of the parts of a MasterClock.
#ifndef MASTERCLOCK_CLOCK_INTERNAL_OBSERVER_HOOKS_H_
#define MASTERCLOCK_CLOCK_INTERNAL_OBSERVER_HOOKS_H_

#include "masterclock/version.h"

#include <exception>
#include <memory>
#include <string_view>

#include "masterclock/clock/observer.h"
#include "masterclock/clock/options.h"
#include "masterclock/events/event.h"
#include "masterclock/internal/guarded_call.h"
#include "masterclock/time/time_source.h"
#include "masterclock/zones/zone_cache.h"

namespace masterclock::inline v0_2::internal {

using ObserverPtr = std::shared_ptr<MasterClockObserver>;

// The cache and the scheduler ignore what these hooks throw.
inline ZoneCache::Listener zone_hook(const ObserverPtr& observer) {
  if (observer == nullptr) return nullptr;
  return [observer](std::string_view name, ZoneCache::LookUp what) {
    switch (what) {
      case ZoneCache::LookUp::kHit: return observer->zone_hit(name);
      case ZoneCache::LookUp::kMiss: return observer->zone_miss(name);
      case ZoneCache::LookUp::kFallback: return observer->zone_fallback(name);
    }
  };
}

inline SchedulerOptions scheduler_options(const MasterClockOptions& options) {
  SchedulerOptions result;
  result.late_after = options.late_after;
  result.max_pending = options.max_pending;
  if (const ObserverPtr observer = options.observer) {
    result.on_scheduled = [observer](const ScheduledEvent& e) { observer->event_scheduled(e); };
    const auto report = [&](void (MasterClockObserver::*what)(const FiredEvent&)) {
      return [observer, what](const FiredEvent& e) { ((*observer).*what)(e); };
    };
    result.on_fired = report(&MasterClockObserver::event_fired);
    result.on_late = report(&MasterClockObserver::event_late);
    result.on_dropped = report(&MasterClockObserver::event_dropped);
    result.on_failed = [observer](const FiredEvent& e, std::exception_ptr error) {
      observer->event_failed(e, error);
    };
  }
  return result;
}

inline TimeSubscription step_hook(TimeSource& source, const ObserverPtr& observer) {
  if (observer == nullptr) return {};
  return source.subscribe([observer](const TimeChange& change) {
    if (change.kind == TimeChange::Kind::kAdvance) return;
    guarded_call([&] { observer->clock_step(change); });
  });
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_CLOCK_INTERNAL_OBSERVER_HOOKS_H_
