// How somebody waits who must see by himself that his wait is over.
//
// For about a microsecond he looks ever less often, then he offers his processor to others a few times,
// and then he sleeps between two looks, ever longer, up to a millisecond: nobody spins for long
// while the one he waits for is off the processor.
//
// Threads: one for each wait.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_PATIENCE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_PATIENCE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace masterclock::inline v0_2::internal {

class Patience {
 public:
  // To be called between two looks.
  void wait() noexcept {
    const int look = looks_++;
    if (look < kPauses) {
      pause(1 << look);
    } else if (look < kPauses + kYields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(sleep_);
      sleep_ = std::min<std::chrono::nanoseconds>(2 * sleep_, kMostSleep);
      looks_ = 0;
    }
  }

  // Lets some tens of nanoseconds pass, so many times.
  static void pause([[maybe_unused]] int times) noexcept {
#if defined(__x86_64__) || defined(__i386__)
    for (int i = 0; i < times; ++i) __builtin_ia32_pause();
#endif
  }

 private:
  static constexpr int kPauses = 4, kYields = 8;
  static constexpr std::chrono::nanoseconds kMostSleep = std::chrono::milliseconds(1);

  int looks_ = 0;
  std::chrono::nanoseconds sleep_ = std::chrono::microseconds(20);
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_PATIENCE_H_
