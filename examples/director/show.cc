#include "show.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace director {
namespace {

using masterclock::OnAirChange;
using masterclock::Rundown;
using masterclock::RundownReading;
using masterclock::RundownState;
using masterclock::Scene;
using masterclock::SteadyTime;
using masterclock::TimeReading;
using std::chrono::nanoseconds;

constexpr std::size_t kReplayPage = 1'000;

Cause cause_of(const Command& command) {
  if (!command.why.empty()) return Cause::kSafe;
  if (command.in_mixer) return Cause::kOperator;
  if (command.verb == Verb::kTake || command.verb == Verb::kSkip) return Cause::kTake;
  return command.verb == Verb::kForce ? Cause::kForce : Cause::kTimeline;
}

// Gives the records of earlier boots steady times that fit those of the present boot.
void join_boots(std::vector<Record>& records, const std::string& boot, const TimeReading& now) {
  masterclock::UtcTime later_utc = now.utc;
  SteadyTime later = now.steady;
  const std::string* later_boot = &boot;
  nanoseconds shift{};
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    if (record->boot != *later_boot) {
      const nanoseconds between = masterclock::saturating_difference(later_utc, record->utc);
      const SteadyTime at =
          masterclock::saturating_subtract(later, std::max(between, nanoseconds(0)));
      shift = masterclock::saturating_difference(at, record->steady);
    }
    record->steady = later = masterclock::saturating_add(record->steady, shift);
    later_utc = record->utc;
    later_boot = &record->boot;
  }
}

}  // namespace

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::kTimeline: return "timeline";
    case Cause::kTake: return "take";
    case Cause::kForce: return "force";
    case Cause::kOperator: return "operator";
    case Cause::kSafe: return "safe";
  }
  return "unknown";
}

absl::StatusOr<std::unique_ptr<Show>> Show::open(Store& store, std::string boot,
                                                 const TimeReading& now) {
  std::unique_ptr<Show> show(new Show(store, std::move(boot)));
  if (absl::Status replayed = show->replay(now); !replayed.ok()) return replayed;
  return show;
}

absl::Status Show::replay(const TimeReading& now) {
  std::vector<Record> records;
  for (;;) {
    auto page = store_.records(records.empty() ? 1 : records.back().sequence + 1, kReplayPage);
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    std::move(page->begin(), page->end(), std::back_inserter(records));
  }
  // Fixes the join to the new boot, before UTC steps. Without the lease of a group the leader does so.
  if (!records.empty() && records.back().boot != boot_) {
    Record boot{0, {.verb = Verb::kBoot}, now.steady, now.utc, boot_};
    const absl::StatusOr<std::uint64_t> sequence = store_.append(boot);
    if (sequence.ok()) {
      boot.sequence = *sequence;
      records.push_back(std::move(boot));
    }
  }
  join_boots(records, boot_, now);
  for (Record& record : records) {
    record.steady = std::max(record.steady, last_.at);
    const absl::StatusOr<bool> changed = command(record.command, record.steady);
    if (!changed.ok()) {
      left_out_.push_back("Record " + std::to_string(record.sequence) +
                          " is left out: " + std::string(changed.status().message()));
    }
    note(record, changed.value_or(false));
  }
  return absl::OkStatus();
}

absl::StatusOr<Applied> Show::apply(Command wanted, const TimeReading& now) {
  if (knows(wanted.id)) return Applied{sequence(), false, true};
  Record record{0, std::move(wanted), std::max(now.steady, last_.at), now.utc, boot_};
  Rundown before = rundown_;
  const absl::StatusOr<bool> changed = command(record.command, record.steady);
  if (!changed.ok()) return changed.status();
  const absl::StatusOr<std::uint64_t> sequence = store_.append(record);
  if (!sequence.ok()) {
    rundown_ = std::move(before);
    return absl::UnavailableError(sequence.status().message());
  }
  record.sequence = *sequence;
  note(record, *changed);
  return Applied{*sequence, *changed, false};
}

absl::StatusOr<bool> Show::command(const Command& command, SteadyTime at) {
  switch (command.verb) {
    case Verb::kConfigure: {
      const absl::Status configured =
          rundown_.configure(at, command.plan.scenes, {.looping = command.plan.looping});
      if (!configured.ok()) return configured;
      return true;
    }
    case Verb::kStart: return rundown_.start(at);
    case Verb::kPause: return rundown_.pause(at);
    case Verb::kResume: return rundown_.resume(at);
    case Verb::kStop: return rundown_.stop(at);
    case Verb::kReset: return rundown_.reset(at);
    case Verb::kTake: return rundown_.take(at, command.scene);
    case Verb::kSkip: return rundown_.skip(at);
    case Verb::kForce: return rundown_.force(at, command.scene, command.until);
    case Verb::kRelease: return rundown_.release(at);
    case Verb::kHold: return rundown_.hold(at);
    case Verb::kGo: return rundown_.go(at);
    case Verb::kCorrect: return rundown_.correct(at, command.by);
    case Verb::kBoot: return false;
  }
  return absl::InternalError("unknown command");
}

// Notes a record that the rundown has applied at `record.steady`.
void Show::note(const Record& record, bool changed) {
  // A later command at the same instant can still replace the change of this record.
  collect(record.steady - nanoseconds(1));
  const bool same_instant = record.steady == last_.at;
  const Cause cause = cause_of(record.command);
  last_.id = {record.sequence, nanoseconds(0)};
  last_.at = record.steady;
  // The end of the safe scene by a take is an effect of that take.
  const bool by_take = same_instant && last_.cause == Cause::kTake && cause == Cause::kSafe;
  if ((changed && !by_take) || !same_instant) {
    last_.cause = changed ? cause : Cause::kTimeline;
    last_.why = changed ? record.command.why : "";
  }
  if (record.command.verb == Verb::kForce) safe_ = cause == Cause::kSafe;
  if (!record.command.id.empty()) ids_.insert(record.command.id);
  if (first_utc_ns_ == 0) first_utc_ns_ = record.utc.time_since_epoch().count();
  if (record.command.verb == Verb::kConfigure && changed) {
    plan_ = record.command.plan;
    configured_ = record.sequence;
  }
}

void Show::collect(SteadyTime until) {
  for (OnAirChange& change : rundown_.advance(until)) {
    const bool commanded = change.at == last_.at;
    const nanoseconds after = masterclock::saturating_difference(change.at, last_.at);
    changes_.push_back({{last_.id.sequence, after},
                        std::move(change),
                        commanded ? last_.cause : Cause::kTimeline,
                        commanded ? last_.why : ""});
  }
}

std::vector<ShowChange> Show::changes(SteadyTime until) {
  collect(until);
  return std::exchange(changes_, {});
}

std::optional<SteadyTime> Show::next_boundary(SteadyTime now) const {
  const RundownReading reading = rundown_.reading(now);
  if (reading.state != RundownState::kRunning || reading.held) return std::nullopt;
  if (reading.scene) return masterclock::saturating_add(now, reading.scene_left);
  const std::span<const Scene> scenes = rundown_.scenes();
  const auto next = std::ranges::upper_bound(scenes, reading.position, {},
                                             [](const Scene& scene) { return *scene.start; });
  if (next == scenes.end()) return std::nullopt;  // no gap follows the last scene
  return masterclock::saturating_add(now, *next->start - reading.position);
}

}  // namespace director
