#include "station_clock.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace on_air {

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
  return std::string("the clock was set ") + (change.to < change.from ? "back" : "forward") +
         " by " + seconds_text(masterclock::saturating_difference(to, from)) + " (" +
         to_string(change.kind) + ")";
}

std::string correction_text(const TimeChange& change) {
  if (change.to >= change.from) return step_text(change);
  return "the clock is " +
         seconds_text(masterclock::saturating_difference(change.from, change.to)) +
         " fast and waits for UTC (" + to_string(change.kind) + ")";
}

std::string trust_text(const TimeBounds& bounds) {
  const bool known =
      bounds.state == SyncState::kSynchronized || bounds.state == SyncState::kFreeRunning;
  return std::string("the time is ") + to_string(bounds.state) +
         (known ? ", within " + seconds_text(bounds.uncertainty()) : "");
}

StationClock::StationClock(masterclock::TimeSource& machine,
                           std::unique_ptr<masterclock::SyncProvider> provider, Say say)
    : provider_(std::move(provider)),
      say_(std::move(say)),
      source_(machine, *provider_),
      steps_(source_.subscribe([this](const TimeChange& change) {
        if (change.kind != TimeChange::Kind::kAdvance) report(correction_text(change));
      })),
      polling_([this] { refresh(); }, {}, source_) {}

void StationClock::refresh() {
  source_.refresh();
  const TimeBounds bounds = source_.now_bounded();
  if (std::exchange(reported_, bounds.state) != bounds.state) report(trust_text(bounds));
}

void StationClock::report(const std::string& line) {
  const std::lock_guard lock(mutex_);
  say_(line);
}

}  // namespace on_air
