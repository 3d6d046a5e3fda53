// Simulates a machine whose oscillator wanders, whose clock is set, and which sleeps. Its daemon loses its
// reference, hangs or lies. Each seed takes a million readings.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/time/time_source.h"

namespace masterclock::simulated_oscillator_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

// Up to 30 ppm off, and never the same for long.
class Oscillator final : public TimeSource {
 public:
  explicit Oscillator(std::uint64_t seed) : random_(seed), ppb_(below(40'000) - 20'000) {}
  UtcTime now_utc() const noexcept override { return kNoon + steady_ + set_; }
  SteadyTime now_steady() const noexcept override { return SteadyTime(steady_); }
  UtcTime truth() const { return kNoon + true_; }

  void run(nanoseconds elapsed) {
    true_ += elapsed;
    part_ += elapsed.count() * ppb_;
    steady_ += elapsed + nanoseconds(part_ / 1'000'000'000);
    part_ %= 1'000'000'000;
    ppb_ = std::clamp<std::int64_t>(ppb_ + below(101) - 50, -30'000, 30'000);
  }
  void step(nanoseconds size) { set_ += size; }
  void set_off_by(nanoseconds error) { set_ = true_ + error - steady_; }
  void suspend(nanoseconds asleep) {
    true_ += asleep;
    set_ += asleep;
  }
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  nanoseconds between(nanoseconds least, nanoseconds most) {
    return least + nanoseconds(below((most - least).count()));
  }
  nanoseconds either_way(nanoseconds size) { return below(2) == 0 ? size : -size; }

 private:
  std::mt19937_64 random_;
  std::int64_t ppb_;
  std::int64_t part_ = 0;
  nanoseconds true_{}, steady_{}, set_{};
};

enum class Daemon { kHonest, kSilent, kFreeRuns, kHangs, kLies };

// A fault of the machine at one moment, and of the daemon for a while.
struct Fault {
  const char* name;
  void (*happens)(Oscillator&);
  Daemon daemon;
  seconds lasts;
  bool moves = false;  // the disciplined clock too, by more than it slews
};

constexpr Fault kFaults[] = {
    {"set forward", [](auto& m) { m.step(m.between(20ms, 5s)); }, Daemon::kHonest, 10s},
    {"set back", [](auto& m) { m.step(-m.between(20ms, 5s)); }, Daemon::kHonest, 10s},
    {"slept for a moment", [](auto& m) { m.suspend(m.between(21ms, 120ms)); }, Daemon::kHonest, 1s},
    {"slept for hours", [](auto& m) { m.suspend(m.between(1s, 8h)); }, Daemon::kHonest, 1s, true},
    {"the grandmaster was lost", [](auto&) {}, Daemon::kSilent, 3'000s},
    {"it was lost, and the daemon says so", [](auto&) {}, Daemon::kFreeRuns, 3'000s},
    {"the daemon hung", [](auto&) {}, Daemon::kHangs, 600s},
    {"the daemon lied", [](auto&) {}, Daemon::kLies, 500s},
    {"set ahead without a daemon", [](auto& m) { m.set_off_by(m.between(200ms, 5s)); },
     Daemon::kSilent, 20s, true},
    {"set behind without a daemon", [](auto& m) { m.set_off_by(-m.between(200ms, 5s)); },
     Daemon::kSilent, 20s, true},
    {"set while the daemon hung", [](auto& m) { m.step(m.either_way(m.between(21ms, 5s))); },
     Daemon::kHangs, 60s},
};

class SimulatedOscillator : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr nanoseconds kBound = 50us;
  // The provider is off by 50 us, and the oscillator by 30 ppm for a second. The rest is room.
  static constexpr nanoseconds kConverged = 200us;
  static constexpr nanoseconds kThreshold = 128ms;
  static constexpr std::int64_t kSlew = 500, kWorst = 30;  // parts per million

  void run(nanoseconds elapsed) {
    machine_.run(elapsed);
    const UtcTime truth = machine_.truth();
    if (fault_ == nullptr && truth >= next_fault_) {
      fault_ = &kFaults[faults_++ % std::size(kFaults)];
      last_fault_ = fault_->name;
      may_step_ = fault_->moves;
      fault_->happens(machine_);
      daemon_ = fault_->daemon;
      lie_ = machine_.either_way(machine_.between(20ms, 5s));
      lost_at_ = machine_.now_steady();
      ends_ = machine_.truth() + machine_.between(500ms, fault_->lasts);
    } else if (fault_ != nullptr && truth >= ends_) {
      end_fault();
    }
    if (machine_.truth() >= next_refresh_) {
      next_refresh_ = machine_.truth() + 1s;
      ask_daemon();
      source_.refresh();
    }
  }

  // From here on the daemon is right. A refresh comes within a second. If it notices a jump, the next
  // refresh is believed. Then the slew takes its time. A clock that is too fast for that stands still for
  // as long as it is fast.
  void end_fault() {
    const nanoseconds ahead = source_.now_utc() - machine_.truth(), error = abs(ahead);
    const nanoseconds slewing = std::min(error, nanoseconds(1s)) * 1'000'000 / (kSlew - kWorst);
    nanoseconds takes = 0s;
    if (error <= kThreshold + 1ms) takes = slewing;
    if (ahead > kThreshold - 1ms) takes = std::max(takes, ahead);
    if (error <= kThreshold) longest_slew_ = std::max(longest_slew_, slewing);
    if (ahead > kThreshold) longest_hold_ = std::max(longest_hold_, ahead);
    if (ahead < -kThreshold) longest_jump_ = std::max(longest_jump_, error);
    fault_ = nullptr;
    daemon_ = Daemon::kHonest;
    converged_by_ = machine_.truth() + takes + 2500ms;
    next_fault_ = converged_by_ + machine_.between(20s, 60s);
  }

  void ask_daemon() {
    SyncReading said{
        .state = SyncState::kSynchronized,
        .error_bound = kBound,
        .as_of = machine_.now_steady(),
        .correction = machine_.truth() - machine_.now_utc() + machine_.between(-kBound, kBound)};
    switch (daemon_) {
      case Daemon::kHonest:
        break;
      case Daemon::kSilent:
        said = {};
        break;
      case Daemon::kFreeRuns:  // by another clock, which it knows to be within 50 ppm
        said.state = SyncState::kFreeRunning;
        said.error_bound += (machine_.now_steady() - lost_at_) / 20'000;
        said.correction += (machine_.now_steady() - lost_at_) / (lie_ < 0ns ? -25'000 : 25'000);
        break;
      case Daemon::kHangs:
        return;  // the same as last time
      case Daemon::kLies:
        said.correction += lie_;
        break;
    }
    provider_.set(said);
  }

  // Readings do not decrease. Without an announced step they run as fast as the slew allows.
  void check_reading() {
    const UtcTime now = source_.now_utc();
    const SteadyTime steady = machine_.now_steady();
    ASSERT_GE(now, last_);
    const nanoseconds passed = steady - last_steady_, read = now - last_;
    const nanoseconds slewed = passed * kSlew / 1'000'000 + 2ns;
    if (!std::exchange(stepped_forward_, false)) {
      ASSERT_LE(read, passed + slewed + std::exchange(moment_, 0ns));
    }
    if (machine_.truth() >= holds_until_) {
      ASSERT_GE(read, passed - slewed);
    }
    last_ = now;
    last_steady_ = steady;
    if (fault_ == nullptr && machine_.truth() > converged_by_) {
      ++converged_;
      ASSERT_LE(abs(now - machine_.truth()), kConverged);
    }
  }

  void check_interval() {
    const TimeBounds bounds = source_.now_bounded();
    ++states_[static_cast<std::size_t>(bounds.state)];
    ASSERT_TRUE(bounds.contains(machine_.truth())) << to_string(bounds.state);
  }

  void on_step(const TimeChange& change) {
    EXPECT_GT(abs(change.size()), kThreshold) << last_fault_;
    EXPECT_TRUE(may_step_) << last_fault_;
    if (change.size() > 0ns) stepped_forward_ = true;
    if (change.size() > 0ns) return;
    holds_until_ = machine_.truth() - change.size() + 1s;
    moment_ = 1us;  // by which a clock that is held reads more than before
  }

  Oscillator machine_{GetParam()};
  SimulatedSyncProvider provider_;
  DisciplinedTimeSource source_{machine_, provider_};
  const TimeSubscription listening_ =
      source_.subscribe([this](const TimeChange& change) { on_step(change); });

  std::size_t faults_ = 0;
  const Fault* fault_ = nullptr;  // the one that lasts
  const char* last_fault_ = "none yet";
  bool may_step_ = false;
  Daemon daemon_ = Daemon::kHonest;
  nanoseconds lie_{};
  SteadyTime lost_at_;
  UtcTime next_fault_ = kNoon + 60s, ends_, next_refresh_ = kNoon, converged_by_ = kNoon + 5s;
  UtcTime last_ = source_.now_utc(), holds_until_ = UtcTime::min();
  SteadyTime last_steady_ = machine_.now_steady();
  bool stepped_forward_ = false;
  nanoseconds moment_{};

  std::array<int, 4> states_{};
  int converged_ = 0;
  nanoseconds longest_slew_{}, longest_hold_{}, longest_jump_{};
};

TEST_P(SimulatedOscillator, IsRightOrSaysThatItIsNot) {
  for (int i = 0; i < 1'000'000; ++i) {
    SCOPED_TRACE("reading " + std::to_string(i));
    // The daemon's faults last: there the readings are farther apart.
    const bool long_one = fault_ != nullptr && daemon_ != Daemon::kHonest;
    run(machine_.between(1ns, long_one ? 800ms : 40ms));
    SCOPED_TRACE(last_fault_);
    ASSERT_NO_FATAL_FAILURE(check_reading());
    ASSERT_NO_FATAL_FAILURE(check_interval());
  }
  EXPECT_GT(states_[static_cast<std::size_t>(SyncState::kSynchronized)], 300'000);
  EXPECT_GT(states_[static_cast<std::size_t>(SyncState::kFreeRunning)], 10'000);
  EXPECT_GT(states_[static_cast<std::size_t>(SyncState::kDisrupted)], 1'000);
  EXPECT_GT(converged_, 100'000);
  EXPECT_GT(longest_slew_, 60s) << "a slew took its time";
  EXPECT_GT(longest_hold_, 1s) << "and so did a hold";
  EXPECT_GT(longest_jump_, 1s) << "and it was set forward by much";
}
INSTANTIATE_TEST_SUITE_P(Seeds, SimulatedOscillator, ::testing::Values(1, 1588, 2059, 868),
                         [](const auto& seed) { return std::to_string(seed.param); });

}  // namespace
}  // namespace masterclock::simulated_oscillator_test
