#include "common/exec_program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace common {

absl::Status system_error(const std::string& what, int error) {
  return absl::UnavailableError(what + ": " + std::strerror(error));
}

absl::StatusOr<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("Cannot make a pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> exec_pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

void exec_program(const ExecPlan& plan, pid_t parent) noexcept {
  // The parent may have died before prctl(2).
  const bool orphan = ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent;
  const int input = ::open("/dev/null", O_RDONLY);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  ::signal(SIGXFSZ, plan.keeps_xfsz_ignored ? SIG_IGN : SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  if (!orphan && ::setpgid(0, 0) == 0 && ::dup2(input, STDIN_FILENO) >= 0 &&
      ::dup2(plan.output, STDOUT_FILENO) >= 0 && ::dup2(plan.errors, STDERR_FILENO) >= 0 &&
      ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0) {
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execvpe(plan.argv[0], plan.argv, plan.envp != nullptr ? plan.envp : environ);
  }
  const int error = errno;
  (void)!::write(plan.failure, &error, sizeof error);
}

int await_exec(const Descriptor& failure) noexcept {
  int error = 0;
  ssize_t got = 0;
  while ((got = ::read(failure.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  return got > 0 ? error : 0;
}

}  // namespace common
