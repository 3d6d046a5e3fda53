// Calls a user's hook that must not stop the library.
#ifndef MASTERCLOCK_INTERNAL_GUARDED_CALL_H_
#define MASTERCLOCK_INTERNAL_GUARDED_CALL_H_

#include "masterclock/version.h"

#include <utility>

namespace masterclock::inline v0_2::internal {

// Calls `function` and swallows what it throws. Returns false when it threw, so that the caller can
// count the failure.
template <class Function, class... Arguments>
bool guarded_call(Function&& function, Arguments&&... arguments) noexcept {
  try {
    std::forward<Function>(function)(std::forward<Arguments>(arguments)...);
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_GUARDED_CALL_H_
