// Runs one program, and leaves nothing of it behind: neither when it ends nor when the poller dies.
//
// A guard is a small process between the poller and a program. Each descendant of the program whose
// parent ends becomes a child of the guard, also a process that has left its group by setsid(2). The
// guard kills them all when the program has ended, and when the poller has died, even by SIGKILL.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_RUN_GUARD_H_
#define MASTERCLOCK_EXAMPLES_POLLER_RUN_GUARD_H_

#include "common/exec_program.h"

namespace poller {

// A request of the poller to a guard.
enum class GuardOrder : char {
  kTerminate = 'T',  // SIGTERM to the process group of the program
  kKill = 'K',       // SIGKILL
};

// Becomes the guard of a program. Runs in a child of the poller, after fork(2).
//
// `link` is a socket to the poller. The guard takes orders from it, and at the end sends the status of
// waitpid(2) as an int. The end of the socket means that the poller has died.
[[noreturn]] void guard_run(const common::ExecPlan& plan, int link) noexcept;

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_RUN_GUARD_H_
