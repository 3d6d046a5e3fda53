#include "scoreboard.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "masterclock/timers/clock_display.h"
#include "wire.h"

namespace scoreboard {
namespace {

using masterclock::ClockKey;
using masterclock::ClockLog;
using masterclock::ClockReading;
using masterclock::ClockRecord;
using masterclock::ClockReport;
using masterclock::ClockRules;
using masterclock::CountClock;
using masterclock::KeyedCommand;
using masterclock::LogOutcome;
using masterclock::LogTime;
using masterclock::LogVerb;

constexpr std::size_t kPage = 1'000;

std::map<ClockKey, ClockRules> rules_of(const std::map<ClockKey, StoredClock>& clocks) {
  std::map<ClockKey, ClockRules> rules;
  for (const auto& [key, clock] : clocks) rules.emplace(key, clock.rules);
  return rules;
}

json record_json(const ClockRecord& record) {
  return {{"sequence", record.sequence},
          {"command_id", record.command_id},
          {"verb", to_string(record.verb)},
          {"utc_ns", record.at.utc.time_since_epoch().count()},
          {"commands", to_json(record.commands)}};
}

json button(const ClockRecord* record) { return record == nullptr ? json() : record_json(*record); }

}  // namespace

absl::StatusOr<std::unique_ptr<Scoreboard>> Scoreboard::open(masterclock::MasterClock& clock,
                                                             Store& store,
                                                             ScoreboardOptions options) {
  std::unique_ptr<Scoreboard> scoreboard(new Scoreboard(clock, store, std::move(options)));
  auto clocks = store.clocks();
  if (!clocks.ok()) return clocks.status();
  scoreboard->clocks_ = *std::move(clocks);
  if (absl::Status replayed = scoreboard->replay(); !replayed.ok()) return replayed;
  // The first record of a boot asks for the decision on the clocks that ran.
  if (const auto alive = scoreboard->record(LogVerb::kAlive, "", {}); !alive.ok()) {
    return alive.status();
  }
  scoreboard->show(scoreboard->now());
  return scoreboard;
}

Scoreboard::Scoreboard(masterclock::MasterClock& clock, Store& store, ScoreboardOptions options)
    : clock_(clock),
      store_(store),
      options_(std::move(options)),
      board_(clock.scheduler(), [this](const ClockReport& report) {
        if (options_.on_report) options_.on_report(report);
      }) {}

LogTime Scoreboard::now() const {
  return {clock_.source().now_steady(), clock_.source().now_utc(), options_.boot};
}

// Computes the log from the store.
absl::Status Scoreboard::replay() {
  ClockLog log(rules_of(clocks_), options_.policy);
  std::map<std::string, std::uint64_t> ids;
  for (;;) {
    auto page = store_.records(log.last_sequence() + 1, kPage);
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    for (ClockRecord& record : *page) {
      if (!record.command_id.empty()) ids.emplace(record.command_id, record.sequence);
      if (const auto outcome = log.append(std::move(record)); !outcome.ok()) {
        return absl::DataLossError(std::string(outcome.status().message()));
      }
    }
  }
  log_.emplace(std::move(log));
  ids_ = std::move(ids);
  return absl::OkStatus();
}

absl::Status Scoreboard::try_out(const LogTime& at,
                                 const std::vector<KeyedCommand>& commands) const {
  std::map<ClockKey, CountClock> trial = log_->clocks(at);
  for (const KeyedCommand& keyed : commands) {
    const auto found = trial.find(keyed.key);
    if (found == trial.end() || clocks_.at(keyed.key).removed) {
      return absl::NotFoundError("There is no clock " + to_string(keyed.key));
    }
    const auto change = found->second.apply(at.steady, keyed.command);
    if (!change.ok()) {
      return absl::FailedPreconditionError(to_string(keyed.key) + ": " +
                                           std::string(change.status().message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> Scoreboard::record(LogVerb verb, const std::string& id,
                                          const std::vector<KeyedCommand>& commands) {
  const std::lock_guard lock(mutex_);
  if (const auto known = ids_.find(id); known != ids_.end()) {
    return Answer{known->second, LogOutcome::kDuplicate};
  }
  ClockRecord record{0, now(), id, commands, verb};
  if (absl::Status possible = try_out(record.at, commands); !possible.ok()) return possible;
  const auto sequence = store_.append(record);
  if (!sequence.ok()) return sequence.status();
  record.sequence = *sequence;
  if (!id.empty()) ids_.emplace(id, *sequence);
  const LogTime at = record.at;
  const auto outcome = log_->append(std::move(record));
  if (!outcome.ok()) return outcome.status();
  if (*outcome == LogOutcome::kDone) show(at);
  return Answer{*sequence, *outcome};
}

// Gives the board the clocks of the log. It reports those that differ.
void Scoreboard::show(const LogTime& at) {
  for (const auto& [key, clock] : log_->clocks(at)) {
    if (!clocks_.at(key).removed) board_.put(key, clock);
  }
}

absl::StatusOr<Answer> Scoreboard::command(const std::string& id,
                                           const std::vector<KeyedCommand>& commands) {
  return record(LogVerb::kCommand, id, commands);
}
absl::StatusOr<Answer> Scoreboard::undo(const std::string& id) {
  return record(LogVerb::kUndo, id, {});
}
absl::StatusOr<Answer> Scoreboard::redo(const std::string& id) {
  return record(LogVerb::kRedo, id, {});
}
absl::StatusOr<Answer> Scoreboard::decide(const std::string& id, bool let_run_on) {
  return record(let_run_on ? LogVerb::kContinue : LogVerb::kFreeze, id, {});
}

absl::Status Scoreboard::add_clock(const ClockKey& key, const ClockRules& rules) {
  const std::lock_guard lock(mutex_);
  if (const auto made = CountClock::make(rules); !made.ok()) return made.status();
  if (absl::Status stored = store_.add_clock(key, rules); !stored.ok()) return stored;
  clocks_.insert_or_assign(key, StoredClock{rules, false});
  if (absl::Status replayed = replay(); !replayed.ok()) return replayed;
  show(now());
  return absl::OkStatus();
}

absl::Status Scoreboard::remove_clock(const ClockKey& key) {
  const std::lock_guard lock(mutex_);
  if (absl::Status stored = store_.remove_clock(key); !stored.ok()) return stored;
  clocks_.at(key).removed = true;
  board_.remove(key);
  return absl::OkStatus();
}

json Scoreboard::state() const {
  const std::lock_guard lock(mutex_);
  json clocks = json::array();
  std::uint64_t revision = 0;
  const std::vector<ClockReport> reports = board_.readings();
  for (const ClockReport& report : reports) {
    const ClockReading& reading = report.reading;
    revision = std::max(revision, report.revision);
    const auto direction = clocks_.at(report.key).rules.direction;
    json clock = {{"kind", report.key.kind},
                  {"id", report.key.id},
                  {"value_ns", reading.value.count()},
                  {"state", to_string(reading.state)},
                  {"rate", reading.rate},
                  {"expires_in_ns", nullptr},
                  {"shown", masterclock::clock_text(reading.value, direction)}};
    if (reading.expires_at) clock["expires_in_ns"] = (*reading.expires_at - report.at).count();
    clocks.push_back(std::move(clock));
  }
  const masterclock::UtcTime utc =
      reports.empty() ? clock_.source().now_utc() : reports.front().at_utc;
  return {{"server_utc_ns", utc.time_since_epoch().count()},
          {"revision", revision},
          {"sequence", log_->last_sequence()},
          {"clocks", std::move(clocks)},
          {"next_undo", button(log_->next_undo())},
          {"next_redo", button(log_->next_redo())},
          {"needs_decision", log_->needs_decision()}};
}

absl::StatusOr<json> Scoreboard::history(std::uint64_t first) const {
  const std::lock_guard lock(mutex_);
  const auto records = store_.records(first, kPage);
  if (!records.ok()) return records.status();
  json result = json::array();
  for (const ClockRecord& record : *records) result.push_back(record_json(record));
  return result;
}

}  // namespace scoreboard
