// One frame a deadline, for as long as the channel is on.
//
// Frame N of a session is due at the session's epoch on the steady clock plus the exact start of
// frame N: never at the last frame plus a step, for that adds up, and never by UTC, for that jumps.
// A step of UTC of any size moves no frame.
//
// Who comes too late gets the frame that is on now, with the number of those that were skipped;
// there is no burst to catch up. Every answer says what happened, as GStreamer's clock waits do: on
// time, late by so much, or stopped; and the jitter, how far from the deadline the caller came back
// for the frame.
//
// A pacer runs on any TimeSource, on a simulated one too: a wait ends when the source's steady time
// gets there, however it does.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(0s));
//   masterclock::FramePacer pacer(source, masterclock::k25, source.now_steady());
//   assert(pacer.poll()->frame == 0 && !pacer.poll());  // the next is due in 40 ms
//   source.step_utc(-24h);                              // nothing to us
//   source.advance(130ms);
//   const auto frame = pacer.poll();
//   assert(frame->frame == 3 && frame->skipped == 2 && frame->late_by == 10ms);
#ifndef MASTERCLOCK_FRAMES_FRAME_PACER_H_
#define MASTERCLOCK_FRAMES_FRAME_PACER_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// When frame `frame` of a session is due.
//
// Threads: a pure function, constexpr.
[[nodiscard]] constexpr SteadyTime frame_deadline(SteadyTime epoch, std::int64_t frame,
                                                  FrameRate rate) noexcept {
  return saturating_add(epoch, frame_start(frame, rate));
}

// What became of one frame.
struct PacedFrame {
  enum class Outcome {
    kOnTime,   // handed over at its deadline, or within the tolerance after it
    kLate,     // later than that
    kStopped,  // not handed over: stop() was called; `frame` is the one that would have been next
  };
  Outcome outcome = Outcome::kOnTime;
  std::int64_t frame = 0;
  SteadyTime deadline;
  std::chrono::nanoseconds late_by{};  // handed over this long after the deadline
  std::chrono::nanoseconds jitter{};   // asked for this long after the deadline; negative: early
  std::int64_t skipped = 0;            // frames whose turn passed since the one before
};

struct FramePacerOptions {
  std::int64_t first_frame = 0;
  // What the wake-up of a thread may cost before a frame counts as late.
  std::chrono::nanoseconds tolerance = std::chrono::milliseconds(1);
};

// Threads: one thread waits and polls; any may call stop().
// Cost:    a reading of the clock and two divisions a frame; allocates when made only.
// Errors:  a rate that is not valid has one frame, the first, and then none is ever due.
class FramePacer {
 public:
  FramePacer(TimeSource& source, FrameRate rate, SteadyTime epoch, FramePacerOptions options = {})
      : source_(source),
        rate_(rate),
        epoch_(epoch),
        tolerance_(options.tolerance),
        next_(options.first_frame),
        subscription_(source.subscribe([this](const TimeChange&) { wake(); })) {}
  FramePacer(const FramePacer&) = delete;
  FramePacer& operator=(const FramePacer&) = delete;

  // The frame that is due, if one is. Does not wait.
  [[nodiscard]] std::optional<PacedFrame> poll() {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = source_.now_steady();
    if (stopped_) return stopped(now);
    if (now < deadline()) return std::nullopt;
    return hand_over(now, now);
  }

  // The next frame, when its deadline comes. Returns at once when it has passed, or after stop().
  [[nodiscard]] PacedFrame wait() {
    std::unique_lock lock(mutex_);
    const SteadyTime asked = source_.now_steady();
    for (;;) {
      const SteadyTime now = source_.now_steady();
      if (stopped_) return stopped(asked);
      if (now >= deadline()) return hand_over(asked, now);
      // A simulated clock announces that it moved. Against a clock that runs otherwise than the
      // machine's, and against waits too long for the system, look again now and then.
      const auto seen = wakes_;
      const std::chrono::nanoseconds rest = saturating_difference(deadline(), now);
      changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(rest, std::chrono::seconds(1)),
                        [&] { return stopped_ || wakes_ != seen; });
    }
  }

  // Ends the wait in progress and every later one.
  void stop() noexcept {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
  }

  // The number of the next frame, and when it is due: for an engine with a loop of its own.
  [[nodiscard]] std::int64_t next_frame() const {
    const std::lock_guard lock(mutex_);
    return next_;
  }
  [[nodiscard]] SteadyTime next_deadline() const {
    const std::lock_guard lock(mutex_);
    return deadline();
  }

 private:
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      ++wakes_;
    }
    changed_.notify_all();
  }

  SteadyTime deadline() const noexcept { return frame_deadline(epoch_, next_, rate_); }

  PacedFrame stopped(SteadyTime asked) const noexcept {
    return {PacedFrame::Outcome::kStopped,
            next_,
            deadline(),
            {},
            saturating_difference(asked, deadline()),
            0};
  }

  PacedFrame hand_over(SteadyTime asked, SteadyTime now) noexcept {
    const std::int64_t on = frame_index(saturating_difference(now, epoch_), rate_);
    const std::int64_t frame = std::max(on, next_);
    const SteadyTime due = frame_deadline(epoch_, frame, rate_);
    const std::chrono::nanoseconds late_by = saturating_difference(now, due);
    const PacedFrame handed{
        late_by > tolerance_ ? PacedFrame::Outcome::kLate : PacedFrame::Outcome::kOnTime,
        frame,
        due,
        late_by,
        saturating_difference(asked, due),
        frame - next_};
    next_ = frame == std::numeric_limits<std::int64_t>::max() ? frame : frame + 1;
    return handed;
  }

  TimeSource& source_;
  const FrameRate rate_;
  const SteadyTime epoch_;
  const std::chrono::nanoseconds tolerance_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t next_;
  std::uint64_t wakes_ = 0;
  bool stopped_ = false;
  TimeSubscription subscription_;  // last: it ends first, before what its listener touches
};

}  // namespace masterclock

#endif  // MASTERCLOCK_FRAMES_FRAME_PACER_H_
