#include "process_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "common/printable.h"

namespace poller {
namespace {

using common::Descriptor;
using masterclock::SteadyTime;

absl::Status system_error(const std::string& what, int error) {
  return absl::UnavailableError(what + ": " + std::strerror(error));
}

struct Pipe {
  Descriptor read, write;
};
absl::StatusOr<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("Cannot make a pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Returns the environment of the poller. The variables of a launch have precedence.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// The header of glibc 2.36 declares pidfd_open for C only.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// Becomes the program. Runs in the child: only functions that are safe after fork(2). Returns only in
// an error, whose errno it writes to `failure`.
void become(char* const* argv, char* const* envp, const OrphanGuard& guard, pid_t parent,
            int output, int failure) {
  const pid_t me = ::getpid();
  // The parent may have died before prctl(2).
  const bool orphan = ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent;
  const int input = ::open("/dev/null", O_RDONLY);
  sigset_t none;
  ::sigemptyset(&none);
  if (!orphan && ::setpgid(0, 0) == 0 && ::dup2(input, STDIN_FILENO) >= 0 &&
      ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(output, STDERR_FILENO) >= 0) {
    guard.add(me);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ}) {
      ::signal(signal, SIG_DFL);
    }
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execvpe(argv[0], argv, envp);
  }
  const int error = errno;
  (void)!::write(failure, &error, sizeof error);
}

// Reads what the process has written, at most `most` bytes, and keeps the last part. Returns false at
// the end of the stream.
bool drain(int fd, std::string& kept, std::size_t most) {
  char chunk[16 * 1024];
  for (std::size_t total = 0; total < most;) {
    const ssize_t got = ::read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    total += static_cast<std::size_t>(got);
    kept.append(chunk, static_cast<std::size_t>(got));
    const std::size_t limit = ProcessRunner::kKeptOutput;
    if (kept.size() > limit) kept.erase(0, kept.size() - limit);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProcessRunner>> ProcessRunner::make() {
  auto guard = OrphanGuard::start();
  if (!guard.ok()) return guard.status();
  return std::unique_ptr<ProcessRunner>(new ProcessRunner(*std::move(guard)));
}

ProcessRunner::~ProcessRunner() {
  for (auto& [id, process] : processes_) {
    ::kill(-process.pid, SIGKILL);
    (void)reap(process);
  }
}

absl::Status ProcessRunner::start(SteadyTime now, std::uint64_t id, const Launch& launch) {
  const std::string program = common::printable(launch.arguments.front());
  absl::StatusOr<Pipe> output = make_pipe(), failure = make_pipe();
  if (!output.ok()) return output.status();
  if (!failure.ok()) return failure.status();
  const std::vector<std::string> environment = environment_with(launch.env);
  const std::vector<char*> argv = pointers(launch.arguments), envp = pointers(environment);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("Cannot start " + program, errno);
  if (pid == 0) {
    become(argv.data(), envp.data(), *guard_, parent, output->write.get(), failure->write.get());
    ::_exit(127);
  }
  failure->write = Descriptor();
  int error = 0;
  ssize_t got = 0;
  while ((got = ::read(failure->read.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  Process process;
  process.pid = pid;
  if (got <= 0) process.exit = Descriptor(open_pidfd(pid));
  if (got > 0 || process.exit.get() < 0) {
    if (got <= 0) error = errno;
    ::kill(-pid, SIGKILL);
    (void)reap(process);
    if (error == ENOENT || error == EACCES || error == ENOTDIR) {
      return absl::NotFoundError(program + " cannot be run: " + std::strerror(error));
    }
    return system_error("Cannot start " + program, error);
  }
  ::fcntl(output->read.get(), F_SETFL, O_NONBLOCK);
  process.output = std::move(output->read);
  if (launch.time_limit) {
    process.terminate_at = masterclock::saturating_add(now, *launch.time_limit);
  }
  processes_.emplace(id, std::move(process));
  return absl::OkStatus();
}

void ProcessRunner::terminate(SteadyTime now, Process& process, Outcome::End why) {
  if (process.why) return;
  process.why = why;
  process.terminate_at.reset();
  process.kill_at = masterclock::saturating_add(now, kGrace);
  ::kill(-process.pid, SIGTERM);
  ::kill(-process.pid, SIGCONT);  // a stopped process gets the signal too
}

void ProcessRunner::stop(SteadyTime now, std::uint64_t id) {
  const auto found = processes_.find(id);
  if (found != processes_.end()) terminate(now, found->second, Outcome::End::kStopped);
}

void ProcessRunner::add_waits(std::vector<pollfd>& waits) const {
  for (const auto& [id, process] : processes_) {
    waits.push_back({process.exit.get(), POLLIN, 0});
    if (process.output.get() >= 0) waits.push_back({process.output.get(), POLLIN, 0});
  }
}

std::optional<SteadyTime> ProcessRunner::next_deadline() const {
  std::optional<SteadyTime> next;
  for (const auto& [id, process] : processes_) {
    for (const auto& at : {process.terminate_at, process.kill_at}) {
      if (at) next = std::min(next.value_or(*at), *at);
    }
  }
  return next;
}

std::vector<ProcessRunner::Ended> ProcessRunner::work(SteadyTime now) {
  constexpr std::size_t kPart = 256 * 1024;  // so that one process does not keep the others waiting
  std::vector<Ended> ended;
  for (auto at = processes_.begin(); at != processes_.end();) {
    Process& process = at->second;
    if (process.output.get() >= 0 && !drain(process.output.get(), process.kept, kPart)) {
      process.output = Descriptor();
    }
    if (process.terminate_at && *process.terminate_at <= now) {
      terminate(now, process, Outcome::End::kTimeLimit);
    }
    if (process.kill_at && *process.kill_at <= now) {
      process.kill_at.reset();
      ::kill(-process.pid, SIGKILL);
    }
    pollfd exited{process.exit.get(), POLLIN, 0};
    if (::poll(&exited, 1, 0) <= 0) {
      ++at;
      continue;
    }
    ended.push_back({at->first, reap(process)});
    at = processes_.erase(at);
  }
  return ended;
}

// The group keeps its number until its leader is reaped: no other group gets a signal.
Outcome ProcessRunner::reap(Process& process) {
  ::kill(-process.pid, SIGKILL);
  if (process.output.get() >= 0) (void)drain(process.output.get(), process.kept, kKeptOutput);
  // Waits for the leader only. What it left in its group has SIGKILL.
  siginfo_t ignored{};
  while (::waitid(P_PID, static_cast<id_t>(process.pid), &ignored, WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
  guard_->remove(process.pid);
  int status = 0;
  while (::waitpid(process.pid, &status, 0) < 0 && errno == EINTR) {
  }
  Outcome outcome;
  outcome.output = std::move(process.kept);
  if (process.why) {
    outcome.end = *process.why;
  } else if (WIFSIGNALED(status)) {
    outcome.end = Outcome::End::kSignal;
    outcome.code = WTERMSIG(status);
  } else {
    outcome.code = WEXITSTATUS(status);
  }
  return outcome;
}

}  // namespace poller
