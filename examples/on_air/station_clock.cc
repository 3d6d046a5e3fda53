#include "station_clock.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace on_air {

using masterclock::DisciplinedTimeSource;
using masterclock::SyncState;
using masterclock::TimeBounds;
using masterclock::TimeChange;
using std::chrono::nanoseconds;

namespace {

std::string seconds_text(nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f s", std::chrono::duration<double>(time).count());
  return text;
}

}  // namespace

std::string step_text(const TimeChange& change) {
  const auto [from, to] = std::minmax(change.from, change.to);
  return "the clock is " + seconds_text(masterclock::saturating_difference(to, from)) +
         (change.to < change.from ? " fast, and waits (" : " slow, and is set (") +
         to_string(change.kind) + ")";
}

std::string trust_text(const TimeBounds& bounds) {
  const bool known =
      bounds.state == SyncState::kSynchronized || bounds.state == SyncState::kFreeRunning;
  return std::string("the time is ") + to_string(bounds.state) +
         (known ? ", to " + seconds_text(bounds.uncertainty()) : "");
}

class StationClock::State {
 public:
  State(masterclock::TimeSource& machine, std::unique_ptr<masterclock::SyncProvider> provider,
        Say say)
      : provider_(std::move(provider)), say_(std::move(say)), source_(machine, *provider_) {}

  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      while (!wake_.wait_for(lock, stop, std::chrono::seconds(1),
                             [&] { return stop.stop_requested(); })) {
        refresh();
      }
    });
  }
  void refresh() {
    source_.refresh();
    const TimeBounds bounds = source_.now_bounded();
    if (std::exchange(told_, bounds.state) != bounds.state) tell(trust_text(bounds));
  }
  DisciplinedTimeSource& source() noexcept { return source_; }

 private:
  void tell(const std::string& line) {
    const std::lock_guard lock(say_mutex_);
    say_(line);
  }

  const std::unique_ptr<masterclock::SyncProvider> provider_;
  const Say say_;
  std::mutex say_mutex_;
  DisciplinedTimeSource source_;
  const masterclock::TimeSubscription steps_ = source_.subscribe([this](const TimeChange& change) {
    if (change.kind == TimeChange::Kind::kAdvance) return;
    tell(step_text(change));
  });
  std::optional<SyncState> told_;
  std::mutex mutex_;  // for wake_ alone
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: ends before what it uses
};

StationClock::StationClock(masterclock::TimeSource& machine,
                           std::unique_ptr<masterclock::SyncProvider> provider, Say say)
    : state_(std::make_unique<State>(machine, std::move(provider), std::move(say))) {}
StationClock::~StationClock() = default;

DisciplinedTimeSource& StationClock::source() noexcept { return state_->source(); }
void StationClock::refresh() { state_->refresh(); }
void StationClock::start() { state_->start(); }

}  // namespace on_air
