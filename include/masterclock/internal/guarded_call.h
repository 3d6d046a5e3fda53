// Calls a user's hook that must not stop the library. Names the exception of a thread that ends itself.
#ifndef MASTERCLOCK_INTERNAL_GUARDED_CALL_H_
#define MASTERCLOCK_INTERNAL_GUARDED_CALL_H_

#include "masterclock/version.h"

#include <utility>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

namespace masterclock::inline v0_2::internal {

// Unwinds a thread that calls pthread_exit. A `catch (...)` that does not throw it again ends the program, so
// a handler of this type stands before it.
#if defined(__GLIBCXX__)
using ThreadExit = abi::__forced_unwind;
#else
struct ThreadExit {};  // no such exception
#endif

// Calls `function` and swallows what it throws. Returns false when it threw, so that the caller can
// count the failure. A function that calls pthread_exit ends the program.
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
