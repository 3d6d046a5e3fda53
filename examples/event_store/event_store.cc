#include "event_store.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/printable.h"
#include "common/time_text.h"
#include "masterclock/time/rfc3339.h"
#include "schema.h"

namespace event_store {

using common::Database;
using common::DatabaseOptions;
using common::in_quotes;
using common::Statement;
using common::Transaction;
using common::Value;

namespace {

using masterclock::EventRequest;
using masterclock::FiredEvent;
using masterclock::LocalDue;
using masterclock::LocalTime;
using masterclock::UtcTime;
using masterclock::Weekdays;
using masterclock::Zone;
using std::chrono::nanoseconds;

constexpr std::string_view kColumns =
    "SELECT serial, id, type, payload, due, wall, zone, resolve, every, days, on_misfire,"
    " max_lateness FROM pending ";

std::optional<std::int64_t> count_of(const std::optional<nanoseconds>& duration) {
  return duration ? std::optional<std::int64_t>(duration->count()) : std::nullopt;
}

std::optional<nanoseconds> duration_in(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(nanoseconds(row.integer(column)));
}

// The columns of a due time: one of `utc` and `wall` is null.
struct DueColumns {
  explicit DueColumns(const StoredEvent& event) {
    if (const auto* const at = std::get_if<UtcTime>(&event.due)) {
      utc = common::utc_text(*at);
    } else {
      const WallTime& time = std::get<WallTime>(event.due);
      wall = to_text(time.local);
      zone = time.zone;
      resolve = to_text(time.resolve);
    }
  }
  std::optional<std::string> utc, wall, zone, resolve;
};

absl::StatusOr<StoredEvent> event_in(const Statement& row) {
  StoredEvent event{.id = row.text(1), .type = row.text(2), .payload = row.text(3)};
  if (row.is_null(4)) {
    const auto local = masterclock::parse_local_time(row.text(5));
    if (!local.ok()) return local.status();
    const auto resolve = parse_resolve(row.text(7));
    if (!resolve.ok()) return resolve.status();
    event.due = WallTime{*local, row.text(6), *resolve};
  } else {
    const auto utc = masterclock::parse_rfc3339(row.text(4));
    if (!utc.ok()) return utc.status();
    event.due = *utc;
  }
  event.every = duration_in(row, 8);
  if (!row.is_null(9)) {
    const auto days = parse_days(row.text(9));
    if (!days.ok()) return days.status();
    event.days = *days;
  }
  const auto on_misfire = parse_on_misfire(row.text(10));
  if (!on_misfire.ok()) return on_misfire.status();
  event.on_misfire = *on_misfire;
  event.max_lateness = duration_in(row, 11);
  return event;
}

std::optional<std::string> days_of(const StoredEvent& event) {
  return event.days ? std::optional(to_text(*event.days)) : std::nullopt;
}

std::string reason_of(const absl::Status& failure) {
  return failure.message().empty() ? "the handler gave no reason" : std::string(failure.message());
}

struct Occurrence {
  LocalTime local;
  UtcTime utc;
};

// Returns the first occurrence on a date from `date` on that is due after `after`.
std::optional<Occurrence> occurrence_from(std::chrono::local_days date, UtcTime after, Zone zone,
                                          const WallTime& wall, Weekdays on) {
  using std::chrono::ceil, std::chrono::days, std::chrono::floor, std::chrono::seconds;
  constexpr days kReach(400);  // a year of a weekly event that a gap hits now and then
  const auto day = wall.local.time_since_epoch() % days(1);
  const nanoseconds time_of_day = day.count() < 0 ? day + days(1) : day;
  for (const auto end = date + kReach; date < end; date += days(1)) {
    if (!on.contains(std::chrono::weekday(date))) continue;
    // LocalTime holds a part of its first and last date only.
    const std::chrono::local_seconds second = date + floor<seconds>(time_of_day);
    if (second < ceil<seconds>(LocalTime::min()) || second >= floor<seconds>(LocalTime::max())) {
      continue;
    }
    const LocalTime local = LocalTime(second) + time_of_day % seconds(1);
    const auto utc = zone.to_utc(local, wall.resolve);
    if (utc.ok() && *utc > after) return Occurrence{local, *utc};
  }
  return std::nullopt;
}

absl::Status call(const EventStore::Handler& handler, Firing& firing) {
  try {
    return handler(firing);
  } catch (const std::exception& error) {
    return absl::UnknownError(error.what());
  } catch (...) {
    return absl::UnknownError("the handler threw an exception that is no std::exception");
  }
}

}  // namespace

absl::Status Firing::schedule(StoredEvent event) {
  absl::StatusOr<PendingRow> row = store_.resolved({0, std::move(event), {}});
  if (!row.ok()) return row.status();
  const std::lock_guard lock(store_.mutex_);
  if (absl::Status handled = store_.check_handled(row->event); !handled.ok()) return handled;
  followers_.push_back(*std::move(row));
  return absl::OkStatus();
}

void Firing::write(std::string sql, std::vector<Value> values) {
  writes_.push_back({std::move(sql), std::move(values)});
}

EventStore::EventStore(masterclock::MasterClock& clock, std::unique_ptr<Database> database,
                       FiringLock firing)
    : clock_(clock), firing_(std::move(firing)), database_(std::move(database)) {}

EventStore::~EventStore() = default;

absl::StatusOr<std::unique_ptr<EventStore>> EventStore::open(masterclock::MasterClock& clock,
                                                             std::string path,
                                                             DatabaseOptions options) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::open(path, options);
  if (!database.ok()) return database.status();
  if (absl::Status prepared = prepare_schema(**database); !prepared.ok()) return prepared;
  absl::StatusOr<FiringLock> firing = FiringLock::open(path);
  if (!firing.ok()) return firing.status();
  return std::unique_ptr<EventStore>(
      new EventStore(clock, *std::move(database), *std::move(firing)));
}

void EventStore::handle(std::string type, Handler handler) {
  const std::lock_guard lock(mutex_);
  handlers_[std::move(type)] = std::move(handler);
}

void EventStore::handle_others(Handler handler) {
  const std::lock_guard lock(mutex_);
  other_handler_ = std::move(handler);
}

absl::Status EventStore::schedule_all(const std::vector<StoredEvent>& events) {
  std::vector<PendingRow> rows;
  for (const StoredEvent& event : events) {
    absl::StatusOr<PendingRow> row = resolved({0, event, {}});
    if (!row.ok()) return row.status();
    rows.push_back(*std::move(row));
  }
  {
    const std::lock_guard lock(mutex_);
    for (const PendingRow& row : rows) {
      if (absl::Status handled = check_handled(row.event); !handled.ok()) return handled;
    }
    absl::StatusOr<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction.ok()) return transaction.status();
    for (PendingRow& row : rows) {
      if (absl::Status inserted = insert(row); !inserted.ok()) return inserted;
    }
    if (absl::Status committed = transaction->commit(); !committed.ok()) return committed;
    for (const PendingRow& row : rows) handed_.insert(row.serial);
  }
  absl::Status refusal = hand_over(rows);
  if (refusal.ok()) return refusal;
  const std::lock_guard lock(mutex_);
  for (const PendingRow& row : rows) {
    refusal.Update(database_->run("DELETE FROM pending WHERE serial = ?1", {row.serial}));
  }
  return refusal;
}

absl::StatusOr<bool> EventStore::cancel(std::string_view id) {
  {
    const std::lock_guard lock(mutex_);
    absl::StatusOr<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction.ok()) return transaction.status();
    const auto rows = read("WHERE id = ?1", {std::string(id)});
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return false;
    const std::int64_t serial = rows->front().serial;
    const bool fires_now = serial == firing_serial_ || firing_.held_elsewhere(serial);
    if (fires_now && !rows->front().event.repeats()) return false;
    absl::Status gone = database_->run("DELETE FROM pending WHERE serial = ?1", {serial});
    if (gone.ok()) gone = transaction->commit();
    if (!gone.ok()) return gone;
  }
  clock_.cancel_event(id);
  return true;
}

absl::StatusOr<std::size_t> EventStore::load() {
  std::vector<PendingRow> rows;
  {
    const std::lock_guard lock(mutex_);
    auto stored = read("WHERE serial > ?1 ORDER BY serial", {loaded_});
    if (!stored.ok()) return stored.status();
    for (PendingRow& row : *stored) {
      if (handed_.count(row.serial) > 0) continue;
      if (absl::Status handled = check_handled(row.event); !handled.ok()) return handled;
      auto good = resolved(std::move(row));
      if (!good.ok()) return database_->error(good.status());
      rows.push_back(*std::move(good));
    }
    for (const PendingRow& row : rows) handed_.insert(row.serial);
    // Serials are given under the write lock: no lower one can appear.
    if (!handed_.empty()) {
      loaded_ = *handed_.rbegin();
      handed_.clear();
    }
    halted_ = false;
  }
  if (rows.empty()) return 0;
  absl::Status refusal = hand_over(rows);
  if (refusal.ok()) return rows.size();
  const std::lock_guard lock(mutex_);
  loaded_ = 0;
  return refusal;
}

absl::StatusOr<std::vector<PendingRow>> EventStore::pending() {
  const std::lock_guard lock(mutex_);
  absl::StatusOr<std::vector<PendingRow>> rows = read("ORDER BY serial");
  if (!rows.ok()) return rows;
  for (PendingRow& row : *rows) {
    auto good = resolved(std::move(row));
    if (!good.ok()) return database_->error(good.status());
    row = *std::move(good);
  }
  std::stable_sort(rows->begin(), rows->end(),
                   [](const PendingRow& a, const PendingRow& b) { return a.due < b.due; });
  return rows;
}

absl::StatusOr<std::vector<FiredRow>> EventStore::fired() {
  const std::lock_guard lock(mutex_);
  absl::StatusOr<Statement> row = database_->query(
      "SELECT id, type, payload, due, fired, lateness, skipped, outcome, error FROM fired "
      "ORDER BY number");
  if (!row.ok()) return row.status();
  std::vector<FiredRow> rows;
  for (;;) {
    const absl::StatusOr<bool> more = row->step();
    if (!more.ok()) return more.status();
    if (!*more) return rows;
    const auto due = masterclock::parse_rfc3339(row->text(3));
    const auto fired = masterclock::parse_rfc3339(row->text(4));
    for (const auto* const time : {&due, &fired}) {
      if (!time->ok()) {
        return database_->error(absl::StatusCode::kDataLoss,
                                "event " + in_quotes(row->text(0)) +
                                    ", fired: " + std::string(time->status().message()));
      }
    }
    rows.push_back({row->text(0), row->text(1), row->text(2), *due, *fired,
                    nanoseconds(row->integer(5)), row->integer(6), row->text(7), row->text(8)});
  }
}

absl::Status EventStore::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

absl::StatusOr<PendingRow> EventStore::resolved(PendingRow row) const {
  StoredEvent& event = row.event;
  const auto refuse = [&](const absl::Status& why) {
    return absl::Status(why.code(),
                        "event " + in_quotes(event.id) + ": " + std::string(why.message()));
  };
  const auto invalid = absl::InvalidArgumentError;
  WallTime* const wall = std::get_if<WallTime>(&event.due);
  if (event.id.empty()) return refuse(invalid("a stored event needs an id"));
  if (event.every && *event.every <= nanoseconds(0)) {
    return refuse(invalid("the interval of a repetition must be positive"));
  }
  if (event.days && (wall == nullptr || event.every || event.days->empty())) {
    return refuse(invalid("days of the week repeat a wall time, and exclude an interval"));
  }
  if (event.max_lateness && *event.max_lateness < nanoseconds(0)) {
    return refuse(invalid("max_lateness is negative"));
  }
  if (wall == nullptr) {
    row.due = std::get<UtcTime>(event.due);
    return row;
  }
  const absl::StatusOr<Zone> zone = clock_.zone(wall->zone);
  if (!zone.ok()) return refuse(zone.status());
  if (!event.days) {
    const absl::StatusOr<UtcTime> due = zone->to_utc(wall->local, wall->resolve);
    if (!due.ok()) return refuse(due.status());
    row.due = *due;
    return row;
  }
  const auto date = std::chrono::floor<std::chrono::days>(wall->local);
  const auto first = occurrence_from(date, UtcTime::min(), *zone, *wall, *event.days);
  if (!first) return refuse(absl::OutOfRangeError("the wall time does not occur"));
  wall->local = first->local;
  row.due = first->utc;
  return row;
}

absl::Status EventStore::check_handled(const StoredEvent& event) const {
  if (handler_of(event.type)) return absl::OkStatus();
  return absl::FailedPreconditionError("event " + in_quotes(event.id) + ": the type " +
                                       in_quotes(event.type) + " has no handler");
}

const EventStore::Handler& EventStore::handler_of(std::string_view type) const {
  const auto found = handlers_.find(type);
  return found != handlers_.end() ? found->second : other_handler_;
}

absl::Status EventStore::insert(PendingRow& row) {
  const StoredEvent& event = row.event;
  const DueColumns due(event);
  absl::Status inserted = database_->run(
      "INSERT INTO pending (id, type, payload, due, wall, zone, resolve, every, days, on_misfire,"
      " max_lateness) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
      " ON CONFLICT (id) DO NOTHING",
      {event.id, event.type, event.payload, due.utc, due.wall, due.zone, due.resolve,
       count_of(event.every), days_of(event), to_text(event.on_misfire),
       count_of(event.max_lateness)});
  if (!inserted.ok()) return inserted;
  if (database_->changes() == 0) {
    return database_->error(absl::StatusCode::kAlreadyExists,
                            "event " + in_quotes(event.id) + " is already pending");
  }
  row.serial = database_->last_rowid();
  return absl::OkStatus();
}

absl::Status EventStore::replace(std::int64_t serial, const std::optional<StoredEvent>& next) {
  if (!next) return database_->run("DELETE FROM pending WHERE serial = ?1", {serial});
  const DueColumns due(*next);
  return database_->run(
      "UPDATE pending SET due = ?2, wall = ?3, zone = ?4, resolve = ?5 WHERE serial = ?1",
      {serial, due.utc, due.wall, due.zone, due.resolve});
}

absl::StatusOr<std::vector<PendingRow>> EventStore::read(std::string_view condition,
                                                         const std::vector<Value>& values) {
  absl::StatusOr<Statement> row =
      database_->query(std::string(kColumns) + std::string(condition), values);
  if (!row.ok()) return row.status();
  std::vector<PendingRow> rows;
  for (;;) {
    const absl::StatusOr<bool> more = row->step();
    if (!more.ok()) return more.status();
    if (!*more) return rows;
    absl::StatusOr<StoredEvent> event = event_in(*row);
    if (!event.ok()) {
      return database_->error(
          absl::StatusCode::kDataLoss,
          "event " + in_quotes(row->text(1)) + ": " + std::string(event.status().message()));
    }
    rows.push_back({row->integer(0), *std::move(event), {}});
  }
}

absl::Status EventStore::hand_over(const std::vector<PendingRow>& rows) {
  std::vector<EventRequest> requests;
  requests.reserve(rows.size());
  for (const PendingRow& row : rows) {
    const StoredEvent& event = row.event;
    EventRequest& request = requests.emplace_back();
    request.id = event.id;
    request.due = row.due;
    if (const auto* const wall = std::get_if<WallTime>(&event.due)) {
      const absl::StatusOr<Zone> zone = clock_.zone(wall->zone);
      if (!zone.ok()) return zone.status();
      request.due = LocalDue{wall->local, *zone, wall->resolve};
    }
    if (event.every) request.repeat = masterclock::Every{*event.every};
    if (event.days) request.repeat = masterclock::Daily{.days = *event.days};
    request.on_misfire = event.on_misfire;
    request.type = event.type;
    request.payload = event.payload;
    request.on_duplicate = masterclock::OnDuplicate::kReplace;
    // The store enforces `max_lateness`, because it records the dropped events.
    request.action = [this, serial = row.serial](const FiredEvent& fired) { fire(serial, fired); };
  }
  return clock_.scheduler().schedule_all(std::move(requests)).status();
}

void EventStore::fire(std::int64_t serial, const FiredEvent& event) {
  const std::lock_guard firing(firing_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (halted_) throw std::runtime_error(std::string(status_.message()));
    firing_serial_ = serial;
  }
  std::string failure;
  const absl::Status done = fire_locked(serial, event, failure);
  {
    const std::lock_guard lock(mutex_);
    firing_serial_ = 0;
    if (!done.ok()) {
      status_.Update(done);
      halted_ = true;
      loaded_ = 0;
      handed_.clear();
    }
  }
  if (!done.ok()) throw std::runtime_error(std::string(done.message()));
  if (!failure.empty()) throw std::runtime_error(failure);
}

absl::Status EventStore::fire_locked(std::int64_t serial, const FiredEvent& event,
                                     std::string& failure) {
  const absl::StatusOr<FiringLock::Held> held = firing_.lock(serial);
  if (!held.ok()) return held.status();
  std::optional<PendingRow> row;
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    // The write lock orders this firing and a cancellation by another process. Either the cancellation
    // sees the firing lock, or this thread sees no row.
    absl::StatusOr<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction.ok()) return transaction.status();
    auto rows = read("WHERE serial = ?1", {serial});
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return absl::OkStatus();
    row = std::move(rows->front());
    handler = handler_of(row->event.type);
  }
  if (auto good = resolved(*std::move(row)); good.ok()) {
    row = *std::move(good);
  } else {
    return good.status();
  }
  // Another process, or this one before a failure, has committed this occurrence.
  if (row->event.repeats() && event.due < row->due) return absl::OkStatus();

  Firing firing(*this, event);
  std::string outcome = "fired";
  if (row->event.max_lateness && event.lateness > *row->event.max_lateness) {
    outcome = "dropped";
  } else if (handler) {
    const absl::Status handled = call(handler, firing);
    if (absl::IsUnavailable(handled)) return handled;
    if (!handled.ok()) failure = reason_of(handled);
  }
  const absl::StatusOr<std::optional<StoredEvent>> next = after(*row, event.due);
  if (!next.ok()) return next.status();

  {
    const std::lock_guard lock(mutex_);
    absl::StatusOr<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction.ok()) return transaction.status();
    if (failure.empty()) {
      if (absl::Status set = database_->run("SAVEPOINT handler"); !set.ok()) return set;
      if (absl::Status added = add_all(firing); !added.ok()) {
        failure = reason_of(added);
        absl::Status undone = database_->run("ROLLBACK TO handler");
        if (!undone.ok()) return undone;
      }
      if (absl::Status freed = database_->run("RELEASE handler"); !freed.ok()) return freed;
    }
    if (!failure.empty()) {
      outcome = "failed";
      firing.followers_.clear();
    }
    absl::Status recorded = database_->run(
        "INSERT INTO fired (serial, id, type, payload, due, fired, lateness, skipped, outcome,"
        " error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        {serial, event.id, event.type, event.payload, common::utc_text(event.due),
         common::utc_text(event.fired), event.lateness.count(), event.skipped, outcome, failure});
    if (recorded.ok()) recorded = replace(serial, *next);
    if (recorded.ok()) recorded = transaction->commit();
    if (!recorded.ok()) return recorded;
    for (const PendingRow& follower : firing.followers_) handed_.insert(follower.serial);
  }
  return hand_over(firing.followers_);
}

absl::Status EventStore::add_all(Firing& firing) {
  for (PendingRow& follower : firing.followers_) {
    if (absl::Status inserted = insert(follower); !inserted.ok()) return inserted;
  }
  for (const Firing::Write& write : firing.writes_) {
    if (absl::Status written = database_->run(write.sql, write.values); !written.ok()) {
      return written;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<StoredEvent>> EventStore::after(const PendingRow& row,
                                                             UtcTime fired_due) const {
  using std::chrono::days;
  std::optional<StoredEvent> next = row.event;
  if (next->every) {
    if (*next->every > masterclock::saturating_difference(UtcTime::max(), fired_due)) {
      return std::nullopt;
    }
    next->due = fired_due + *next->every;
    return next;
  }
  if (!next->days) return std::nullopt;
  WallTime& wall = std::get<WallTime>(next->due);
  const absl::StatusOr<Zone> zone = clock_.zone(wall.zone);
  if (!zone.ok()) return zone.status();
  // An occurrence may lie on the date before or after its own, where a gap moves it over midnight.
  const auto date = std::max(std::chrono::floor<days>(wall.local) + days(1),
                             std::chrono::floor<days>(zone->to_local(fired_due)) - days(1));
  const auto occurrence = occurrence_from(date, fired_due, *zone, wall, *next->days);
  if (!occurrence) return std::nullopt;
  wall.local = occurrence->local;
  return next;
}

}  // namespace event_store
