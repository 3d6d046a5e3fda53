#include "orphan_guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "absl/status/status.h"

namespace poller {
namespace {

// Returns false at the end of the pipe. A number is one write, so none arrives in parts.
bool read_number(int pipe, pid_t& number) {
  ssize_t got = 0;
  while ((got = ::read(pipe, &number, sizeof number)) < 0 && errno == EINTR) {
  }
  return got == sizeof number;
}

[[noreturn]] void guard(int pipe) {
  ::setpgid(0, 0);  // Ctrl-C on the terminal reaches the poller only
  ::prctl(PR_SET_NAME, "poller-guard");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  // Keeps no file of the poller open but the pipe.
  ::dup2(pipe, STDIN_FILENO);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  std::set<pid_t> groups;
  for (pid_t number = 0; read_number(STDIN_FILENO, number);) {
    if (number > 0) groups.insert(number);
    if (number < 0) groups.erase(-number);
  }
  for (const pid_t group : groups) ::kill(-group, SIGKILL);
  ::_exit(0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<OrphanGuard>> OrphanGuard::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return absl::UnavailableError(std::string("Cannot make a pipe: ") + std::strerror(errno));
  }
  common::Descriptor read(ends[0]), write(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    return absl::UnavailableError(std::string("Cannot start a process: ") + std::strerror(errno));
  }
  if (pid == 0) guard(read.get());
  return std::unique_ptr<OrphanGuard>(new OrphanGuard(std::move(write), pid));
}

OrphanGuard::~OrphanGuard() {
  pipe_ = common::Descriptor();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void OrphanGuard::send(pid_t number) const noexcept {
  (void)!::write(pipe_.get(), &number, sizeof number);
}

}  // namespace poller
