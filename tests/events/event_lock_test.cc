#include "masterclock/events/event_lock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <thread>

#include "masterclock/events/asymmetric_fence.h"

#if defined(__linux__)
#include <errno.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace masterclock::internal {
namespace {

// A kernel that makes nothing known, and a holder that lets go and is put aside before it looks for
// sleepers: it looks when somebody has got the lock, or has waited for a minute in vain.
struct DeafFence {
  static void light() {
    std::unique_lock lock(mutex);
    looked = changed.wait_for(lock, std::chrono::minutes(1), [] { return taken; }) && looked;
  }
  static bool heavy() {
    const std::lock_guard lock(mutex);
    ++waiters;
    changed.notify_all();
    return false;
  }
  static inline std::mutex mutex;  // guards the rest
  static inline std::condition_variable changed;
  static inline int waiters = 0;
  static inline bool taken = false, looked = true;
};

// Each waiter says so while it keeps the others from it: when the second does, the first one sleeps.
TEST(RealEventLock, WhoSleepsUnseenLooksAgainByHimself) {
  BasicEventLock<DeafFence> lock;
  lock.lock();
  std::thread first([&] {
    lock.lock();
    {
      const std::lock_guard guard(DeafFence::mutex);
      DeafFence::taken = true;
      DeafFence::changed.notify_all();
    }
    lock.unlock();
  });
  const auto wait_for = [](int waiters) {
    std::unique_lock guard(DeafFence::mutex);
    DeafFence::changed.wait(guard, [&] { return DeafFence::waiters == waiters; });
  };
  wait_for(1);
  std::thread second([&] {
    lock.lock();
    lock.unlock();
  });
  wait_for(2);
  lock.unlock();
  first.join();
  second.join();
  EXPECT_TRUE(DeafFence::looked) << "the lock was free for a minute and nobody took it";
}

#if defined(__linux__)
// membarrier(2) answers EPERM from here on, in this process.
bool forbid_membarrier() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(rules)), rules};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

TEST(RealAsymmetricFence, SaysWhenTheKernelNoLongerDoesIt) {
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
    GTEST_SKIP() << "this kernel has no membarrier(2)";
  }
  EXPECT_TRUE(AsymmetricFence::heavy());
  constexpr int kTold = 3, kNotTold = 4, kRefused = 77;
  int status = 0;
  const pid_t child = ::fork();
  if (child == 0) {
    if (!AsymmetricFence::heavy() || !forbid_membarrier()) ::_exit(kRefused);
    ::_exit(AsymmetricFence::heavy() ? kNotTold : kTold);
  }
  ASSERT_GT(child, 0);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kRefused) GTEST_SKIP() << "a filter of system calls is refused here";
  EXPECT_EQ(WEXITSTATUS(status), kTold);
}
#endif

}  // namespace
}  // namespace masterclock::internal
