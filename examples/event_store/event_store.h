// Events that outlive the process: each is in a database before it is acknowledged, and leaves the
// list of what is pending in the same transaction that says it has fired.
//
//   schedule   committed, then handed to the clock's scheduler. Killed in between: it is there.
//   fire       the clock fires it; one transaction holds the handler's own writes, the events that
//              it schedules, the record that this occurrence has fired, and what is pending next.
//   load       hands the scheduler what is pending and it does not have yet: everything after a
//              start, with the lateness it has by now; later on, what other processes have added.
//
// So with SIGKILL at any point every event fires at least once, and none that was committed as fired
// fires again. What a handler writes to this database happens exactly once; what it does to the
// world outside can happen twice, when the process dies between the deed and the commit.
//
// The row in the database decides, not the scheduler: what has been cancelled there, or fired there
// by another process, does not fire here. Stored events are cancelled and moved through the store;
// their ids in the scheduler belong to it.
//
// In short:
//
//   auto store = EventStore::open(clock, "day.db", {.create = true});
//   (*store)->handle("scene", [&](Firing& firing) { return switcher.take(firing.event().payload); });
//   absl::Status loaded = (*store)->load();
//   (*store)->schedule({.id = "news", .type = "scene", .payload = "studio 2",
//                       .due = WallTime{at_18_00, "Europe/Dublin"}, .repeat = Daily{}});
//   clock.trigger_scheduled_events();   // or a Dispatcher
#ifndef MASTERCLOCK_EXAMPLES_EVENT_STORE_EVENT_STORE_H_
#define MASTERCLOCK_EXAMPLES_EVENT_STORE_EVENT_STORE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/sqlite.h"
#include "masterclock/master_clock.h"
#include "stored_event.h"

namespace event_store {

class EventStore;

// What a handler is given: the event, and the transaction in which it fires.
class Firing {
 public:
  [[nodiscard]] const masterclock::FiredEvent& event() const noexcept { return event_; }

  // Whatever is written here is committed with the event, or not at all. Leave the transaction
  // itself alone.
  [[nodiscard]] common::Database& database() const noexcept { return database_; }

  // Schedules an event that follows from this one: both are committed, or neither.
  //
  // Errors: as EventStore::schedule.
  absl::Status schedule(const StoredEvent& event);

 private:
  friend class EventStore;
  Firing(EventStore& store, common::Database& database, const masterclock::FiredEvent& event)
      : store_(store), database_(database), event_(event) {}

  EventStore& store_;
  common::Database& database_;
  const masterclock::FiredEvent& event_;
  std::vector<PendingRow> followers_;
};

// Threads: any. A handler runs on the triggering thread with the store locked: it uses its Firing
//          and calls no member of the store.
class EventStore {
 public:
  // A handler that fails, or throws, has fired all the same: its own writes are taken back, the
  // event is recorded as failed with the reason, and the clock's observer hears of it.
  using Handler = std::function<absl::Status(Firing&)>;

  // `clock` must outlive the store, and nothing may trigger it when the store is gone while stored
  // events are pending.
  //
  // Errors: as Database::open; FailedPrecondition for a database of something else.
  static absl::StatusOr<std::unique_ptr<EventStore>> open(masterclock::MasterClock& clock,
                                                          std::string path,
                                                          common::DatabaseOptions options = {});
  EventStore(const EventStore&) = delete;
  EventStore& operator=(const EventStore&) = delete;
  ~EventStore();

  // Who handles the events of `type`; who handles those of every other type. Before `load`.
  void handle(std::string type, Handler handler);
  void handle_others(Handler handler);

  // Adds an event, or a day of them: all or none, in one commit.
  //
  // Cost:   one write to the disk, however many they are.
  // Errors: InvalidArgument for an empty id, a time that is no time (see EventRequest) or a zone
  //         nobody knows; AlreadyExists for an id that is pending; FailedPrecondition for a type
  //         that nobody handles; those of the database; those of the scheduler, and then the events
  //         are not kept either.
  absl::Status schedule(const StoredEvent& event) { return schedule_all({event}); }
  absl::Status schedule_all(const std::vector<StoredEvent>& events);

  // False when no such event is pending.
  absl::StatusOr<bool> cancel(std::string_view id);

  // Hands the scheduler everything pending that it does not have. How many these were.
  //
  // Cost:   one look-up when there is nothing new.
  // Errors: FailedPrecondition for an event of a type that nobody handles; DataLoss for one that
  //         cannot be read; those of its zone; those of the database and of the scheduler. Nothing
  //         has been handed over then.
  absl::StatusOr<std::size_t> load();

  // What is pending, in the order in which it would fire.
  absl::StatusOr<std::vector<PendingRow>> pending();

  // What has fired, in the order in which it did.
  absl::StatusOr<std::vector<FiredRow>> fired();

  // The first event that fired and could not be committed, and why. It is still pending: the next
  // `load` brings it back.
  [[nodiscard]] absl::Status status() const;

  // The clock this store is for.
  [[nodiscard]] masterclock::MasterClock& clock() const noexcept { return clock_; }

 private:
  friend class Firing;
  EventStore(masterclock::MasterClock& clock, std::unique_ptr<common::Database> database);

  absl::Status prepare_schema();
  [[nodiscard]] const Handler* handler_of(std::string_view type) const;

  // With the lock held:
  absl::StatusOr<PendingRow> insert(const StoredEvent& event);
  absl::StatusOr<std::vector<PendingRow>> read(std::string_view condition, std::int64_t value);
  absl::StatusOr<PendingRow> read_row(const common::Statement& row);
  absl::Status check(const StoredEvent& event) const;
  absl::StatusOr<masterclock::UtcTime> due_of(const StoredEvent& event) const;
  absl::Status put_next(const PendingRow& row, masterclock::UtcTime fired_due);
  absl::Status commit_firing(std::int64_t serial, const masterclock::FiredEvent& event,
                             std::vector<PendingRow>& followers, std::string& failure);

  // Without:
  absl::Status hand_over(const std::vector<PendingRow>& rows);
  void fire(std::int64_t serial, const masterclock::FiredEvent& event);

  masterclock::MasterClock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::unique_ptr<common::Database> database_;
  std::map<std::string, Handler, std::less<>> handlers_;
  Handler other_handler_;
  std::int64_t loaded_ = 0;        // serials up to this one are the scheduler's, or gone
  std::set<std::int64_t> handed_;  // and so are these beyond it
  absl::Status status_;
};

}  // namespace event_store

#endif  // MASTERCLOCK_EXAMPLES_EVENT_STORE_EVENT_STORE_H_
