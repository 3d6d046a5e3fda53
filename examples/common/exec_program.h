// The way from fork(2) to a program, for every part that starts a child process.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_EXEC_PROGRAM_H_
#define MASTERCLOCK_EXAMPLES_COMMON_EXEC_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace common {

// Returns Unavailable "WHAT: the system's reason".
[[nodiscard]] absl::Status system_error(const std::string& what, int error);

struct Pipe {
  Descriptor read, write;  // closed by exec
};
// Errors: Unavailable.
[[nodiscard]] absl::StatusOr<Pipe> make_pipe();

// Returns the arguments of exec(3). Valid as long as `texts`.
[[nodiscard]] std::vector<char*> exec_pointers(const std::vector<std::string>& texts);

struct ExecPlan {
  char* const* argv = nullptr;
  char* const* envp = nullptr;  // null: the environment of this process
  int output = -1, errors = -1;
  int failure = -1;                 // the end of a pipe that exec closes
  bool keeps_xfsz_ignored = false;  // the program then says that its file is too large
};

// Becomes the program: in a process group with its number, with /dev/null as its standard input, without
// a blocked signal, and without another open file. The kernel kills the program when `parent`, the
// thread that forked, dies.
//
// Runs in the child: calls only functions that are safe after fork(2). Returns only in an error, whose
// errno it writes to `failure`.
void exec_program(const ExecPlan& plan, pid_t parent) noexcept;

// Waits until the child has become its program, and returns 0, or else the errno of its failure. This
// process must not hold the other end of the pipe.
[[nodiscard]] int await_exec(const Descriptor& failure) noexcept;

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_EXEC_PROGRAM_H_
