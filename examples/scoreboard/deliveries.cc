#include "deliveries.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/json_line.h"
#include "common/small_file.h"
#include "wire.h"

namespace scoreboard {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kLongestRetry = 3'600'000'000'000;  // ns
constexpr int kDelivered = 1, kFailed = 2, kDead = 3;

// Returns the start time of a process, in ticks since the boot, or 0 for one that is gone.
std::int64_t start_of(std::int64_t pid) {
  const auto text = common::read_small_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text.ok()) return 0;
  // The name in parentheses may contain anything. The state follows it, and 19 fields later the start.
  std::size_t at = text->rfind(") ");
  if (at == std::string::npos || (*text)[at + 2] == 'Z') return 0;
  ++at;
  for (int field = 0; field < 19 && at != std::string::npos; ++field) at = text->find(' ', at + 1);
  std::int64_t start = 0;
  if (at != std::string::npos) {
    std::from_chars(text->data() + at + 1, text->data() + text->size(), start);
  }
  return start;
}

// An event is wanted from `first_event_id` on, and by type.
constexpr char kWanted[] =
    " e.event_id >= p.first_event_id"
    " AND (p.types = '' OR instr(',' || p.types || ',', ',' || e.event_type || ',') > 0)";

constexpr char kColumns[] =
    "SELECT e.event_id, e.event_type, e.event_payload, e.event_timestamp,"
    " COALESCE(d.attempts, 0), COALESCE(d.retry_at_ns, 0)";

// Returns the first event after `after` that is not delivered to `destination`, with the columns above.
//
// Up to `through`, all events were delivered or given up, unless their rows say otherwise: an index has these rows.
// Therefore the cost does not grow with the events.
absl::StatusOr<std::optional<SqlRow>> first_pending(Sql& sql, const std::string& destination,
                                                    std::int64_t after, std::int64_t& through) {
  const auto last = sql.run("SELECT COALESCE(MAX(event_id), 0) FROM events");
  if (!last.ok()) return last.status();
  auto again = sql.run(std::string(kColumns) +
                           " FROM deliveries d JOIN destinations p ON p.destination = d.destination"
                           " JOIN events e ON e.event_id = d.event_id"
                           " WHERE d.destination = ?1 AND d.event_id > ?2 AND d.delivered IN (0, 2)"
                           " AND" +
                           kWanted + " ORDER BY d.event_id LIMIT 1",
                       {destination, after});
  if (!again.ok()) return again.status();
  auto first = sql.run(std::string(kColumns) +
                           " FROM destinations p CROSS JOIN events e LEFT JOIN deliveries d"
                           " ON d.destination = p.destination AND d.event_id = e.event_id"
                           " WHERE p.destination = ?1 AND e.event_id > ?2 AND d.event_id IS NULL"
                           " AND" +
                           kWanted + " ORDER BY e.event_id LIMIT 1",
                       {destination, std::max(after, through)});
  if (!first.ok()) return first.status();
  if (after <= through) {
    through =
        first->rows.empty() ? last->rows.front().integer(0) : first->rows.front().integer(0) - 1;
  }
  if (again->rows.empty() && first->rows.empty()) return std::nullopt;
  if (again->rows.empty()) return first->rows.front();
  if (first->rows.empty()) return again->rows.front();
  const bool older = again->rows.front().integer(0) < first->rows.front().integer(0);
  return older ? again->rows.front() : first->rows.front();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Deliveries>> Deliveries::open(const std::string& database,
                                                             const std::string& destination,
                                                             const DestinationOptions& options) {
  auto opened = Sql::open(database, false);
  if (!opened.ok()) return opened.status();
  std::unique_ptr<Deliveries> deliveries(new Deliveries(*std::move(opened), destination));
  if (absl::Status status = deliveries->registered(options); !status.ok()) return status;
  return deliveries;
}

absl::Status Deliveries::registered(const DestinationOptions& options) {
  auto transaction = SqlTransaction::begin(*sql_);
  if (!transaction.ok()) return transaction.status();
  const auto known =
      sql_->run("SELECT pid, started FROM destinations WHERE destination = ?1", {destination_});
  if (!known.ok()) return known.status();
  for (const SqlRow& row : known->rows) {
    if (!row.is_null(0) && row.integer(0) != ::getpid() &&
        start_of(row.integer(0)) == row.integer(1)) {
      return absl::FailedPreconditionError("Process " + row.text(0) + " pushes to " + destination_ +
                                           " already");
    }
  }
  std::string types;
  for (const std::string& type : options.types) types += (types.empty() ? "" : ",") + type;
  const auto stored = sql_->run(
      "INSERT INTO destinations (destination, first_event_id, types, pid, started)"
      " VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (destination) DO UPDATE SET types = ?3, pid = ?4, started = ?5",
      {destination_, options.from, types, std::int64_t{::getpid()}, start_of(::getpid())});
  return stored.ok() ? transaction->commit() : stored.status();
}

absl::StatusOr<std::optional<PendingDelivery>> Deliveries::next(std::int64_t after,
                                                                masterclock::SteadyTime now) {
  const auto first = first_pending(*sql_, destination_, after, through_);
  if (!first.ok()) return first.status();
  if (!*first) return std::nullopt;
  const SqlRow& row = **first;
  PendingDelivery delivery{row.integer(0), {}, static_cast<int>(row.integer(4)), {}};
  delivery.line =
      common::json_line(json{{"event_id", delivery.event_id},
                             {"event_type", row.text(1)},
                             {"event_payload", json::parse(row.text(2), nullptr, false)},
                             {"event_timestamp", row.integer(3)}});
  const std::int64_t now_ns = nanoseconds(now.time_since_epoch()).count();
  if (row.integer(5) <= now_ns + kLongestRetry) {
    delivery.due = masterclock::SteadyTime(nanoseconds(row.integer(5)));
  }
  return delivery;
}

absl::Status Deliveries::delivered(std::int64_t event_id, std::int64_t utc_s) {
  return sql_
      ->run(
          "INSERT INTO deliveries (event_id, destination, delivered, delivered_at)"
          " VALUES (?1, ?2, ?3, ?4)"
          " ON CONFLICT (destination, event_id) DO UPDATE SET delivered = ?3, delivered_at = ?4, "
          "error = NULL",
          {event_id, destination_, std::int64_t{kDelivered}, utc_s})
      .status();
}

absl::Status Deliveries::failed(const PendingDelivery& delivery, masterclock::SteadyTime retry,
                                const std::string& why) {
  return note(delivery, kFailed, nanoseconds(retry.time_since_epoch()).count(), why);
}

absl::Status Deliveries::dead(const PendingDelivery& delivery, const std::string& why) {
  return note(delivery, kDead, 0, why);
}

absl::Status Deliveries::note(const PendingDelivery& delivery, int state, std::int64_t retry_ns,
                              const std::string& why) {
  return sql_
      ->run(
          "INSERT INTO deliveries (event_id, destination, delivered, attempts, retry_at_ns, error)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
          " ON CONFLICT (destination, event_id) DO UPDATE SET delivered = ?3, attempts = ?4, "
          "retry_at_ns = ?5, error = ?6",
          {delivery.event_id, destination_, std::int64_t{state},
           std::int64_t{delivery.failures} + 1, retry_ns, why})
      .status();
}

absl::Status Deliveries::close() {
  return sql_
      ->run("UPDATE destinations SET pid = NULL WHERE destination = ?1 AND pid = ?2",
            {destination_, std::int64_t{::getpid()}})
      .status();
}

absl::StatusOr<std::unique_ptr<DeliveryDesk>> DeliveryDesk::open(const std::string& database) {
  auto opened = Sql::open(database, false);
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<DeliveryDesk>(new DeliveryDesk(*std::move(opened)));
}

absl::StatusOr<PusherState> DeliveryDesk::state() {
  PusherState state;
  const auto pushers =
      sql_->run("SELECT destination, pid, started FROM destinations WHERE pid IS NOT NULL");
  if (!pushers.ok()) return pushers.status();
  for (const SqlRow& row : pushers->rows) {
    const bool alive = start_of(row.integer(1)) == row.integer(2);
    if (state.status != "dead") state.status = alive ? "healthy" : "dead";
    const auto oldest = first_pending(*sql_, row.text(0), 0, through_[row.text(0)]);
    if (!oldest.ok()) return oldest.status();
    if (!*oldest) continue;
    const std::int64_t utc_s = (*oldest)->integer(3);
    state.oldest_utc_s = std::min(state.oldest_utc_s.value_or(utc_s), utc_s);
  }
  const auto letters = sql_->run("SELECT COUNT(*) FROM deliveries WHERE delivered = 3");
  if (!letters.ok()) return letters.status();
  state.dead_letters = letters->rows.front().integer(0);
  if (state.oldest_utc_s && state.status == "healthy") state.status = "pending";
  return state;
}

absl::StatusOr<json> DeliveryDesk::dead_letters() {
  const auto letters = sql_->run(
      "SELECT d.event_id, d.destination, e.event_type, d.attempts, d.error"
      " FROM deliveries d JOIN events e ON e.event_id = d.event_id"
      " WHERE d.delivered = 3 ORDER BY d.event_id DESC LIMIT 200");
  if (!letters.ok()) return letters.status();
  json result = json::array();
  for (const SqlRow& row : letters->rows) {
    result.push_back({{"event_id", row.integer(0)},
                      {"destination", row.text(1)},
                      {"event_type", row.text(2)},
                      {"attempts", row.integer(3)},
                      {"error", row.text(4)}});
  }
  return result;
}

absl::StatusOr<std::int64_t> DeliveryDesk::resend(std::optional<std::int64_t> event_id,
                                                  std::optional<std::int64_t> since) {
  const auto value = [](std::optional<std::int64_t> number) {
    return number ? SqlValue(*number) : SqlValue();
  };
  const auto updated = sql_->run(
      "UPDATE deliveries SET delivered = 0, attempts = 0, retry_at_ns = 0"
      " WHERE delivered = 3 AND (event_id = ?1 OR event_id >= ?2)",
      {value(event_id), value(since)});
  if (!updated.ok()) return updated.status();
  return updated->changes;
}

}  // namespace scoreboard
