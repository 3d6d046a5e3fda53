#include "scoreboard.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <utility>

#include "masterclock/timers/clock_display.h"
#include "wire.h"

namespace scoreboard {
namespace {

using masterclock::ClockCommand;
using masterclock::ClockKey;
using masterclock::ClockReading;
using masterclock::ClockRecord;
using masterclock::ClockReport;
using masterclock::ClockRules;
using masterclock::ClockState;
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
  if (absl::Status started = scoreboard->start(); !started.ok()) return started;
  return scoreboard;
}

Scoreboard::Scoreboard(masterclock::MasterClock& clock, Store& store, ScoreboardOptions options)
    : clock_(clock),
      store_(store),
      options_(std::move(options)),
      board_(clock.scheduler(), [this](const ClockReport& report) {
        if (!options_.on_report) return;
        ClockReport known = report;
        ClockInfo info;
        {
          const std::lock_guard lock(infos_mutex_);
          info = infos_[report.key];
          if (report.reason == ClockReport::Reason::kChanged && ended_.erase(report.key) > 0) {
            known.reason = ClockReport::Reason::kExpired;
          }
        }
        options_.on_report(known, info);
      }) {}

absl::Status Scoreboard::start() {
  const std::lock_guard lock(mutex_);
  auto clocks = store_.clocks();
  if (!clocks.ok()) return clocks.status();
  clocks_ = *std::move(clocks);
  if (absl::Status replayed = replay(); !replayed.ok()) return replayed;
  // The first record of a boot asks for the decision on the clocks that ran.
  if (const auto alive = record(LogVerb::kAlive, "", {}); !alive.ok()) return alive.status();
  show();
  auto event = clock_.schedule_scoped_event({.due = masterclock::After{options_.alive_every},
                                             .repeat = masterclock::Every{options_.alive_every},
                                             .on_misfire = masterclock::OnMisfire::kRunLast,
                                             .action = [this](const auto&) { note_alive(); }});
  if (!event.ok()) return event.status();
  alive_ = *std::move(event);
  return absl::OkStatus();
}

LogTime Scoreboard::now() const {
  const masterclock::TimeReading now = clock_.source().read();
  return {now.steady, now.utc, options_.boot};
}

std::optional<ClockKey> Scoreboard::game() const {
  if (options_.game) return options_.game;
  for (const auto& [key, clock] : clocks_) {
    if (!clock.removed) return key;
  }
  return std::nullopt;
}

void Scoreboard::log(std::string_view line) const {
  if (options_.log) options_.log(line);
}

// Computes the log from the store. Keeps the log of before when the store cannot be read.
absl::Status Scoreboard::replay() {
  Replayed fresh{masterclock::ClockLog(rules_of(clocks_), options_.policy), {}, {}};
  if (absl::Status read = read_records(fresh); !read.ok()) return read;
  replayed_ = std::move(fresh);
  stale_ = false;
  note_states();
  return absl::OkStatus();
}

// Appends the records that the log lacks.
absl::Status Scoreboard::catch_up() {
  if (stale_) return replay();
  const absl::Status read = read_records(*replayed_);
  note_states();
  return read;
}

absl::Status Scoreboard::read_records(Replayed& into) {
  for (;;) {
    auto page = store_.records(into.log.last_sequence() + 1, kPage);
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (ClockRecord& record : *page) {
      if (replayed_ && &into == &*replayed_) {  // what another server has stored
        if (const auto ends = try_out(record.at, record.commands); ends.ok()) note_ends(*ends);
      }
      if (!record.command_id.empty()) into.ids.emplace(record.command_id, record.sequence);
      into.last = record.at;
      if (const auto outcome = into.log.append(std::move(record)); !outcome.ok()) {
        return absl::DataLossError(std::string(outcome.status().message()));
      }
    }
  }
}

void Scoreboard::note_states() {
  shown_.clear();
  const LogTime& last = replayed_->last;
  for (const auto& [key, clock] : replayed_->log.clocks(last)) {
    shown_[key] = clock.reading(last.steady).state;
  }
}

absl::StatusOr<std::set<ClockKey>> Scoreboard::try_out(
    const LogTime& at, const std::vector<KeyedCommand>& commands) const {
  std::set<ClockKey> ends;
  if (commands.empty()) return ends;
  std::map<ClockKey, CountClock> trial = replayed_->log.clocks(at);
  for (const KeyedCommand& keyed : commands) {
    const auto found = trial.find(keyed.key);
    if (found == trial.end() || clocks_.at(keyed.key).removed) {
      return absl::NotFoundError("There is no clock " + to_string(keyed.key));
    }
    const bool ended = found->second.reading(at.steady).at_end;
    const auto change = found->second.apply(at.steady, keyed.command);
    if (!change.ok()) {
      return absl::FailedPreconditionError(to_string(keyed.key) + ": " +
                                           std::string(change.status().message()));
    }
    if (change->expired == at.steady && !ended) ends.insert(keyed.key);
  }
  return ends;
}

// Adds the batch of each clock that the commands take to its end.
absl::StatusOr<std::set<ClockKey>> Scoreboard::add_batches(ClockRecord& record) const {
  auto ends = try_out(record.at, record.commands);
  std::set<ClockKey> added;
  for (bool all = false; !all && ends.ok();) {
    all = true;
    for (const ClockKey& key : std::set(*ends)) {
      const auto batch = options_.at_end.find(key);
      if (!added.insert(key).second || batch == options_.at_end.end()) continue;
      std::vector<KeyedCommand> more = record.commands;
      more.insert(more.end(), batch->second.begin(), batch->second.end());
      auto possible = try_out(record.at, more);
      if (!possible.ok()) {
        log("At the end of " + to_string(key) + ": " + std::string(possible.status().message()));
        continue;
      }
      record.commands = std::move(more);
      ends->merge(*possible);
      all = false;
    }
  }
  return ends;
}

void Scoreboard::note_ends(const std::set<ClockKey>& ends) {
  const std::lock_guard lock(infos_mutex_);
  ended_.insert(ends.begin(), ends.end());
}

absl::StatusOr<Answer> Scoreboard::record(LogVerb verb, const std::string& id,
                                          const std::vector<KeyedCommand>& commands) {
  follow_ends();
  return store({0, now(), id, commands, verb});
}

// Stores a record, with what follows from it in one transaction, and shows it.
absl::StatusOr<Answer> Scoreboard::store(ClockRecord record, const std::optional<ClockKey>& added) {
  if (stale_) {
    if (const absl::Status read = replay(); !read.ok()) {
      return absl::UnavailableError(read.message());
    }
  }
  const std::vector<KeyedCommand> commands = record.commands;
  for (;;) {
    record.sequence = 0;
    record.commands = commands;
    if (const auto known = replayed_->ids.find(record.command_id); known != replayed_->ids.end()) {
      return Answer{known->second, LogOutcome::kDuplicate};
    }
    const auto ends = add_batches(record);
    if (!ends.ok()) return ends.status();
    LogOutcome outcome = LogOutcome::kDone;
    const auto sequence =
        store_.append(record, replayed_->log.last_sequence(), [&](std::uint64_t number) {
          record.sequence = number;
          return fold(record, outcome, added);
        });
    store_error_.clear();
    if (sequence.ok()) {
      if (!record.command_id.empty()) replayed_->ids.emplace(record.command_id, *sequence);
      replayed_->last = record.at;
      note_ends(*ends);
      show();
      return Answer{*sequence, outcome};
    }
    stale_ = record.sequence != 0;
    absl::Status failure = sequence.status();
    if (absl::IsAborted(failure) || absl::IsAlreadyExists(failure)) {  // another server was faster
      failure = catch_up();
      if (failure.ok()) continue;
    } else if (stale_) {
      (void)replay();  // tried again with the next command
    }
    store_error_ = std::string(failure.message());
    return absl::UnavailableError(store_error_);
  }
}

// Returns whether an undo or a redo would change removed clocks only.
bool Scoreboard::concerns_removed_clocks(LogVerb verb) const {
  const ClockRecord* const undone = verb == LogVerb::kUndo   ? replayed_->log.next_undo()
                                    : verb == LogVerb::kRedo ? replayed_->log.next_redo()
                                                             : nullptr;
  if (undone == nullptr) return false;
  return std::all_of(undone->commands.begin(), undone->commands.end(),
                     [this](const KeyedCommand& keyed) { return clocks_.at(keyed.key).removed; });
}

absl::StatusOr<Effects> Scoreboard::fold(const ClockRecord& record, LogOutcome& outcome,
                                         const std::optional<ClockKey>& added) {
  const std::map<ClockKey, CountClock> before = replayed_->log.clocks(record.at);
  const bool shows_nothing = concerns_removed_clocks(record.verb);
  const auto appended = replayed_->log.append(record);
  if (!appended.ok()) return appended.status();
  outcome = shows_nothing ? LogOutcome::kWithoutEffect : *appended;
  Effects effects;
  const std::optional<ClockKey> game_clock = game();
  for (const auto& [key, clock] : replayed_->log.clocks(record.at)) {
    if (clocks_.at(key).removed) continue;
    ClockStep step{key, clock.rules().direction, shown_[key], {}, clock.reading(record.at.steady)};
    if (key != added) step.value_before = before.at(key).reading(record.at.steady).value;
    std::vector<GameEvent> events = events_of(step, key == game_clock);
    if (events.empty() && step.before == step.after.state) continue;
    effects.clocks.push_back({key, step.after.value, step.after.state});
    std::move(events.begin(), events.end(), std::back_inserter(effects.events));
  }
  return effects;
}

// Finds the first clock that ends after the last record, if no further command comes.
std::optional<Scoreboard::End> Scoreboard::next_end() const {
  std::optional<End> first;
  if (replayed_->last.boot != options_.boot) return first;
  for (const auto& [key, clock] : replayed_->log.clocks(replayed_->last)) {
    const std::optional<masterclock::SteadyTime> at =
        clock.reading(replayed_->last.steady).expires_at;
    if (!at || clocks_.at(key).removed || (first && first->at <= *at)) continue;
    std::string id = "end " + to_string(key) + ' ' + options_.boot + ' ' +
                     std::to_string(at->time_since_epoch().count());
    if (!replayed_->ids.contains(id)) first = End{key, *at, std::move(id)};
  }
  return first;
}

// Records each end up to now, at its instant.
void Scoreboard::follow_ends() {
  const LogTime now = this->now();
  for (;;) {
    const std::optional<End> end = next_end();
    if (!end || end->at > now.steady) return;
    ClockRecord record{
        0, {end->at, now.utc - (now.steady - end->at), options_.boot}, end->id, {}, {}};
    if (const auto batch = options_.at_end.find(end->key); batch != options_.at_end.end()) {
      record.commands = batch->second;
      if (const auto possible = try_out(record.at, record.commands); !possible.ok()) {
        log("At the end of " + to_string(end->key) + ": " +
            std::string(possible.status().message()));
        record.commands.clear();
      }
    }
    if (record.commands.empty()) record.verb = LogVerb::kAlive;
    if (const auto stored = store(std::move(record)); !stored.ok()) {
      return log(std::string(stored.status().message()));
    }
  }
}

// Gives the board the clocks of the log, which reports those that differ, and waits for the next end.
void Scoreboard::show() {
  const LogTime at = now();
  const std::optional<ClockKey> game_clock = game();
  for (const auto& [key, clock] : replayed_->log.clocks(at)) {
    shown_[key] = clock.reading(replayed_->last.steady).state;
    if (clocks_.at(key).removed) continue;
    {
      const std::lock_guard lock(infos_mutex_);
      infos_[key] = {clock.rules().direction, key == game_clock};
    }
    board_.put(key, clock);
  }
  {
    const std::lock_guard lock(infos_mutex_);
    ended_.clear();
  }
  end_.cancel();
  const std::optional<End> end = next_end();
  if (!end) return;
  auto event = clock_.schedule_scoped_event({.due = end->at, .action = [this](const auto&) {
                                               {
                                                 const std::lock_guard lock(mutex_);
                                                 follow_ends();
                                               }
                                               if (options_.on_change) options_.on_change();
                                             }});
  if (event.ok()) end_ = *std::move(event);
}

// A freeze after a reboot pauses the clocks at the last sign of life.
void Scoreboard::note_alive() {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, state] : shown_) {
    if (state != ClockState::kRunning || clocks_.at(key).removed) continue;
    const auto stored = record(LogVerb::kAlive, "", {});
    if (!stored.ok()) log(std::string(stored.status().message()));
    return;
  }
}

absl::StatusOr<Answer> Scoreboard::command(const std::string& id,
                                           const std::vector<KeyedCommand>& commands) {
  return changed(LogVerb::kCommand, id, commands);
}
absl::StatusOr<Answer> Scoreboard::undo(const std::string& id) {
  return changed(LogVerb::kUndo, id, {});
}
absl::StatusOr<Answer> Scoreboard::redo(const std::string& id) {
  return changed(LogVerb::kRedo, id, {});
}
absl::StatusOr<Answer> Scoreboard::decide(const std::string& id, bool let_run_on) {
  return changed(let_run_on ? LogVerb::kContinue : LogVerb::kFreeze, id, {});
}

absl::StatusOr<Answer> Scoreboard::changed(LogVerb verb, const std::string& id,
                                           const std::vector<KeyedCommand>& commands) {
  absl::StatusOr<Answer> answer;
  {
    const std::lock_guard lock(mutex_);
    answer = record(verb, id, commands);
  }
  if (options_.on_change) options_.on_change();
  return answer;
}

absl::StatusOr<Answer> Scoreboard::add_clock(const std::string& id, const ClockKey& key,
                                             const ClockRules& rules) {
  absl::StatusOr<Answer> answer;
  {
    const std::lock_guard lock(mutex_);
    answer = add(id, key, rules);
  }
  if (options_.on_change) options_.on_change();
  return answer;
}

absl::StatusOr<Answer> Scoreboard::add(const std::string& id, const ClockKey& key,
                                       const ClockRules& rules) {
  if (const auto made = CountClock::make(rules); !made.ok()) return made.status();
  if (const auto known = replayed_->ids.find(id); known != replayed_->ids.end()) {
    return Answer{known->second, LogOutcome::kDuplicate};
  }
  const auto known = clocks_.find(key);
  const bool is_new = known == clocks_.end();
  if (!is_new && !known->second.removed && known->second.command_id != id) {
    return absl::AlreadyExistsError("There is a clock " + to_string(key) + " already");
  }
  if (absl::Status stored = store_.add_clock(key, rules, id); !stored.ok()) {
    return absl::UnavailableError(stored.message());
  }
  if (is_new) {
    clocks_.emplace(key, StoredClock{rules, false, id});
    if (absl::Status replayed = replay(); !replayed.ok()) {
      stale_ = true;
      return absl::UnavailableError(replayed.message());
    }
  } else {
    known->second.removed = false;
    known->second.command_id = id;
  }
  follow_ends();
  // Gives a clock that was removed its new rules and their initial value.
  auto answer =
      store({0, now(), id, {{key, ClockCommand::configure(rules)}}, LogVerb::kCommand}, key);
  if (answer.ok()) answer->outcome = LogOutcome::kDone;
  return answer;
}

absl::StatusOr<Answer> Scoreboard::remove_clock(const ClockKey& key) {
  Answer answer;
  {
    const std::lock_guard lock(mutex_);
    const absl::Status stored = store_.remove_clock(key);
    if (!stored.ok() && !absl::IsNotFound(stored)) return absl::UnavailableError(stored.message());
    if (!stored.ok()) return stored;
    clocks_.at(key).removed = true;
    board_.remove(key);
    answer.sequence = replayed_->log.last_sequence();
  }
  if (options_.on_change) options_.on_change();
  return answer;
}

absl::Status Scoreboard::refresh() {
  const std::lock_guard lock(mutex_);
  auto clocks = store_.clocks();
  if (!clocks.ok()) return clocks.status();
  bool known = true;
  for (const auto& [key, clock] : *clocks) {
    known = known && clocks_.contains(key);
    if (clock.removed) board_.remove(key);
  }
  clocks_ = *std::move(clocks);
  if (absl::Status read = known ? catch_up() : replay(); !read.ok()) {
    stale_ = stale_ || !known;
    return read;
  }
  show();
  return absl::OkStatus();
}

json Scoreboard::state() const {
  const std::lock_guard lock(mutex_);
  json clocks = json::array();
  std::uint64_t revision = 0;
  const std::vector<ClockReport> reports = board_.readings();
  for (const ClockReport& report : reports) {
    revision = std::max(revision, report.revision);
    const std::lock_guard infos(infos_mutex_);
    clocks.push_back(clock_json(report, infos_.at(report.key).direction));
  }
  masterclock::TimeReading at = clock_.source().read();
  if (!reports.empty()) at = {reports.front().at_utc, reports.front().at};
  return {{"server_utc_ns", at.utc.time_since_epoch().count()},
          {"server_steady_ns", at.steady.time_since_epoch().count()},
          {"revision", revision},
          {"sequence", replayed_->log.last_sequence()},
          {"clocks", std::move(clocks)},
          {"next_undo", button(replayed_->log.next_undo())},
          {"next_redo", button(replayed_->log.next_redo())},
          {"needs_decision", replayed_->log.needs_decision()},
          {"store_error", store_error_.empty() ? json() : json(store_error_)}};
}

json Scoreboard::game_state() const {
  const std::lock_guard lock(mutex_);
  json result = {{"seconds", 0}, {"running", false}};
  const std::optional<ClockKey> key = game();
  if (!key || !clocks_.contains(*key)) return result;
  const LogTime at = now();
  const auto clock = replayed_->log.clock(*key, at);
  if (!clock.ok()) return result;
  const ClockReading reading = clock->reading(at.steady);
  result["seconds"] = masterclock::shown_seconds(reading.value, clock->rules().direction);
  result["running"] = reading.state == ClockState::kRunning;
  return result;
}

absl::StatusOr<json> Scoreboard::history(std::uint64_t first) const {
  const std::lock_guard lock(mutex_);
  const auto records = store_.records(first, kPage);
  if (!records.ok()) return records.status();
  json result = json::array();
  for (const ClockRecord& record : *records) result.push_back(record_json(record));
  return result;
}

absl::StatusOr<std::string> Scoreboard::setting(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return store_.setting(name);
}

absl::Status Scoreboard::set_setting(const std::string& name, const std::string& value) {
  const std::lock_guard lock(mutex_);
  return store_.set_setting(name, value);
}

bool Scoreboard::had_clock(const ClockKey& key) const {
  const std::lock_guard lock(mutex_);
  return clocks_.contains(key);
}

}  // namespace scoreboard
