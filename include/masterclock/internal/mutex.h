// Annotates std::mutex for clang's thread-safety analysis, which does not know that of libstdc++.
//
// The macros are Abseil's (absl/base/thread_annotations.h): ABSL_GUARDED_BY names the mutex of a member,
// ABSL_EXCLUSIVE_LOCKS_REQUIRED that of a function. The presets with clang compile with
// -Wthread-safety.
#ifndef MASTERCLOCK_INTERNAL_MUTEX_H_
#define MASTERCLOCK_INTERNAL_MUTEX_H_

#include "masterclock/version.h"

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace masterclock::inline v0_2::internal {

class ABSL_LOCKABLE Mutex {
 public:
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_MUTEX_H_
