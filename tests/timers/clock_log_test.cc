#include "masterclock/timers/clock_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace masterclock::clock_log_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;
using Code = absl::StatusCode;

const ClockKey kGame{"game", 1}, kPlay{"play", 1};

LogTime at(nanoseconds steady, const std::string& boot = "a") {
  return {SteadyTime(steady), UtcTime(1'800'000'000s + steady), boot};
}
std::map<ClockKey, ClockRules> two_clocks() {
  return {{kGame, {.initial = 12min, .maximum = 12min}}, {kPlay, {.initial = 40s, .maximum = 40s}}};
}
ClockRecord game(std::uint64_t sequence, LogTime time, ClockCommand command) {
  return {sequence, std::move(time), "id" + std::to_string(sequence), {{kGame, command}}};
}
ClockReading read(const ClockLog& log, const ClockKey& key, const LogTime& now) {
  return log.clock(key, now).value().reading(now.steady);
}

// The promises of the room about the log.

TEST(ClockLog, AnUndoLeavesACommandOutAndTheButtonNamesIt) {
  ClockLog log(two_clocks(), BootPolicy::kAsk);
  EXPECT_EQ(log.next_undo(), nullptr);
  EXPECT_EQ(log.next_redo(), nullptr);
  ASSERT_TRUE(log.append(game(1, at(1s), ClockCommand::start())).ok());
  ASSERT_TRUE(log.append(game(2, at(21s), ClockCommand::pause())).ok());
  EXPECT_EQ(log.next_undo()->command_id, "id2");
  ASSERT_TRUE(log.append({3, at(30s), "undo", {}, LogVerb::kUndo}).ok());
  EXPECT_EQ(read(log, kGame, at(61s)).value, 11min) << "the clock has run all the time";
  EXPECT_EQ(log.next_undo()->command_id, "id1");
  EXPECT_EQ(log.next_redo()->command_id, "id2");
  ASSERT_TRUE(log.append({4, at(62s), "redo", {}, LogVerb::kRedo}).ok());
  EXPECT_EQ(read(log, kGame, at(70s)).value, 12min - 20s);
  EXPECT_EQ(log.append({5, at(71s), "again", {}, LogVerb::kRedo}).value(),
            LogOutcome::kWithoutEffect);
}

TEST(ClockLog, AReplayInAnyOrderEqualsTheLiveStateAndNeedsNoNow) {
  std::vector<ClockRecord> records = {
      game(1, at(1s), ClockCommand::start()), game(2, at(9s), ClockCommand::set(1min)),
      game(3, at(9s), ClockCommand::adjust(-100ms)), game(4, at(8s), ClockCommand::pause())};
  ClockLog live(two_clocks(), BootPolicy::kFreeze);
  for (const ClockRecord& record : records) {
    ASSERT_EQ(live.append(record).value(), LogOutcome::kDone);
  }
  EXPECT_EQ(read(live, kGame, at(100s)).value, 59'900ms);
  do {
    EXPECT_EQ(replay(two_clocks(), BootPolicy::kFreeze, records)->clocks(at(100s)),
              live.clocks(at(100s)));
  } while (std::next_permutation(records.begin(), records.end(), [](const auto& a, const auto& b) {
    return a.sequence < b.sequence;
  }));
}

TEST(ClockLog, ACommandIdCountsOnce) {
  ClockLog log(two_clocks(), BootPolicy::kAsk);
  ClockRecord record = game(1, at(1s), ClockCommand::adjust(-1s));
  EXPECT_EQ(log.append(record).value(), LogOutcome::kDone);
  record.sequence = 2;
  record.at = at(90s, "b");
  EXPECT_EQ(log.append(record).value(), LogOutcome::kDuplicate);
  EXPECT_EQ(log.last_sequence(), 2u);
  EXPECT_EQ(read(log, kGame, at(5s)).value, 12min - 1s);
  record = {3, at(6s), "", {{kGame, ClockCommand::adjust(-1s)}}};
  EXPECT_EQ(log.append(record).value(), LogOutcome::kDone);
  record.sequence = 4;
  EXPECT_EQ(log.append(record).value(), LogOutcome::kDone) << "without an id: never a duplicate";
}

TEST(ClockLog, ACrashLosesNothing) {
  std::vector<ClockRecord> stored = {game(1, at(1s), ClockCommand::start())};
  ClockLog log(two_clocks(), BootPolicy::kAsk);
  ASSERT_TRUE(log.append(stored[0]).ok());
  const ClockLog restarted = replay(two_clocks(), BootPolicy::kAsk, stored).value();
  EXPECT_EQ(read(restarted, kGame, at(61s)).value, 11min);
  EXPECT_EQ(restarted.clocks(at(61s)), log.clocks(at(61s)));
}

TEST(ClockLog, ARebootFollowsTheNamedPolicy) {
  struct Case {
    BootPolicy policy;
    nanoseconds value;
    ClockState state;
    bool asks;
  };
  const Case cases[] = {{BootPolicy::kContinue, 12min - 40s, ClockState::kRunning, false},
                        {BootPolicy::kFreeze, 12min - 20s, ClockState::kPaused, false},
                        {BootPolicy::kAsk, 12min - 20s, ClockState::kPaused, true}};
  for (const auto& [policy, value, state, asks] : cases) {
    ClockLog log(two_clocks(), policy);
    ASSERT_TRUE(log.append(game(1, at(1000s), ClockCommand::start())).ok());
    ASSERT_TRUE(log.append({2, at(1020s), "2", {}, LogVerb::kAlive}).ok());
    // The steady time of the new boot begins anew; UTC goes on.
    const LogTime first{SteadyTime(3s), UtcTime(1'800'001'030s), "b"};
    const LogTime later{SteadyTime(13s), UtcTime(1'800'001'040s), "b"};
    EXPECT_EQ(read(log, kGame, later).value, value) << "before a record of the new boot";
    EXPECT_EQ(log.append({3, first, "3", {}, LogVerb::kAlive}).value(), LogOutcome::kDone);
    EXPECT_EQ(read(log, kGame, later).value, value) << to_string(policy);
    EXPECT_EQ(read(log, kGame, later).state, state);
    EXPECT_EQ(log.needs_decision(), asks);
  }
}

TEST(ClockLog, CommandsToSeveralClocksHappenAllOrNone) {
  ClockLog log(two_clocks(), BootPolicy::kAsk);
  ClockRecord both{
      1, at(1s), "a", {{kGame, ClockCommand::start()}, {kPlay, ClockCommand::set(41s)}}};
  EXPECT_EQ(log.append(both).value(), LogOutcome::kWithoutEffect);
  EXPECT_EQ(read(log, kGame, at(2s)).state, ClockState::kStopped);
  both = {2, at(3s), "b", {{kGame, ClockCommand::start()}, {kPlay, ClockCommand::start()}}};
  EXPECT_EQ(log.append(both).value(), LogOutcome::kDone);
  EXPECT_EQ(read(log, kGame, at(5s)).value, 12min - 2s);
  EXPECT_EQ(read(log, kPlay, at(5s)).value, 38s);
  ASSERT_TRUE(log.append({3, at(6s), "c", {}, LogVerb::kUndo}).ok());
  EXPECT_EQ(read(log, kPlay, at(7s)).state, ClockState::kStopped);
}

// The other properties.

TEST(ClockLog, RefusesWhatIsNoRecord) {
  ClockLog log(two_clocks(), BootPolicy::kAsk);
  ASSERT_TRUE(log.append(game(5, at(1s), ClockCommand::start())).ok());
  const ClockSnapshot before = log.snapshot();
  struct Case {
    ClockRecord record;
    Code code;
  };
  const Case cases[] = {
      {game(5, at(2s), ClockCommand::pause()), Code::kOutOfRange},
      {{6, at(2s), "b", {{{"shot", 1}, ClockCommand::pause()}}}, Code::kNotFound},
      {game(6, at(2s), {ClockVerb::kSet}), Code::kInvalidArgument},
      {game(6, at(2s), {ClockVerb::kAdjust}), Code::kInvalidArgument},
      {game(6, at(2s), {ClockVerb::kConfigure}), Code::kInvalidArgument},
      {{6, at(2s), "b", {{kGame, ClockCommand::pause()}}, LogVerb::kUndo}, Code::kInvalidArgument},
  };
  for (const auto& [record, code] : cases) {
    EXPECT_EQ(log.append(record).status().code(), code);
    EXPECT_EQ(log.snapshot(), before);
  }
  EXPECT_EQ(log.clock({"shot", 1}, at(2s)).status().code(), Code::kNotFound);
  EXPECT_EQ(ClockLog({{kGame, {.initial = -1s}}}, BootPolicy::kAsk).clocks(at(0s)).size(), 0u);
}

TEST(ClockLog, ASnapshotLimitsTheDepthOfUndo) {
  ClockLog log(two_clocks(), BootPolicy::kAsk);
  for (std::uint64_t i = 1; i <= 10; ++i) {
    const auto command = i % 2 == 1 ? ClockCommand::start() : ClockCommand::pause();
    ASSERT_TRUE(log.append(game(i, at(static_cast<std::int64_t>(i) * 1s), command)).ok());
  }
  ClockLog shorter(log.snapshot(2));
  EXPECT_EQ(shorter.clocks(at(11s)), log.clocks(at(11s)));
  for (std::uint64_t sequence = 11; sequence <= 12; ++sequence) {
    EXPECT_EQ(shorter.append({sequence, at(11s), "", {}, LogVerb::kUndo}).value(),
              LogOutcome::kDone);
  }
  EXPECT_EQ(shorter.next_undo(), nullptr);
  EXPECT_EQ(shorter.append({13, at(12s), "id1", {{kGame, ClockCommand::start()}}}).value(),
            LogOutcome::kDuplicate);
  EXPECT_EQ(shorter.append({14, at(12s), "", {}, LogVerb::kRedo}).value(), LogOutcome::kDone);
  EXPECT_EQ(ClockLog(log.snapshot(0)).next_undo(), nullptr);
}

TEST(ClockLog, ASnapshotTakesANewClockIntoTheGame) {
  ClockLog log(two_clocks(), BootPolicy::kAsk);
  ASSERT_TRUE(log.append(game(1, at(1s), ClockCommand::start())).ok());
  ClockSnapshot snapshot = log.snapshot();
  snapshot.clocks.emplace(ClockKey{"shot", 1}, CountClock::make({.initial = 24s}).value());
  log = ClockLog(snapshot);
  ASSERT_TRUE(log.append({2, at(2s), "", {{{"shot", 1}, ClockCommand::start()}}}).ok());
  EXPECT_EQ(read(log, {"shot", 1}, at(4s)).value, 22s);
  EXPECT_EQ(read(log, kGame, at(4s)).value, 12min - 3s);
}

TEST(ClockLog, OneDecisionAnswersEveryOpenBoot) {
  ClockLog log(two_clocks(), BootPolicy::kAsk);
  ASSERT_TRUE(log.append(game(1, at(1000s, "a"), ClockCommand::start())).ok());
  ASSERT_TRUE(log.append({2, at(1010s, "b"), "2", {}, LogVerb::kAlive}).ok());
  ASSERT_TRUE(log.append(game(3, at(1015s, "b"), ClockCommand::start())).ok());
  ASSERT_TRUE(log.append({4, at(1020s, "c"), "4", {}, LogVerb::kAlive}).ok());
  ClockLog kept(log.snapshot(0));  // contains the records since the first open boot
  for (ClockLog* one : {&log, &kept}) {
    EXPECT_TRUE(one->needs_decision());
    EXPECT_EQ(one->append({5, at(1021s, "c"), "5", {}, LogVerb::kContinue}).value(),
              LogOutcome::kDone);
    EXPECT_EQ(one->append({6, at(1022s, "c"), "6", {}, LogVerb::kFreeze}).value(),
              LogOutcome::kWithoutEffect);
    EXPECT_FALSE(one->needs_decision());
    EXPECT_EQ(read(*one, kGame, at(1030s, "c")).value, 12min - 30s);
  }
}

// A plain model: keeps every record, and computes the state from the beginning each time.
class Model {
 public:
  explicit Model(BootPolicy policy) : policy_(policy) {}

  LogOutcome append(const ClockRecord& record) {
    for (const Item& old : items_) {
      if (!record.command_id.empty() && old.record.command_id == record.command_id) {
        return LogOutcome::kDuplicate;
      }
    }
    Item item{record};
    if (!items_.empty()) {
      const LogTime& last = items_.back().record.at;
      if (last.boot == record.at.boot) {
        if (record.at.steady < last.steady) item.record.at = last;
      } else {
        bool runs = false;
        for (const auto& [key, clock] : clocks()) {
          runs = runs || clock.reading(last.steady).state == ClockState::kRunning;
        }
        item.crossing = policy_ == BootPolicy::kContinue      ? BootChoice::kContinue
                        : policy_ == BootPolicy::kAsk && runs ? BootChoice::kOpen
                                                              : BootChoice::kFreeze;
      }
    }
    items_.push_back(item);
    return effect(items_.back()) ? LogOutcome::kDone : LogOutcome::kWithoutEffect;
  }

  std::map<ClockKey, CountClock> clocks() const {
    std::map<ClockKey, CountClock> all;
    for (const auto& [key, rules] : two_clocks()) all.emplace(key, CountClock::make(rules).value());
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const Item& item = items_[i];
      if (item.crossing) cross(all, items_[i - 1].record.at, item.record.at, *item.crossing);
      if (item.in_force) (void)apply(all, item.record);
    }
    return all;
  }
  bool needs_decision() const {
    return std::any_of(items_.begin(), items_.end(),
                       [](const Item& item) { return item.crossing == BootChoice::kOpen; });
  }

 private:
  struct Item {
    ClockRecord record;
    bool in_force = false, undone = false;
    std::optional<BootChoice> crossing{};
  };

  static void cross(std::map<ClockKey, CountClock>& all, const LogTime& last, const LogTime& first,
                    BootChoice choice) {
    const bool run_on = choice == BootChoice::kContinue;
    for (auto& [key, clock] : all) {
      const SteadyTime then = last.steady + (run_on ? std::max(first.utc - last.utc, 0ns) : 0ns);
      const ClockReading reading = clock.reading(then);
      const bool pauses = !run_on && reading.state == ClockState::kRunning;
      clock = CountClock::restore(clock.rules(), {first.steady, reading.value,
                                                  pauses ? ClockState::kPaused : reading.state})
                  .value();
    }
  }

  static bool apply(std::map<ClockKey, CountClock>& all, const ClockRecord& record) {
    std::map<ClockKey, CountClock> next = all;
    bool changed = false;
    for (const auto& [key, command] : record.commands) {
      const auto change = next.at(key).apply(record.at.steady, command);
      if (!change.ok()) return false;
      changed = changed || change->changed;
    }
    all = std::move(next);
    return changed;
  }

  bool effect(Item& item) {
    const LogVerb verb = item.record.verb;
    if (verb == LogVerb::kUndo) {
      for (auto old = items_.rbegin(); old != items_.rend(); ++old) {
        if (!old->in_force) continue;
        old->in_force = false;
        old->undone = true;
        return true;
      }
      return false;
    }
    if (verb == LogVerb::kRedo) {
      for (Item& old : items_) {
        if (!old.undone) continue;
        old.undone = false;
        old.in_force = true;
        return true;
      }
      return false;
    }
    if (verb == LogVerb::kContinue || verb == LogVerb::kFreeze) {
      bool decided = false;
      for (Item& old : items_) {
        if (old.crossing != BootChoice::kOpen) continue;
        old.crossing = verb == LogVerb::kContinue ? BootChoice::kContinue : BootChoice::kFreeze;
        decided = true;
      }
      return decided;
    }
    if (item.record.commands.empty()) return true;
    std::map<ClockKey, CountClock> all = clocks();
    if (!apply(all, item.record)) return false;
    for (Item& old : items_) old.undone = false;
    item.in_force = true;
    return true;
  }

  BootPolicy policy_;
  std::vector<Item> items_;
};

ClockRecord random_record(std::mt19937& random, std::uint64_t sequence, const LogTime& now) {
  ClockRecord record{sequence, now, "c" + std::to_string(random() % 400)};
  const auto roll = random() % 20;
  if (roll < 4) {
    record.verb = LogVerb::kUndo;
  } else if (roll < 6) {
    record.verb = LogVerb::kRedo;
  } else if (roll < 7) {
    record.verb = random() % 2 == 0 ? LogVerb::kContinue : LogVerb::kFreeze;
  } else if (roll < 8) {
    record.verb = LogVerb::kAlive;
  } else {
    for (auto n = random() % 2 + 1; n > 0; --n) {
      ClockCommand command{static_cast<ClockVerb>(random() % 7)};
      if (command.verb == ClockVerb::kSet || command.verb == ClockVerb::kAdjust ||
          random() % 3 == 0) {
        command.value = (static_cast<int>(random() % 90) - 20) * 1s;
      }
      record.commands.push_back({random() % 2 == 0 ? kGame : kPlay, command});
    }
  }
  return record;
}

TEST(ClockLog, AgreesWithAPlainModelUnderAMillionOperations) {
  constexpr std::uint64_t kRecords = 40;
  for (unsigned game_number = 0; game_number < 1'000'000 / kRecords; ++game_number) {
    std::mt19937 random(game_number);
    const auto policy = static_cast<BootPolicy>(game_number % 3);
    ClockLog log(two_clocks(), policy);
    Model model(policy);
    std::vector<ClockRecord> records;
    LogTime now{SteadyTime(1'000s), UtcTime(1'800'000'000s), "a"};
    for (std::uint64_t sequence = 1; sequence <= kRecords; ++sequence) {
      now.steady += nanoseconds(static_cast<std::int64_t>(random() % 4'000'000'000) - 200'000'000);
      now.utc += nanoseconds(static_cast<std::int64_t>(random() % 4'000'000'000) - 200'000'000);
      if (random() % 16 == 0) {
        now.boot += 'b';
        now.steady = SteadyTime((static_cast<int>(random() % 2'000)) * 1s);
      }
      records.push_back(random_record(random, sequence, now));
      const auto outcome = log.append(records.back());
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      ASSERT_EQ(*outcome, model.append(records.back())) << game_number << ", " << sequence;
      ASSERT_EQ(log.needs_decision(), model.needs_decision()) << game_number << ", " << sequence;
      if (*outcome != LogOutcome::kDuplicate) {
        ASSERT_EQ(log.clocks(now), model.clocks()) << game_number << ", " << sequence;
      }
      if (random() % 8 == 0) log = ClockLog(log.snapshot(1'000));
    }
    ASSERT_EQ(replay(two_clocks(), policy, records)->clocks(now), log.clocks(now));
  }
}

}  // namespace
}  // namespace masterclock::clock_log_test
