#include "run_guard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

// Between fork(2) and the end of the guard: only functions that are safe after fork(2).
namespace poller {
namespace {

constexpr int kLink = STDIN_FILENO, kEnds = STDOUT_FILENO;

// Calls `use` with the number of each child.
template <class Use>
void for_each_child(Use use) noexcept {
  const int file = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  char chunk[1'024];
  pid_t number = 0;
  for (ssize_t got = 0; (got = ::read(file, chunk, sizeof chunk)) > 0;) {
    for (ssize_t i = 0; i < got; ++i) {
      if (chunk[i] >= '0' && chunk[i] <= '9') {
        number = number * 10 + (chunk[i] - '0');
      } else if (number > 0) {
        use(number);
        number = 0;
      }
    }
  }
  ::close(file);
}

// Kills the children, and those that become children by that, until none is left. A child that the
// kernel does not end within a second ends later, for it has SIGKILL.
void kill_children() noexcept {
  constexpr int kRounds = 50, kMilliseconds = 20;
  for (int round = 0; round < kRounds; ++round) {
    for_each_child([](pid_t child) { ::kill(child, SIGKILL); });
    pid_t got = 0;
    while ((got = ::waitpid(-1, nullptr, WNOHANG)) > 0) round = 0;
    if (got < 0 && errno == ECHILD) return;
    signalfd_siginfo end{};
    (void)!::read(kEnds, &end, sizeof end);
    pollfd ends{kEnds, POLLIN, 0};
    ::poll(&ends, 1, kMilliseconds);
  }
}

// Reaps the children that have ended. Returns whether the program is one of them.
bool reap(pid_t program, int& status) noexcept {
  signalfd_siginfo end{};
  while (::read(kEnds, &end, sizeof end) > 0) {
  }
  for (;;) {
    siginfo_t found{};
    if (::waitid(P_ALL, 0, &found, WEXITED | WNOHANG | WNOWAIT) < 0 || found.si_pid == 0) {
      return false;
    }
    // The group keeps its number until its leader is reaped: no other group gets the signal.
    if (found.si_pid == program) ::kill(-program, SIGKILL);
    ::waitpid(found.si_pid, &status, 0);
    if (found.si_pid == program) return true;
  }
}

// Returns false when the poller has died.
bool obey(pid_t program) noexcept {
  GuardOrder order{};
  ssize_t got = 0;
  while ((got = ::read(kLink, &order, sizeof order)) < 0 && errno == EINTR) {
  }
  const bool kills = got <= 0 || order == GuardOrder::kKill;
  ::kill(-program, kills ? SIGKILL : SIGTERM);
  ::kill(-program, SIGCONT);  // a stopped process gets the signal too
  return got > 0;
}

}  // namespace

void guard_run(const common::ExecPlan& plan, int link) noexcept {
  sigset_t all, ends;
  ::sigfillset(&all);
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::setpgid(0, 0);  // Ctrl-C on the terminal reaches the poller only
  ::prctl(PR_SET_NAME, "run-guard");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t me = ::getpid(), program = ::_Fork();
  if (program == 0) {
    common::exec_program(plan, me);
    ::_exit(127);
  }
  if (program < 0) {
    const int error = errno;
    (void)!::write(plan.failure, &error, sizeof error);
    ::_exit(127);
  }
  // Keeps no file of the poller open.
  ::dup2(link, kLink);
  ::dup2(::signalfd(-1, &ends, SFD_NONBLOCK), kEnds);
  ::dup2(::open("/dev/null", O_RDWR), STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  int status = 0;
  for (bool ended = false; !ended;) {
    pollfd waits[] = {{kLink, POLLIN, 0}, {kEnds, POLLIN, 0}};
    ::poll(waits, 2, -1);
    if (waits[0].revents != 0 && !obey(program)) {
      kill_children();
      ::_exit(0);
    }
    ended = waits[1].revents != 0 && reap(program, status);
  }
  kill_children();
  (void)!::send(kLink, &status, sizeof status, MSG_NOSIGNAL);
  ::_exit(0);
}

}  // namespace poller
