// Keeps the commands of a log that had an effect, with the state of every clock after them.
//
// The history is the part of ClockLog that undo, redo, reboots and decisions change. It does not
// know sequences and command ids.
#ifndef MASTERCLOCK_TIMERS_INTERNAL_CLOCK_HISTORY_H_
#define MASTERCLOCK_TIMERS_INTERNAL_CLOCK_HISTORY_H_

#include "masterclock/version.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "masterclock/time/time_points.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_records.h"
#include "masterclock/timers/count_clock.h"
#include "masterclock/timers/internal/clock_fold.h"

namespace masterclock::inline v0_2::internal {

class ClockHistory {
 public:
  ClockHistory(Clocks clocks, BootPolicy policy)
      : policy_(policy), first_(std::move(clocks)), clocks_(first_) {}
  explicit ClockHistory(const ClockSnapshot& snapshot)
      : policy_(snapshot.policy),
        first_(snapshot.clocks),
        entries_(snapshot.entries),
        last_(snapshot.last) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].boot) {
        open_boots_ += entries_[i].boot->choice == BootChoice::kOpen ? 1 : 0;
      } else {
        (entries_[i].undone ? undone_ : done_).push_back(i);
      }
    }
    std::reverse(undone_.begin(), undone_.end());
    if (done_.size() > snapshot.undo_depth) {
      done_.erase(done_.begin(), done_.end() - static_cast<std::ptrdiff_t>(snapshot.undo_depth));
    }
    fold_again();
  }

  // Appends a record and returns whether it had an effect. When memory runs out, nothing changes.
  bool append(ClockRecord record) {
    const bool command = record.verb == LogVerb::kCommand || record.verb == LogVerb::kAlive;
    if (command && last_ && last_->boot == record.at.boot) return execute(std::move(record));
    ClockHistory next = *this;
    const bool effect = next.append_rare(std::move(record));
    *this = std::move(next);
    return effect;
  }

  [[nodiscard]] const Clocks& clocks() const noexcept { return clocks_; }
  [[nodiscard]] bool has_open_boot() const noexcept { return open_boots_ > 0; }
  [[nodiscard]] const ClockRecord* next_undo() const noexcept { return top(done_); }
  [[nodiscard]] const ClockRecord* next_redo() const noexcept { return top(undone_); }

  // Carries clocks from the last sign of life to `now`.
  void cross(Clocks& clocks, const LogTime& now) const {
    if (!last_ || last_->boot == now.boot) return;
    cross_boot(clocks, *last_, now, policy_ == BootPolicy::kContinue);
  }

  // Returns the snapshot, except for its sequence and command ids.
  [[nodiscard]] ClockSnapshot snapshot(std::size_t undo_depth) const {
    const std::size_t depth = std::min(undo_depth, done_.size());
    // The entries that can still change begin at `first`.
    std::size_t first = depth > 0 ? done_[done_.size() - depth] : entries_.size();
    for (const std::size_t i : undone_) first = std::min(first, i);
    for (std::size_t i = 0; i < first; ++i) {
      if (entries_[i].boot && entries_[i].boot->choice == BootChoice::kOpen) first = i;
    }
    ClockSnapshot result;
    result.policy = policy_;
    result.last = last_;
    result.undo_depth = depth;
    result.clocks = first_;
    fold(result.clocks, std::span(entries_).first(first));
    for (std::size_t i = first; i < entries_.size(); ++i) {
      const bool restorable = std::find(undone_.begin(), undone_.end(), i) != undone_.end();
      if (!entries_[i].undone || restorable) result.entries.push_back(entries_[i]);
    }
    return result;
  }

 private:
  // Applies a command record of the current boot.
  bool execute(ClockRecord record) {
    if (entries_.size() == entries_.capacity()) entries_.reserve(2 * entries_.size() + 1);
    if (done_.size() == done_.capacity()) done_.reserve(2 * done_.size() + 1);
    clamp(record.at);
    const bool alive = record.commands.empty();
    const bool effect = !alive && apply_all(clocks_, record.at.steady, record.commands);
    last_->steady = record.at.steady;  // the boot is the same: nothing below allocates
    last_->utc = record.at.utc;
    if (effect) {
      undone_.clear();
      done_.push_back(entries_.size());
      entries_.push_back({std::move(record), std::nullopt, false});
    }
    return effect || alive;
  }

  bool append_rare(ClockRecord record) {
    if (!last_ || last_->boot != record.at.boot) enter_boot(record.at);
    clamp(record.at);
    last_ = record.at;
    switch (record.verb) {
      case LogVerb::kUndo: return move_top(done_, undone_, true);
      case LogVerb::kRedo: return move_top(undone_, done_, false);
      case LogVerb::kContinue: return decide(BootChoice::kContinue);
      case LogVerb::kFreeze: return decide(BootChoice::kFreeze);
      case LogVerb::kCommand:
      case LogVerb::kAlive: break;
    }
    return execute(std::move(record));
  }

  // A stamp that goes back counts as the latest one of its boot.
  void clamp(LogTime& at) const {
    if (at.steady >= last_->steady) return;
    at.steady = last_->steady;
    at.utc = last_->utc;
  }

  void enter_boot(const LogTime& at) {
    if (last_) {
      BootChoice choice = BootChoice::kFreeze;
      if (policy_ == BootPolicy::kContinue) choice = BootChoice::kContinue;
      if (policy_ == BootPolicy::kAsk && any_running(clocks_, last_->steady)) {
        choice = BootChoice::kOpen;
        ++open_boots_;
      }
      entries_.push_back({{}, BootCrossing{*last_, at, choice}, false});
      cross_boot(clocks_, *last_, at, choice == BootChoice::kContinue);
    }
    last_ = at;
  }

  // Moves the last entry of one stack to the other.
  bool move_top(std::vector<std::size_t>& from, std::vector<std::size_t>& to, bool undone) {
    if (from.empty()) return false;
    entries_[from.back()].undone = undone;
    to.push_back(from.back());
    from.pop_back();
    fold_again();
    return true;
  }

  // Answers every boot that waits for a decision.
  bool decide(BootChoice choice) {
    if (open_boots_ == 0) return false;
    for (LogEntry& entry : entries_) {
      if (entry.boot && entry.boot->choice == BootChoice::kOpen) entry.boot->choice = choice;
    }
    open_boots_ = 0;
    fold_again();
    return true;
  }

  void fold_again() {
    clocks_ = first_;
    fold(clocks_, entries_);
  }

  [[nodiscard]] const ClockRecord* top(const std::vector<std::size_t>& stack) const noexcept {
    return stack.empty() ? nullptr : &entries_[stack.back()].record;
  }

  BootPolicy policy_;
  Clocks first_;  // before every entry
  std::vector<LogEntry> entries_;
  std::vector<std::size_t> done_, undone_;  // the entries that an undo or a redo takes, last first
  Clocks clocks_;                           // after every entry
  std::optional<LogTime> last_;             // the last sign of life
  int open_boots_ = 0;                      // boots that wait for a decision
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIMERS_INTERNAL_CLOCK_HISTORY_H_
