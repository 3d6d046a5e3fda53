// Recognises a child of fork(), which has a copy of an object and not the object's thread.
//
// In the child no thread unlocks the copy's mutexes or leaves its condition variables, and there is no thread
// to join. A destructor that waits for one of them never returns.
#ifndef MASTERCLOCK_INTERNAL_HOME_PROCESS_H_
#define MASTERCLOCK_INTERNAL_HOME_PROCESS_H_

#include "masterclock/version.h"

#include <memory>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace masterclock::inline v0_2::internal {

class HomeProcess {
 public:
  // Returns true in a child of the process that made this object.
  [[nodiscard]] bool left() const noexcept { return id_ != this_process(); }

 private:
  static int this_process() noexcept {
#if __has_include(<unistd.h>)
    return ::getpid();
#else
    return 0;
#endif
  }

  int id_ = this_process();
};

// Begins new objects in place of objects of the parent process, which are not destroyed.
template <class... T>
void begin_anew(T&... objects) noexcept {
  (std::construct_at(&objects), ...);
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_HOME_PROCESS_H_
