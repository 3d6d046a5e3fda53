// A fence in two halves, for two threads of which one passes often and the other seldom.
//
// Two threads that each write one word and then read the other's must not both read what was there
// before. That takes a fence in both, and a fence costs as much as a lock. Here the one who passes
// often pays nothing, and the one who passes seldom asks the kernel to put a fence into every thread
// of the process that is running:
//
//   often                           seldom
//   mine = 1;                       yours = 1;
//   light_fence();                  heavy_fence();
//   if (yours) ...                  if (mine) ...
//
// Where the kernel cannot do it (membarrier(2), Linux 4.14), both halves are whole fences. A program
// that forbids itself the call after it has begun (seccomp) keeps the light halves: heavy_fence says
// so, and who depends on it must look again by himself.
//
// Threads: any.
// Cost:    light: nothing; heavy: a system call, and an interrupt of each processor that runs this
//          process.
#ifndef MASTERCLOCK_EVENTS_ASYMMETRIC_FENCE_H_
#define MASTERCLOCK_EVENTS_ASYMMETRIC_FENCE_H_

#include <atomic>

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace masterclock::internal {

class AsymmetricFence {
 public:
  static void light() noexcept {
    if (kernel_fences_) {
      std::atomic_signal_fence(std::memory_order_seq_cst);  // for the compiler alone
    } else {
      whole_fence();
    }
  }

  // Whether it was a fence for the others too.
  [[nodiscard]] static bool heavy() noexcept {
    whole_fence();
#if defined(__linux__)
    if (kernel_fences_) {
      return ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
    }
#endif
    return true;
  }

 private:
  // As a change of a word that everybody changes, because ThreadSanitizer understands those.
  static void whole_fence() noexcept { word_.fetch_add(0, std::memory_order_seq_cst); }

  static bool ask_kernel() noexcept {
#if defined(__linux__)
    return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
#else
    return false;
#endif
  }

  static inline std::atomic<int> word_ = 0;
  // Before it is set, while the program's globals are made, every fence is a whole one.
  static inline const bool kernel_fences_ = ask_kernel();
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_ASYMMETRIC_FENCE_H_
