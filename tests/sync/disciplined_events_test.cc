// A scheduler and its dispatcher run on a DisciplinedTimeSource while the machine's clock is set and
// sleeps. Each event fires once, in order, and none early.

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/events/dispatcher.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::disciplined_events_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kMidnight = sys_days(2017y / January / 1);

// A machine, its daemon, and a broadcast day with an event every ten seconds.
class Station {
 public:
  explicit Station(BackwardStep backward) : source_(machine_, provider_, options(backward)) {
    for (int i = 1; i <= kEvents; ++i) {
      EventRequest request;
      request.id = std::to_string(i);
      request.due = kBegin + i * 10s;
      request.action = [this](const FiredEvent& event) { take(event); };
      EXPECT_TRUE(scheduler_.schedule(std::move(request)).ok());
      EventRequest steady;
      steady.id = "steady " + std::to_string(i);
      steady.due = After{i * 10s};
      steady.action = [this](const FiredEvent& event) { take(event); };
      EXPECT_TRUE(scheduler_.schedule(std::move(steady)).ok());
    }
    dispatcher_.start();
  }

  // The daemon follows true time, and says how far the machine's clock is from it.
  void run(seconds how_long, bool daemon_speaks = true) {
    for (seconds i{}; i < how_long; i += 1s) {
      truth_ += 1s;
      machine_.advance(1s);
      if (daemon_speaks) {
        provider_.set({.state = SyncState::kSynchronized,
                       .error_bound = 1ms,
                       .as_of = machine_.now_steady(),
                       .correction = truth_ - machine_.now_utc()});
      }
      source_.refresh();
      const UtcTime now = source_.now_utc();
      if (backward_ == BackwardStep::kHold) {
        EXPECT_GE(now, last_) << "it never decreases";
      }
      last_ = now;
    }
  }
  void set_machine(nanoseconds size) { machine_.step_utc(size); }
  void suspend(seconds how_long) {
    truth_ += how_long;
    (void)machine_.suspend(how_long);
  }
  void leap() {  // true UTC repeats the second as well, as POSIX labels it
    truth_ -= 1s;
    machine_.insert_leap_second();
  }
  void correct_the_truth(nanoseconds size) { truth_ += size; }

  [[nodiscard]] UtcTime now() const { return source_.now_utc(); }
  [[nodiscard]] nanoseconds error() const { return source_.now_utc() - truth_; }
  [[nodiscard]] int times(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return fired_[id];
  }
  static constexpr int kEvents = 400;
  static constexpr UtcTime kBegin = kMidnight - 600s;

  // Everything due by now has fired once, and nothing else has fired.
  void expect_each_event_once() {
    for (int i = 1; i <= kEvents; ++i) {
      const bool due = kBegin + i * 10s <= now();
      EXPECT_EQ(times(std::to_string(i)), due ? 1 : 0) << "event " << i;
      const bool steady_due = SteadyTime(i * 10s) <= machine_.now_steady();
      EXPECT_EQ(times("steady " + std::to_string(i)), steady_due ? 1 : 0) << "steady event " << i;
    }
  }

 private:
  DisciplineOptions options(BackwardStep backward) {
    backward_ = backward;
    DisciplineOptions result;
    result.backward = backward;
    return result;
  }
  void take(const FiredEvent& event) {
    const std::lock_guard lock(mutex_);
    ++fired_[event.id];
    EXPECT_GE(event.lateness, 0ns) << event.id << " fired early";
    if (event.id.starts_with("steady")) return;
    EXPECT_GT(event.due, last_due_) << "out of order";
    last_due_ = event.due;
  }

  BackwardStep backward_ = BackwardStep::kHold;
  testing::ManualTimeSource machine_{kBegin};
  SimulatedSyncProvider provider_;
  DisciplinedTimeSource source_;
  EventScheduler scheduler_{source_};
  UtcTime truth_ = kBegin, last_ = kBegin, last_due_ = UtcTime::min();
  std::mutex mutex_;  // guards what follows
  std::map<std::string, int> fired_;
  Dispatcher dispatcher_{scheduler_};  // last: ends before what its actions use
};

class DisciplinedEvents : public ::testing::TestWithParam<BackwardStep> {};

// CasparCG/server#1233 (set back: frozen, then fast), #1457 (after sleep).
TEST_P(DisciplinedEvents, NoneIsLostOrRepeatedWhateverHappensToTheMachine) {
  const struct {
    const char* name;
    void (*happens)(Station&);
  } cases[] = {
      {"nothing", [](Station&) {}},
      {"set forward", [](Station& s) { s.set_machine(45s); }},
      {"set back", [](Station& s) { s.set_machine(-45s); }},
      {"set there and back", [](Station& s) { s.set_machine(-1h), s.run(30s), s.set_machine(1h); }},
      {"set back while no daemon answers",
       [](Station& s) { s.set_machine(-30s), s.run(100s, false), s.set_machine(30s); }},
      {"it slept", [](Station& s) { s.suspend(95s); }},
      {"it slept, and came up with a wrong clock",
       [](Station& s) { s.suspend(95s), s.set_machine(-200s); }},
      {"a leap second", [](Station& s) { s.leap(); }},
      {"the daemon finds that it is fast", [](Station& s) { s.correct_the_truth(-25s); }},
      {"the daemon finds that it is slow", [](Station& s) { s.correct_the_truth(25s); }},
      {"and by little", [](Station& s) { s.correct_the_truth(-100ms); }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Station station(GetParam());
    station.run(600s);  // to midnight, where leap seconds are
    ASSERT_EQ(station.now(), kMidnight);
    c.happens(station);
    station.run(1200s);
    station.expect_each_event_once();
    EXPECT_LE(abs(station.error()), 1ms) << "and in the end it is right";
  }
}
INSTANTIATE_TEST_SUITE_P(WhenItIsFast, DisciplinedEvents,
                         ::testing::Values(BackwardStep::kHold, BackwardStep::kStep),
                         [](const auto& instance) {
                           return instance.param == BackwardStep::kHold ? "Hold" : "Decreasing";
                         });

}  // namespace
}  // namespace masterclock::disciplined_events_test
