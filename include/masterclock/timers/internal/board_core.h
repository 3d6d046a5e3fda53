// Keeps the clocks of a ClockBoard, and one event of the scheduler for each running clock.
//
// The event is pending at or before the clock's next boundary. When the event fires, the core reports
// the boundaries up to now and schedules the next event. A command prepares copies of the clocks,
// their events and their reports. Nothing after that can fail, so a command happens as a whole or
// not at all.
//
// The events own the core together with the board, so that an event that fires late finds the core.
#ifndef MASTERCLOCK_TIMERS_INTERNAL_BOARD_CORE_H_
#define MASTERCLOCK_TIMERS_INTERNAL_BOARD_CORE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_report.h"
#include "masterclock/timers/count_clock.h"

namespace masterclock::inline v0_2::internal {

class BoardCore : public std::enable_shared_from_this<BoardCore> {
 public:
  BoardCore(EventScheduler& scheduler, std::function<void(const ClockReport&)> on_report)
      : scheduler_(scheduler), on_report_(std::move(on_report)) {}

  absl::Status add(ClockKey key, const CountClock& clock) {
    const std::lock_guard lock(mutex_);
    const auto [place, added] = entries_.try_emplace(std::move(key), Entry{clock});
    if (added) return absl::OkStatus();
    return absl::AlreadyExistsError("clock " + internal::quoted(to_string(place->first)) +
                                    " exists");
  }

  void put(ClockKey key, const CountClock& clock) {
    (void)locked([&](const TimeReading& now, Reports& reports) {
      const auto [place, added] = entries_.try_emplace(std::move(key), Entry{clock});
      if (!added && place->second.clock == clock) return absl::OkStatus();
      try {
        settle(place->first, place->second, now, reports);
        Changes changes;
        Entry& entry = changes.emplace(&*place, place->second).first->second;
        entry.clock = clock;
        entry.earliest = clock.anchor().at;
        entry.next = clock.next_boundary(now.steady);
        Reports fresh;
        fresh.push_back(report(place->first, ClockReport::Reason::kChanged,
                               clock.reading(now.steady), now.steady, 0, now));
        // Without a place in the scheduler, the clock waits for one: put() cannot refuse it.
        return commit(changes, std::move(fresh), reports, OnFullScheduler::kWait);
      } catch (...) {
        if (added) entries_.erase(place);
        throw;
      }
    });
  }

  bool remove(const ClockKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    scheduler_.cancel(found->second.event);
    entries_.erase(found);
    return true;
  }

  // Applies commands at `past`, or now. `result` is the change of the last clock.
  absl::Status apply(std::optional<SteadyTime> past, std::span<const KeyedCommand> commands,
                     ClockChange* result = nullptr) {
    return locked([&](const TimeReading& now, Reports& reports) {
      const SteadyTime at = past.value_or(now.steady);
      if (at > now.steady) return absl::OutOfRangeError("the instant is in the future");
      Changes changes;
      for (const KeyedCommand& one : commands) {
        const auto found = entries_.find(one.key);
        if (found == entries_.end()) return unknown(one.key);
        changes.emplace(&*found, found->second);
      }
      for (auto& [place, entry] : changes) {
        settle(place->first, place->second, now, reports);
        entry = place->second;
        if (past && at < entry.earliest) {
          return absl::OutOfRangeError("the instant is before the last change of clock " +
                                       internal::quoted(to_string(place->first)));
        }
      }
      std::map<const Place*, ClockChange, ByKey> results;
      for (const auto& [key, command] : commands) {
        Place& place = *entries_.find(key);
        Entry& entry = changes.at(&place);
        const auto change = entry.clock.apply(at, command);
        if (!change.ok()) return change.status();
        ClockChange& total = results[&place];
        total.changed = total.changed || change->changed;
        if (change->expired) total.expired = change->expired;
        if (result != nullptr) *result = total;
      }
      Reports fresh;
      for (auto& [place, entry] : changes) {
        if (results.at(place).changed) take(*place, entry, results.at(place), at, now, fresh);
      }
      return commit(changes, std::move(fresh), reports, OnFullScheduler::kRefuse);
    });
  }

  absl::StatusOr<ClockReading> reading(const ClockKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return unknown(key);
    return found->second.clock.reading(scheduler_.source().now_steady());
  }

  std::vector<ClockReport> readings() const {
    const std::lock_guard lock(mutex_);
    const TimeReading now = scheduler_.source().read();
    std::vector<ClockReport> all;
    all.reserve(entries_.size());
    for (const auto& [key, entry] : entries_) {
      all.push_back({key, ClockReport::Reason::kChanged, entry.clock.reading(now.steady),
                     now.steady, now.steady, now.utc, 0, revision_});
    }
    return all;
  }

  // Cancels every event, and waits for a boundary that another thread reports.
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    for (const auto& [key, entry] : entries_) scheduler_.cancel(entry.event);
    entries_.clear();
    reported_.wait(lock, [&] { return reporting_ == 0; });
  }

 private:
  struct Entry {
    CountClock clock;
    std::optional<SteadyTime> next{};         // the first boundary that is not reported yet
    SteadyTime earliest = clock.anchor().at;  // of a command: the last command or reported end
    EventHandle event{};                      // pending at or before `next`
    std::uint64_t ticket = 0;                 // of `event`: an earlier event does nothing
  };
  using Place = std::map<ClockKey, Entry>::value_type;
  struct ByKey {
    bool operator()(const Place* a, const Place* b) const { return a->first < b->first; }
  };
  using Changes = std::map<Place*, Entry, ByKey>;
  using Reports = std::vector<ClockReport>;

  static absl::Status unknown(const ClockKey& key) {
    return absl::NotFoundError("no clock " + internal::quoted(to_string(key)));
  }

  // Runs `step` under the lock at one reading of the clock, and then makes the reports.
  template <class Step>
  absl::Status locked(const Step& step) {
    Reports reports;
    absl::Status status;
    std::exception_ptr failure;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return absl::OkStatus();
      if (unarmed_) arm_all();
      try {
        status = step(scheduler_.source().read(), reports);
      } catch (...) {
        failure = std::current_exception();  // out of memory: the reports so far are due
      }
    }
    make(reports, std::move(failure));
    return status;
  }

  // Makes every report. Throws `failure`, or the first exception of a report.
  void make(const Reports& reports, std::exception_ptr failure) const {
    for (const ClockReport& one : reports) {
      try {
        if (on_report_) on_report_(one);
      } catch (...) {
        if (!failure) failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
  }

  void on_boundary(const ClockKey& key, std::uint64_t ticket) {
    struct Reporting {  // close() waits for its end
      explicit Reporting(BoardCore& its_core) : core(its_core) {
        const std::lock_guard lock(core.mutex_);
        ++core.reporting_;
      }
      ~Reporting() {
        const std::lock_guard lock(core.mutex_);
        if (--core.reporting_ == 0) core.reported_.notify_all();
      }
      BoardCore& core;
    } const reporting(*this);
    (void)locked([&](const TimeReading& now, Reports& reports) {
      const auto found = entries_.find(key);
      if (found == entries_.end() || found->second.ticket != ticket) return absl::OkStatus();
      Entry& entry = found->second;
      entry.event = {};
      const bool others = std::exchange(unarmed_, true);
      settle(key, entry, now, reports);
      if (!entry.next || arm(key, entry).ok()) unarmed_ = others;
      return absl::OkStatus();
    });
  }

  // Reports the boundaries of a clock up to now: the end, then the latest second. When memory runs
  // out, nothing changes.
  void settle(const ClockKey& key, Entry& entry, const TimeReading& now, Reports& reports) {
    constexpr std::chrono::nanoseconds kSecond = std::chrono::seconds(1), kTick{1};
    if (!entry.next || *entry.next > now.steady) return;
    reports.reserve(reports.size() + 2);
    std::optional<SteadyTime> next = entry.next;
    const auto count_to = [&](SteadyTime last) {  // the boundaries from `next` to `last`
      return last < *next ? 0 : saturating_difference(last, *next) / kSecond + 1;
    };
    std::optional<ClockReport> end, second;
    const std::optional<SteadyTime> expiry = entry.clock.reading(*next - kTick).expires_at;
    if (expiry && *expiry <= now.steady) {
      end = report(key, ClockReport::Reason::kExpired, entry.clock.reading(*expiry), *expiry,
                   count_to(*expiry - kTick), now);
      next = entry.clock.next_boundary(*expiry);
    }
    if (next && *next <= now.steady) {
      const std::int64_t passed = count_to(now.steady);
      second = report(key, ClockReport::Reason::kSecond, entry.clock.reading(now.steady),
                      *next + (passed - 1) * kSecond, passed - 1, now);
      next = entry.clock.next_boundary(now.steady);
    }
    entry.next = next;
    if (end) entry.earliest = *expiry;
    if (end) reports.push_back(*std::move(end));
    if (second) reports.push_back(*std::move(second));
  }

  // Prepares the report and the next boundary of a clock that commands at `at` changed. `entry` is
  // the copy with the changed clock.
  void take(const Place& place, Entry& entry, const ClockChange& change, SteadyTime at,
            const TimeReading& now, Reports& fresh) {
    const ClockReading before = place.second.clock.reading(at), after = entry.clock.reading(at);
    const bool ends = change.expired == at && !before.at_end && after.at_end;
    if (ends) {
      fresh.push_back(report(place.first, ClockReport::Reason::kExpired, after, at, 0, now));
    } else {
      fresh.push_back(report(place.first, ClockReport::Reason::kChanged,
                             entry.clock.reading(now.steady), at, 0, now));
    }
    entry.earliest = at;
    // After a command in the past, the end may already have passed.
    const bool ended = after.expires_at && *after.expires_at <= now.steady;
    entry.next = ended ? after.expires_at : entry.clock.next_boundary(now.steady);
    settle(place.first, entry, now, fresh);
  }

  enum class OnFullScheduler { kRefuse, kWait };

  // Replaces clocks by their changed copies, all or none: schedules the new events, and then does
  // only what cannot fail.
  absl::Status commit(Changes& changes, Reports fresh, Reports& reports, OnFullScheduler on_full) {
    bool waits = false;
    try {
      reports.reserve(reports.size() + fresh.size());
      for (auto& [place, entry] : changes) {
        if (entry.event && entry.next == place->second.next) continue;
        entry.event = {};
        if (!entry.next) continue;
        absl::Status status = arm(place->first, entry);
        if (!status.ok() && on_full == OnFullScheduler::kRefuse) {
          disarm(changes);
          return status;
        }
        waits = waits || !status.ok();
      }
    } catch (...) {
      disarm(changes);
      throw;
    }
    for (const auto& [place, entry] : changes) {
      if (place->second.event != entry.event) scheduler_.cancel(place->second.event);
      place->second = entry;
    }
    std::move(fresh.begin(), fresh.end(), std::back_inserter(reports));
    unarmed_ = unarmed_ || waits;
    return absl::OkStatus();
  }
  // Cancels the events that commit() scheduled.
  void disarm(const Changes& changes) {
    for (const auto& [place, entry] : changes) {
      if (entry.event != place->second.event) scheduler_.cancel(entry.event);
    }
  }

  // Schedules the event of a clock's next boundary.
  absl::Status arm(const ClockKey& key, Entry& entry) {
    const std::uint64_t ticket = ++tickets_;
    const auto event = scheduler_.schedule(
        {.due = *entry.next, .action = [core = shared_from_this(), key, ticket](const FiredEvent&) {
           core->on_boundary(key, ticket);
         }});
    if (!event.ok()) return event.status();
    entry.event = *event;
    entry.ticket = ticket;
    return absl::OkStatus();
  }
  // Schedules the events that found no memory or no place in the scheduler.
  void arm_all() {
    unarmed_ = false;
    for (auto& [key, entry] : entries_) {
      if (!entry.next || entry.event) continue;
      try {
        unarmed_ = !arm(key, entry).ok() || unarmed_;
      } catch (...) {
        unarmed_ = true;
      }
    }
  }

  ClockReport report(const ClockKey& key, ClockReport::Reason reason, const ClockReading& reading,
                     SteadyTime due, std::int64_t missed, const TimeReading& now) {
    return {key, reason, reading, due, now.steady, now.utc, missed, ++revision_};
  }

  EventScheduler& scheduler_;
  const std::function<void(const ClockReport&)> on_report_;
  mutable std::mutex
      mutex_;  // guards the rest; held while an event is scheduled, never in a report
  std::condition_variable reported_;
  std::map<ClockKey, Entry> entries_;
  std::uint64_t revision_ = 0, tickets_ = 0;
  int reporting_ = 0;     // threads in on_boundary
  bool unarmed_ = false;  // an event is missing: each later call tries again
  bool closed_ = false;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIMERS_INTERNAL_BOARD_CORE_H_
