// Keeps events in an SQLite file, so that none is lost when the process dies.
//
//   schedule   commits the event, then gives it to the clock's scheduler.
//   fire       calls the handler. Then one transaction records the occurrence, and adds the writes and
//              the events that the handler asked for and the next occurrence of a repeating event.
//   load       gives the scheduler each pending event that it does not have: after a start all of them,
//              with their lateness; later those that other processes added.
//
// Each event therefore fires at least once, whenever the process is killed. The record of an
// occurrence, and the writes of its handler to this database, happen exactly once. The work of a
// handler outside of the database happens twice when the process dies between handler and commit.
//
// The row in the database decides, not the scheduler: an event that another process cancelled or fired
// does not fire here. Stored events are cancelled through the store; it owns their ids in the
// scheduler.
//
// While a handler runs, no transaction is open and other threads may use the store. FiringLock keeps
// two processes from firing events of one database at the same time.
//
//   auto store = EventStore::open(clock, "day.db", {.create = true});
//   (*store)->handle("scene", [&](Firing& firing) { return switcher.take(firing.event().payload); });
//   absl::Status loaded = (*store)->load().status();
//   (*store)->schedule({.id = "news", .type = "scene", .payload = "studio 2",
//                       .due = WallTime{at_18_00, "Europe/Dublin"}, .days = masterclock::kEveryDay});
//   clock.trigger_scheduled_events();   // or a Dispatcher
#ifndef MASTERCLOCK_EXAMPLES_EVENT_STORE_EVENT_STORE_H_
#define MASTERCLOCK_EXAMPLES_EVENT_STORE_EVENT_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/sqlite.h"
#include "firing_lock.h"
#include "masterclock/master_clock.h"
#include "stored_event.h"

namespace event_store {

class EventStore;

// Gives a handler its event, and takes what shall be committed together with the event.
class Firing {
 public:
  [[nodiscard]] const masterclock::FiredEvent& event() const noexcept { return event_; }

  // Adds an event that follows from this one. This event is recorded as failed when the id of the new
  // one is pending at the commit.
  //
  // Errors: InvalidArgument, NotFound and FailedPrecondition as EventStore::schedule.
  absl::Status schedule(StoredEvent event);

  // Adds a statement that writes to this database. This event is recorded as failed when the statement
  // fails.
  void write(std::string sql, std::vector<common::Value> values = {});

 private:
  friend class EventStore;
  struct Write {
    std::string sql;
    std::vector<common::Value> values;
  };
  Firing(const EventStore& store, const masterclock::FiredEvent& event)
      : store_(store), event_(event) {}

  const EventStore& store_;
  const masterclock::FiredEvent& event_;
  std::vector<PendingRow> followers_;
  std::vector<Write> writes_;
};

// Threads: any. Handlers run on the triggering threads, one at a time.
class EventStore {
 public:
  // Handles an event. A handler may call the store; it does not trigger the clock.
  //
  // Errors: Unavailable when the event could not be handed over. The event stays pending, and the store
  //         fires no event until `load` brings it back. For any other error, and for an exception, the
  //         event is recorded as failed with the reason, and not retried.
  using Handler = std::function<absl::Status(Firing&)>;

  // `clock` must outlive the store. No thread may trigger it after the store is destroyed while stored
  // events are pending.
  //
  // Errors: as Database::open, prepare_schema and FiringLock::open.
  static absl::StatusOr<std::unique_ptr<EventStore>> open(masterclock::MasterClock& clock,
                                                          std::string path,
                                                          common::DatabaseOptions options = {});
  EventStore(const EventStore&) = delete;
  EventStore& operator=(const EventStore&) = delete;
  ~EventStore();

  // Set the handler of the events of `type`, and of the events of any other type. Call before `load`.
  void handle(std::string type, Handler handler);
  void handle_others(Handler handler);

  // Adds an event, or several: all or none, in one commit.
  //
  // Cost:   one write to the disk for any number of events.
  // Errors: InvalidArgument for an empty id, a bad repetition or a negative max_lateness; NotFound and
  //         FailedPrecondition for a zone or a wall time that does not exist; FailedPrecondition for a
  //         type without a handler; AlreadyExists for a pending id; those of the database and of the
  //         scheduler, and then no event is added either.
  absl::Status schedule(const StoredEvent& event) { return schedule_all({event}); }
  absl::Status schedule_all(const std::vector<StoredEvent>& events);

  // Returns true when the event was pending and now never fires. A repeating event that fires at this
  // moment does not occur again.
  absl::StatusOr<bool> cancel(std::string_view id);

  // Gives the scheduler each pending event that it does not have. Returns their number.
  //
  // Cost:   one query when there is no new event.
  // Errors: FailedPrecondition for a type without a handler; DataLoss for a row that cannot be read;
  //         those of its zone, of the database and of the scheduler. No event was given then.
  absl::StatusOr<std::size_t> load();

  // The pending events, in the order of firing.
  absl::StatusOr<std::vector<PendingRow>> pending();

  // The recorded occurrences, in the order of firing.
  absl::StatusOr<std::vector<FiredRow>> fired();

  // Returns the first reason for which an event could not be handed over or committed. The event is
  // still pending: the next `load` brings it back.
  [[nodiscard]] absl::Status status() const;

  [[nodiscard]] masterclock::MasterClock& clock() const noexcept { return clock_; }

 private:
  friend class Firing;
  EventStore(masterclock::MasterClock& clock, std::unique_ptr<common::Database> database,
             FiringLock firing);

  // Checks the event, moves a repeating wall time to its first date, and computes `due`.
  [[nodiscard]] absl::StatusOr<PendingRow> resolved(PendingRow row) const;
  // Returns the event of the next occurrence, if there is one.
  [[nodiscard]] absl::StatusOr<std::optional<StoredEvent>> after(
      const PendingRow& row, masterclock::UtcTime fired_due) const;
  absl::Status hand_over(const std::vector<PendingRow>& rows);
  void fire(std::int64_t serial, const masterclock::FiredEvent& event);
  absl::Status fire_locked(std::int64_t serial, const masterclock::FiredEvent& event,
                           std::string& failure);

  // The following members require mutex_.
  [[nodiscard]] absl::Status check_handled(const StoredEvent& event) const;
  [[nodiscard]] const Handler& handler_of(std::string_view type) const;
  absl::Status insert(PendingRow& row);
  absl::Status replace(std::int64_t serial, const std::optional<StoredEvent>& next);
  absl::Status add_all(Firing& firing);
  absl::StatusOr<std::vector<PendingRow>> read(std::string_view condition,
                                               const std::vector<common::Value>& values = {});

  masterclock::MasterClock& clock_;
  std::mutex firing_mutex_;  // one handler at a time; locked before mutex_
  FiringLock firing_;
  mutable std::mutex mutex_;  // guards the following members
  std::unique_ptr<common::Database> database_;
  std::map<std::string, Handler, std::less<>> handlers_;
  Handler other_handler_;
  std::int64_t firing_serial_ = 0;
  std::int64_t loaded_ = 0;        // the scheduler has the events up to this serial,
  std::set<std::int64_t> handed_;  // and these beyond it
  bool halted_ = false;            // until the next load
  absl::Status status_;
};

}  // namespace event_store

#endif  // MASTERCLOCK_EXAMPLES_EVENT_STORE_EVENT_STORE_H_
