#include "event_store.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "masterclock/internal/quoted.h"
#include "masterclock/time/rfc3339.h"

namespace event_store {

using common::Database;
using common::DatabaseOptions;
using common::Statement;
using common::Transaction;
using common::Value;

namespace {

using masterclock::Daily;
using masterclock::EventRequest;
using masterclock::Every;
using masterclock::FiredEvent;
using masterclock::LocalDue;
using masterclock::LocalTime;
using masterclock::UtcTime;
using masterclock::Zone;

using std::chrono::nanoseconds;

std::string in_quotes(std::string_view text) { return masterclock::internal::quoted(text); }

constexpr std::int64_t kApplicationId = 0x4d434576;  // "MCev": whose file this is
constexpr std::int64_t kSchemaVersion = 2;

// UNIQUE (serial, due) is the promise itself: no occurrence is committed as fired twice.
constexpr const char* kSchema[] = {
    "CREATE TABLE pending ("
    " serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,"
    " payload TEXT NOT NULL, due TEXT, wall TEXT, zone TEXT, resolve TEXT, every INTEGER,"
    " days TEXT, on_misfire TEXT NOT NULL, max_lateness INTEGER,"
    " CHECK ((due IS NULL) = (wall IS NOT NULL)),"
    " CHECK ((wall IS NULL) = (zone IS NULL) AND (wall IS NULL) = (resolve IS NULL))) STRICT",
    "CREATE TABLE fired ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, serial INTEGER NOT NULL, id TEXT NOT NULL,"
    " type TEXT NOT NULL, payload TEXT NOT NULL, due TEXT NOT NULL, fired TEXT NOT NULL,"
    " lateness INTEGER NOT NULL, skipped INTEGER NOT NULL, outcome TEXT NOT NULL,"
    " error TEXT NOT NULL, UNIQUE (serial, due)) STRICT"};

constexpr std::string_view kColumns =
    "SELECT serial, id, type, payload, due, wall, zone, resolve, every, on_misfire,"
    " max_lateness, days FROM pending ";

std::optional<std::int64_t> count_of(const std::optional<nanoseconds>& duration) {
  return duration ? std::optional<std::int64_t>(duration->count()) : std::nullopt;
}

std::optional<nanoseconds> duration_in(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(nanoseconds(row.integer(column)));
}

absl::StatusOr<std::int64_t> number_from(Database& database, std::string_view sql) {
  absl::StatusOr<Statement> row = database.query(sql);
  if (!row.ok()) return row.status();
  const absl::StatusOr<bool> found = row->step();
  if (!found.ok()) return found.status();
  return *found ? row->integer(0) : 0;
}

// What `handler` says, or what it throws.
absl::Status call(const EventStore::Handler& handler, Firing& firing) {
  try {
    return handler(firing);
  } catch (const std::exception& error) {
    return absl::UnknownError(error.what());
  } catch (...) {
    return absl::UnknownError("an exception that is no std::exception");
  }
}

}  // namespace

absl::Status Firing::schedule(const StoredEvent& event) {
  absl::StatusOr<PendingRow> row = store_.insert(event);
  if (!row.ok()) return row.status();
  followers_.push_back(*std::move(row));
  return absl::OkStatus();
}

EventStore::EventStore(masterclock::MasterClock& clock, std::unique_ptr<Database> database)
    : clock_(clock), database_(std::move(database)) {}

EventStore::~EventStore() = default;

absl::StatusOr<std::unique_ptr<EventStore>> EventStore::open(masterclock::MasterClock& clock,
                                                             std::string path,
                                                             DatabaseOptions options) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::open(std::move(path), options);
  if (!database.ok()) return database.status();
  std::unique_ptr<EventStore> store(new EventStore(clock, *std::move(database)));
  if (absl::Status prepared = store->prepare_schema(); !prepared.ok()) return prepared;
  return store;
}

absl::Status EventStore::prepare_schema() {
  absl::StatusOr<Transaction> transaction = Transaction::begin(*database_);
  if (!transaction.ok()) return transaction.status();
  const auto owner = number_from(*database_, "PRAGMA application_id");
  if (!owner.ok()) return owner.status();
  const auto version = number_from(*database_, "PRAGMA user_version");
  if (!version.ok()) return version.status();
  const auto tables = number_from(*database_, "SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*owner == kApplicationId && *version == kSchemaVersion) return transaction->commit();
  if (*owner == kApplicationId) {
    return database_->error(absl::StatusCode::kFailedPrecondition,
                            "is of version " + std::to_string(*version) + ", expected " +
                                std::to_string(kSchemaVersion));
  }
  if (*owner != 0 || *tables != 0) {
    return database_->error(absl::StatusCode::kFailedPrecondition,
                            "is a database of something else");
  }
  for (const char* const table : kSchema) {
    if (absl::Status made = database_->run(table); !made.ok()) return made;
  }
  const std::string owned = "PRAGMA application_id = " + std::to_string(kApplicationId);
  if (absl::Status set = database_->run(owned); !set.ok()) return set;
  const std::string versioned = "PRAGMA user_version = " + std::to_string(kSchemaVersion);
  if (absl::Status set = database_->run(versioned); !set.ok()) return set;
  return transaction->commit();
}

void EventStore::handle(std::string type, Handler handler) {
  const std::lock_guard lock(mutex_);
  handlers_[std::move(type)] = std::move(handler);
}

void EventStore::handle_others(Handler handler) {
  const std::lock_guard lock(mutex_);
  other_handler_ = std::move(handler);
}

const EventStore::Handler* EventStore::handler_of(std::string_view type) const {
  if (const auto found = handlers_.find(type); found != handlers_.end()) return &found->second;
  return other_handler_ ? &other_handler_ : nullptr;
}

absl::Status EventStore::schedule_all(const std::vector<StoredEvent>& events) {
  std::vector<PendingRow> rows;
  {
    const std::lock_guard lock(mutex_);
    absl::StatusOr<Transaction> transaction = Transaction::begin(*database_);
    if (!transaction.ok()) return transaction.status();
    for (const StoredEvent& event : events) {
      absl::StatusOr<PendingRow> row = insert(event);
      if (!row.ok()) return row.status();
      rows.push_back(*std::move(row));
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
    absl::Status gone =
        database_->run("DELETE FROM pending WHERE id = ?1", {Value(std::string(id))});
    if (!gone.ok()) return gone;
    if (database_->changes() == 0) return false;
  }
  clock_.cancel_event(id);
  return true;
}

absl::StatusOr<std::size_t> EventStore::load() {
  absl::StatusOr<std::vector<PendingRow>> rows;
  {
    const std::lock_guard lock(mutex_);
    rows = read("WHERE serial > ?1 ORDER BY serial", loaded_);
    if (!rows.ok()) return rows.status();
    std::erase_if(*rows, [this](const PendingRow& row) { return handed_.count(row.serial) > 0; });
    for (const PendingRow& row : *rows) {
      if (absl::Status wrong = check(row.event); !wrong.ok()) return wrong;
    }
    for (const PendingRow& row : *rows) handed_.insert(row.serial);
    // Serials are given under the write lock: below the highest that is known none is still to come.
    if (!handed_.empty()) {
      loaded_ = *handed_.rbegin();
      handed_.clear();
    }
  }
  if (rows->empty()) return 0;
  absl::Status refusal = hand_over(*rows);
  if (refusal.ok()) return rows->size();
  const std::lock_guard lock(mutex_);
  loaded_ = 0;
  return refusal;
}

absl::StatusOr<std::vector<PendingRow>> EventStore::pending() {
  const std::lock_guard lock(mutex_);
  absl::StatusOr<std::vector<PendingRow>> rows = read("WHERE serial > ?1 ORDER BY serial", 0);
  if (rows.ok()) {
    std::stable_sort(rows->begin(), rows->end(),
                     [](const PendingRow& a, const PendingRow& b) { return a.due < b.due; });
  }
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

absl::StatusOr<UtcTime> EventStore::due_of(const StoredEvent& event) const {
  if (const auto* const utc = std::get_if<UtcTime>(&event.due)) return *utc;
  const WallTime& wall = std::get<WallTime>(event.due);
  const absl::StatusOr<Zone> zone = clock_.zone(wall.zone);
  if (!zone.ok()) return zone.status();
  LocalTime local = wall.local;
  if (event.repeat && std::holds_alternative<Daily>(*event.repeat)) {
    const masterclock::Weekdays days = std::get<Daily>(*event.repeat).days;
    for (int day = 0; day < 6 && !days.contains(std::chrono::weekday(
                                     std::chrono::floor<std::chrono::days>(local)));
         ++day) {
      local += std::chrono::days(1);
    }
  }
  return zone->to_utc(local, wall.resolve);
}

absl::Status EventStore::check(const StoredEvent& event) const {
  const auto refuse = [&](const std::string& why) {
    return absl::InvalidArgumentError("event " + in_quotes(event.id) + ": " + why);
  };
  if (event.id.empty()) return refuse("an event that is kept needs an id");
  const auto* const every = event.repeat ? std::get_if<Every>(&*event.repeat) : nullptr;
  if (every != nullptr && every->interval <= nanoseconds(0)) {
    return refuse("the interval is not positive");
  }
  if (event.max_lateness && *event.max_lateness < nanoseconds(0)) {
    return refuse("max_lateness is negative");
  }
  if (handler_of(event.type) == nullptr) {
    return absl::FailedPreconditionError("event " + in_quotes(event.id) +
                                         ": nobody handles the type " + in_quotes(event.type));
  }
  return absl::OkStatus();
}

absl::StatusOr<PendingRow> EventStore::insert(const StoredEvent& event) {
  if (absl::Status wrong = check(event); !wrong.ok()) return wrong;
  const absl::StatusOr<UtcTime> due = due_of(event);
  if (!due.ok()) return due.status();
  std::optional<std::string> utc, local, zone, resolve;
  if (const auto* const wall = std::get_if<WallTime>(&event.due)) {
    local = to_text(wall->local);
    zone = wall->zone;
    resolve = to_text(wall->resolve);
  } else {
    utc = to_text(*due);
  }
  std::optional<std::int64_t> every;
  std::optional<std::string> days;
  if (event.repeat) {
    if (const auto* const elapsed = std::get_if<Every>(&*event.repeat)) {
      every = elapsed->interval.count();
    } else {
      days = to_string(std::get<Daily>(*event.repeat).days);
    }
  }
  absl::Status inserted = database_->run(
      "INSERT INTO pending (id, type, payload, due, wall, zone, resolve, every, on_misfire,"
      " max_lateness, days) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
      " ON CONFLICT (id) DO NOTHING",
      {event.id, event.type, event.payload, utc, local, zone, resolve, every,
       to_text(event.on_misfire), count_of(event.max_lateness), days});
  if (!inserted.ok()) return inserted;
  if (database_->changes() == 0) {
    return database_->error(absl::StatusCode::kAlreadyExists,
                            "event " + in_quotes(event.id) + " is already pending");
  }
  return PendingRow{database_->last_rowid(), event, *due};
}

absl::StatusOr<std::vector<PendingRow>> EventStore::read(std::string_view condition,
                                                         std::int64_t value) {
  absl::StatusOr<Statement> row =
      database_->query(std::string(kColumns) + std::string(condition), {value});
  if (!row.ok()) return row.status();
  std::vector<PendingRow> rows;
  for (;;) {
    const absl::StatusOr<bool> more = row->step();
    if (!more.ok()) return more.status();
    if (!*more) return rows;
    absl::StatusOr<PendingRow> read = read_row(*row);
    if (!read.ok()) {
      return database_->error(read.status().code(), "event " + in_quotes(row->text(1)) + ": " +
                                                        std::string(read.status().message()));
    }
    rows.push_back(*std::move(read));
  }
}

absl::StatusOr<PendingRow> EventStore::read_row(const Statement& row) {
  PendingRow pending{row.integer(0), {.id = row.text(1), .type = row.text(2)}, {}};
  StoredEvent& event = pending.event;
  event.payload = row.text(3);
  if (row.is_null(4)) {
    const auto local = parse_wall(row.text(5));
    if (!local.ok()) return absl::DataLossError(local.status().message());
    const auto resolve = parse_resolve(row.text(7));
    if (!resolve.ok()) return absl::DataLossError(resolve.status().message());
    event.due = WallTime{*local, row.text(6), *resolve};
  } else {
    const auto utc = masterclock::parse_rfc3339(row.text(4));
    if (!utc.ok()) return absl::DataLossError(utc.status().message());
    event.due = *utc;
  }
  if (const auto every = duration_in(row, 8)) event.repeat = Every{*every};
  if (!row.is_null(11)) {
    const auto days = parse_days(row.text(11));
    if (!days.ok()) return absl::DataLossError(days.status().message());
    event.repeat = Daily{.days = *days};
  }
  const auto on_misfire = parse_on_misfire(row.text(9));
  if (!on_misfire.ok()) return absl::DataLossError(on_misfire.status().message());
  event.on_misfire = *on_misfire;
  event.max_lateness = duration_in(row, 10);
  const absl::StatusOr<UtcTime> due = due_of(event);
  if (!due.ok()) return due.status();
  pending.due = *due;
  return pending;
}

absl::Status EventStore::hand_over(const std::vector<PendingRow>& rows) {
  std::vector<EventRequest> requests;
  requests.reserve(rows.size());
  for (const PendingRow& row : rows) {
    const StoredEvent& event = row.event;
    EventRequest& request = requests.emplace_back();
    request.id = event.id;
    request.type = event.type;
    request.payload = event.payload;
    if (const auto* const wall = std::get_if<WallTime>(&event.due)) {
      const absl::StatusOr<Zone> zone = clock_.zone(wall->zone);
      if (!zone.ok()) return zone.status();
      request.due = LocalDue{wall->local, *zone, wall->resolve};
    } else {
      request.due = row.due;
    }
    request.repeat = event.repeat;
    request.on_misfire = event.on_misfire;
    request.on_duplicate = masterclock::OnDuplicate::kReplace;
    // `max_lateness` is not the scheduler's to enforce: that an event was too late is to be
    // committed too.
    request.action = [this, serial = row.serial](const FiredEvent& fired) { fire(serial, fired); };
  }
  return clock_.scheduler().schedule_all(std::move(requests)).status();
}

void EventStore::fire(std::int64_t serial, const FiredEvent& event) {
  std::vector<PendingRow> followers;
  std::string failure;
  {
    const std::lock_guard lock(mutex_);
    absl::Status committed = commit_firing(serial, event, followers, failure);
    if (!committed.ok()) {
      status_.Update(committed);
      loaded_ = 0;
      handed_.clear();
      throw std::runtime_error(std::string(committed.message()));
    }
    for (const PendingRow& row : followers) handed_.insert(row.serial);
  }
  if (absl::Status refusal = hand_over(followers); !refusal.ok()) {
    const std::lock_guard lock(mutex_);
    status_.Update(refusal);
    loaded_ = 0;
    handed_.clear();
    throw std::runtime_error(std::string(refusal.message()));
  }
  if (!failure.empty()) throw std::runtime_error(failure);
}

absl::Status EventStore::commit_firing(std::int64_t serial, const FiredEvent& event,
                                       std::vector<PendingRow>& followers, std::string& failure) {
  absl::StatusOr<Transaction> transaction = Transaction::begin(*database_);
  if (!transaction.ok()) return transaction.status();
  const absl::StatusOr<std::vector<PendingRow>> rows = read("WHERE serial = ?1", serial);
  if (!rows.ok()) return rows.status();
  // Cancelled in the database, or fired by another process; of a repeating event, an occurrence
  // that is committed already.
  if (rows->empty()) return absl::OkStatus();
  const PendingRow& row = rows->front();
  if (row.event.repeat && event.due < row.due) return absl::OkStatus();

  std::string outcome = "fired";
  if (row.event.max_lateness && event.lateness > *row.event.max_lateness) {
    outcome = "dropped";
  } else if (const Handler* const handler = handler_of(row.event.type)) {
    if (absl::Status set = database_->run("SAVEPOINT handler"); !set.ok()) return set;
    Firing firing(*this, *database_, event);
    const absl::Status handled = call(*handler, firing);
    if (handled.ok()) {
      followers = std::move(firing.followers_);
    } else {
      outcome = "failed";
      failure = std::string(handled.message());
      if (failure.empty()) failure = "the handler failed and did not say why";
      absl::Status undone = database_->run("ROLLBACK TO handler");
      if (!undone.ok()) return undone;
    }
    if (absl::Status released = database_->run("RELEASE handler"); !released.ok()) return released;
  }
  absl::Status recorded = database_->run(
      "INSERT INTO fired (serial, id, type, payload, due, fired, lateness, skipped, outcome, error)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      {serial, event.id, event.type, event.payload, to_text(event.due), to_text(event.fired),
       event.lateness.count(), event.skipped, outcome, failure});
  if (!recorded.ok()) return recorded;
  if (absl::Status next = put_next(row, event.due); !next.ok()) return next;
  return transaction->commit();
}

// Takes the occurrence at `fired_due` off the list, and puts the next one there if there is one.
absl::Status EventStore::put_next(const PendingRow& row, UtcTime fired_due) {
  if (row.event.repeat && std::holds_alternative<Daily>(*row.event.repeat)) {
    const auto& wall = std::get<WallTime>(row.event.due);
    const absl::StatusOr<Zone> zone = clock_.zone(wall.zone);
    if (!zone.ok()) return zone.status();
    constexpr int kMostDays = 400;
    LocalTime next = wall.local;
    for (int day = 0; day < kMostDays; ++day) {
      next += std::chrono::days(1);
      const std::chrono::weekday weekday(std::chrono::floor<std::chrono::days>(next));
      if (!std::get<Daily>(*row.event.repeat).days.contains(weekday)) continue;
      const absl::StatusOr<UtcTime> due = zone->to_utc(next, wall.resolve);
      if (!due.ok() || *due <= fired_due) continue;
      return database_->run("UPDATE pending SET wall = ?2 WHERE serial = ?1",
                            {row.serial, to_text(next)});
    }
  } else if (row.event.repeat) {
    const nanoseconds interval = std::get<Every>(*row.event.repeat).interval;
    const UtcTime next = masterclock::saturating_add(fired_due, interval);
    if (next != UtcTime::max()) {
      return database_->run(
          "UPDATE pending SET due = ?2, wall = NULL, zone = NULL, resolve = NULL WHERE serial = ?1",
          {row.serial, to_text(next)});
    }
  }
  return database_->run("DELETE FROM pending WHERE serial = ?1", {row.serial});
}

}  // namespace event_store
