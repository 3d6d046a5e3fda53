// Keeps at most one event of the clock pending for a purpose of a channel, such as its next boundary.
//
// `aim` stores the instant and may be called under the caller's lock. `update` schedules the event. It
// must be called without a lock, because an observer of the clock may call the manager from it.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_EVENT_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_EVENT_H_

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "masterclock/master_clock.h"

namespace on_air {

// Threads: any.
class ChannelEvent {
 public:
  ChannelEvent(masterclock::MasterClock& clock, std::string_view purpose, std::string channel)
      : clock_(clock), purpose_(purpose), channel_(std::move(channel)) {}

  // Sets the instant; absent: no event.
  void aim(std::optional<masterclock::UtcTime> due) {
    const std::lock_guard lock(mutex_);
    wanted_ = due;
  }

  // Schedules the event at the instant of the last `aim`, or cancels it. One thread does so at a time.
  // A second caller returns at once, and the first schedules again. The event runs a copy of `action`.
  template <class Action>
  absl::Status update(Action action) {
    std::unique_lock lock(mutex_);
    if (std::exchange(updating_, true)) return absl::OkStatus();
    absl::Status status;
    while (status.ok() && wanted_ != scheduled_) {
      const std::optional<masterclock::UtcTime> due = scheduled_ = wanted_;
      lock.unlock();
      status = due ? schedule(*due, action) : cancel();
      lock.lock();
    }
    updating_ = false;
    return status;
  }

  // Notes that the event fired. Call it first in the action.
  void fired() {
    const std::lock_guard lock(mutex_);
    if (wanted_ == scheduled_) wanted_.reset();
    scheduled_.reset();
  }

 private:
  [[nodiscard]] std::string id() const { return "on_air/" + purpose_ + "/" + channel_; }

  absl::Status schedule(masterclock::UtcTime due,
                        absl::AnyInvocable<void(const masterclock::FiredEvent&)> action) {
    masterclock::EventRequest request;
    request.id = id();
    request.due = due;
    request.type = purpose_;
    request.payload = channel_;
    request.on_duplicate = masterclock::OnDuplicate::kReplace;
    request.action = std::move(action);
    return clock_.schedule_event(std::move(request)).status();
  }
  absl::Status cancel() {
    clock_.cancel_event(id());
    return absl::OkStatus();
  }

  masterclock::MasterClock& clock_;
  const std::string purpose_, channel_;
  std::mutex mutex_;
  std::optional<masterclock::UtcTime> wanted_, scheduled_;
  bool updating_ = false;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_EVENT_H_
