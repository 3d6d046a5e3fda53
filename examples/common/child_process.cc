#include "common/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "common/descriptor.h"

extern char** environ;

namespace common {
namespace {

struct Pipe {
  Descriptor read, write;
};

absl::Status system_error(const std::string& what, int error) {
  return absl::UnavailableError(what + ": " + std::strerror(error));
}

absl::StatusOr<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("Cannot make a pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Owns the two parameter objects of posix_spawn.
struct SpawnPlan {
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

// Appends the bytes that can be read now, and keeps the last ones. Returns false at the end of the stream.
bool drain(int fd, std::string& kept, std::size_t keep, std::mutex& mutex) {
  char chunk[4'096];
  const ssize_t got = ::read(fd, chunk, sizeof chunk);
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  const std::lock_guard lock(mutex);
  kept.append(chunk, static_cast<std::size_t>(got));
  if (kept.size() > keep) kept.erase(0, kept.size() - keep);
  return true;
}

// Removes the addresses of ffmpeg's objects: "[mov,mp4 @ 0x55e2dcf45b40] moov atom not found".
std::string_view without_address(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const std::size_t end = line.find("] ");
  const std::size_t at = line.find(" @ 0x");
  return at < end && end != std::string_view::npos ? line.substr(end + 2) : line;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::start(
    const std::vector<std::string>& arguments, std::size_t keep) {
  absl::StatusOr<Pipe> output = make_pipe();
  if (!output.ok()) return output.status();
  absl::StatusOr<Pipe> errors = make_pipe();
  if (!errors.ok()) return errors.status();
  Descriptor ended(::eventfd(0, EFD_CLOEXEC));
  if (ended.get() < 0) return system_error("Cannot make an eventfd", errno);

  SpawnPlan plan;
  ::posix_spawn_file_actions_addopen(&plan.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&plan.files, output->write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.files, errors->write.get(), STDERR_FILENO);
  sigset_t none, standard;
  ::sigemptyset(&none);
  ::sigemptyset(&standard);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::sigaddset(&standard, signal);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &standard);
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);
  ::posix_spawnattr_setflags(
      &plan.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, argv[0], &plan.files, &plan.attributes, argv.data(), environ);
  if (error == ENOENT || error == EACCES || error == ENOTDIR) {
    return absl::NotFoundError(arguments[0] + " is not installed: not found in PATH");
  }
  if (error != 0) return system_error("Cannot start " + arguments[0], error);
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(pid, output->read.release(), errors->read.release(), ended.release(), keep));
}

ChildProcess::ChildProcess(pid_t pid, int output, int errors, int ended_event, std::size_t keep)
    : keep_(keep),
      ended_event_(ended_event),
      pid_(pid),
      supervisor_([this, output, errors] { supervise(output, errors); }) {}

ChildProcess::~ChildProcess() {
  stop();
  supervisor_.join();
  ::close(ended_event_);
}

void ChildProcess::supervise(int output, int errors) {
  const Descriptor owned_output(output), owned_errors(errors);
  pollfd streams[2] = {{output, POLLIN, 0}, {errors, POLLIN, 0}};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    if (::poll(streams, 2, -1) < 0 && errno != EINTR) break;
    if (streams[0].revents != 0 && !drain(output, output_, keep_, mutex_)) streams[0].fd = -1;
    if (streams[1].revents != 0 && !drain(errors, errors_, keep_, mutex_)) streams[1].fd = -1;
  }
  // Reaps under the lock, so that no thread signals a number that is no longer the child's.
  siginfo_t ignored{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &ignored, WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
  {
    const std::lock_guard lock(mutex_);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    ended_ = status;
    const std::uint64_t one = 1;
    while (::write(ended_event_, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }
  changed_.notify_all();
}

void ChildProcess::stop(std::chrono::milliseconds grace) {
  std::unique_lock lock(mutex_);
  const auto ended = [this] { return ended_.has_value(); };
  if (ended()) return;
  stopped_ = true;
  ::kill(-pid_, SIGTERM);
  if (changed_.wait_for(lock, grace, ended)) return;
  ::kill(-pid_, SIGKILL);
  changed_.wait(lock, ended);
}

bool ChildProcess::wait(int interrupt_fd) {
  pollfd events[2] = {{ended_event_, POLLIN, 0}, {interrupt_fd, POLLIN, 0}};
  while (::poll(events, 2, -1) < 0 && errno == EINTR) {
  }
  return events[0].revents != 0;
}

bool ChildProcess::running() const {
  const std::lock_guard lock(mutex_);
  return !ended_.has_value();
}

bool ChildProcess::succeeded() const {
  const std::lock_guard lock(mutex_);
  return ended_.has_value() && !stopped_ && WIFEXITED(*ended_) && WEXITSTATUS(*ended_) == 0;
}

std::string ChildProcess::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

std::string ChildProcess::complaint() const {
  const std::lock_guard lock(mutex_);
  std::string_view rest = errors_;
  while (!rest.empty()) {
    const std::size_t end = rest.find_last_not_of("\r\n");
    if (end == std::string_view::npos) break;
    rest = rest.substr(0, end + 1);
    const std::size_t begin = rest.find_last_of("\r\n") + 1;  // 0 when there is none
    const std::string_view line = without_address(rest.substr(begin));
    if (!line.empty() && line != "Conversion failed!") return std::string(line);
    rest = rest.substr(0, begin);
  }
  if (!ended_.has_value()) return "still running";
  if (WIFSIGNALED(*ended_)) return "killed by signal " + std::to_string(WTERMSIG(*ended_));
  return "exit status " + std::to_string(WEXITSTATUS(*ended_));
}

}  // namespace common
