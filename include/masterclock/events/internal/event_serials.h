// Numbers that no two events of a program share, and that tell which event was scheduled first.
//
// Each owner takes them in blocks from one counter, so that many schedulers seldom meet there.
// Within one owner a later number is a greater one. 0 is never given.
//
// Threads: none of its own; the owner locks.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_SERIALS_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_SERIALS_H_

#include "masterclock/version.h"

#include <atomic>
#include <cstdint>

namespace masterclock::inline v0_2::internal {

class EventSerials {
 public:
  std::uint64_t next() noexcept {
    if (next_ == end_) {
      next_ = block_.fetch_add(kBlock, std::memory_order_relaxed);
      end_ = next_ + kBlock;
    }
    return next_++;
  }

  // No number given so far is as great as this one; each one given from now on is at least as
  // great.
  [[nodiscard]] std::uint64_t upcoming() const noexcept { return next_; }

 private:
  static constexpr std::uint64_t kBlock = 1 << 16;
  static inline std::atomic<std::uint64_t> block_ = 1;

  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_SERIALS_H_
