// Paces a thread: one frame at each deadline, while the channel is on the air.
//
// Frame N is due at the session's epoch on the steady clock plus the exact start of frame N. Errors
// do not add up, because no deadline follows from the frame before. A step of UTC moves no frame.
//
// A caller that returns late gets the frame that is on now, and the number of skipped frames.
// Skipped frames are not repeated in a burst. Each result states the outcome (on time, late,
// stopped) and the jitter, as the clock waits of GStreamer do.
//
// On simulated time the pacer waits for the source, and the source waits for the pacer.
// ManualTimeSource::advance returns when the thread that last called `wait` has handled its frame
// and waits for the next frame. advance() does not wait after stop(), for a call by that thread
// itself, and for longer than one second of real time. The handshake begins with the first `wait`.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(0s));
//   masterclock::FramePacer pacer(source, masterclock::k25, source.now_steady());
//   assert(pacer.poll()->frame == 0 && !pacer.poll());  // the next is due in 40 ms
//   source.step_utc(-24h);                              // changes nothing
//   source.advance(130ms);
//   const auto frame = pacer.poll();
//   assert(frame->frame == 3 && frame->skipped == 2 && frame->late_by == 10ms);
#ifndef MASTERCLOCK_FRAMES_FRAME_PACER_H_
#define MASTERCLOCK_FRAMES_FRAME_PACER_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/internal/home_process.h"
#include "masterclock/internal/printable.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

struct PacedFrame {
  enum class Outcome {
    kOnTime,   // handed over at the deadline, or within the tolerance after it
    kLate,     // handed over after the tolerance
    kStopped,  // not handed over, because of stop(); `frame` is the next frame
  };
  Outcome outcome = Outcome::kOnTime;
  std::int64_t frame = 0;
  SteadyTime deadline;
  std::chrono::nanoseconds late_by{};  // from the deadline to the hand-over
  std::chrono::nanoseconds jitter{};   // from the deadline to the call; negative for an early call
  std::int64_t skipped = 0;            // frames between the previous frame and this one
};

[[nodiscard]] inline std::string to_string(PacedFrame::Outcome outcome) {
  return internal::name_of(outcome, {"on-time", "late", "stopped"});
}

struct FramePacerOptions {
  std::int64_t first_frame = 0;
  // Allowance for the wake-up of a thread. A frame that exceeds it is late.
  std::chrono::nanoseconds tolerance = std::chrono::milliseconds(1);
};

// Threads: one thread waits and polls; any thread may call the other members.
// Cost:    one clock reading and two divisions a frame; allocates at construction only.
// Errors:  an invalid rate has one frame, the first.
class FramePacer {
 public:
  // `source` must outlive the pacer. Frame 0 is due at `epoch`.
  FramePacer(TimeSource& source, FrameRate rate, SteadyTime epoch, FramePacerOptions options = {})
      : source_(source),
        rate_(rate),
        epoch_(epoch),
        tolerance_(options.tolerance),
        next_(options.first_frame),
        subscription_(source.subscribe([this](const TimeChange& change) { on_change(change); })) {}
  FramePacer(const FramePacer&) = delete;
  FramePacer& operator=(const FramePacer&) = delete;
  ~FramePacer() {
    if (home_.left()) internal::begin_anew(mutex_, woken_, handled_changed_);
    stop();
  }

  // Returns the frame that is due, if any. Does not wait.
  [[nodiscard]] std::optional<PacedFrame> poll() {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = source_.now_steady();
    if (stopped_) return stopped(now);
    if (now < deadline_of(next_)) return std::nullopt;
    return hand_over(now, now);
  }

  // Waits for the deadline of the next frame. Returns at once after the deadline and after stop().
  [[nodiscard]] PacedFrame wait() {
    std::unique_lock lock(mutex_);
    const SteadyTime asked = source_.now_steady();
    pacing_thread_ = std::this_thread::get_id();
    for (;;) {
      const std::uint64_t changes = changes_;
      const SteadyTime now = source_.now_steady();
      if (stopped_) return stopped(asked);
      if (now >= deadline_of(next_)) return hand_over(asked, now);
      handled_ = changes;
      handled_changed_.notify_all();
      // The source may run faster than the machine's clock: look again once a second.
      const std::chrono::nanoseconds rest = saturating_difference(deadline_of(next_), now);
      woken_.wait_for(lock, std::min<std::chrono::nanoseconds>(rest, std::chrono::seconds(1)),
                      [&] { return stopped_ || changes_ != changes; });
    }
  }

  // Ends the current wait and each later wait.
  void stop() noexcept {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    woken_.notify_all();
    handled_changed_.notify_all();
  }

  // Returns the deadline of the next frame, for an engine with its own loop.
  [[nodiscard]] SteadyTime next_deadline() const {
    const std::lock_guard lock(mutex_);
    return deadline_of(next_);
  }

 private:
  // Returns when the pacing thread has handled the change and waits again.
  void on_change(const TimeChange& change) {
    if (change.kind != TimeChange::Kind::kAdvance) return;  // steady time did not move
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = ++changes_;
    woken_.notify_all();
    if (pacing_thread_ == std::thread::id() || pacing_thread_ == std::this_thread::get_id()) return;
    if (!handled_changed_.wait_for(lock, std::chrono::seconds(1),
                                   [&] { return stopped_ || handled_ >= mine; })) {
      pacing_thread_ = {};  // until its next wait
    }
  }

  SteadyTime deadline_of(std::int64_t frame) const noexcept {
    return saturating_add(epoch_, frame_start(frame, rate_));
  }

  PacedFrame stopped(SteadyTime asked) const noexcept {
    const SteadyTime due = deadline_of(next_);
    return {PacedFrame::Outcome::kStopped, next_, due, {}, saturating_difference(asked, due), 0};
  }

  PacedFrame hand_over(SteadyTime asked, SteadyTime now) noexcept {
    const std::int64_t on = frame_index(saturating_difference(now, epoch_), rate_);
    const std::int64_t frame = std::max(on, next_);
    const SteadyTime due = deadline_of(frame);
    const std::chrono::nanoseconds late_by = saturating_difference(now, due);
    const PacedFrame paced{
        late_by > tolerance_ ? PacedFrame::Outcome::kLate : PacedFrame::Outcome::kOnTime,
        frame,
        due,
        late_by,
        saturating_difference(asked, due),
        internal::saturating_minus(frame, next_)};
    next_ = internal::saturating_sum(frame, 1);
    return paced;
  }

  TimeSource& source_;
  const FrameRate rate_;
  const SteadyTime epoch_;
  const std::chrono::nanoseconds tolerance_;
  const internal::HomeProcess home_;
  mutable std::mutex mutex_;
  std::condition_variable woken_, handled_changed_;
  std::int64_t next_;
  std::uint64_t changes_ = 0;  // advances of the source
  std::uint64_t handled_ = 0;  // advances that the pacing thread has seen before its current wait
  std::thread::id pacing_thread_;
  bool stopped_ = false;
  TimeSubscription subscription_;  // last: its destructor waits for on_change
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_FRAME_PACER_H_
