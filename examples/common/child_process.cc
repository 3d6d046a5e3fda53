#include "common/child_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "common/descriptor.h"
#include "common/exec_program.h"

namespace common {
namespace {

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

struct ChildProcess::Outputs {
  Descriptor output, errors;
};

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::start(
    const std::vector<std::string>& arguments, ChildOptions options) {
  Descriptor ended(::eventfd(0, EFD_CLOEXEC));
  if (ended.get() < 0) return system_error("Cannot make an eventfd", errno);
  std::unique_ptr<ChildProcess> child(new ChildProcess(std::move(options), std::move(ended)));
  std::promise<absl::Status> promise;
  std::future<absl::Status> started = promise.get_future();
  child->supervisor_ = std::thread(&ChildProcess::run, child.get(), arguments, std::move(promise));
  if (absl::Status status = started.get(); !status.ok()) return status;
  return child;
}

ChildProcess::~ChildProcess() {
  stop();
  if (supervisor_.joinable()) supervisor_.join();
}

// PR_SET_PDEATHSIG means the thread that forked. So the thread that forks is the one that supervises.
void ChildProcess::run(const std::vector<std::string>& arguments,
                       std::promise<absl::Status> started) {
  Outputs outputs;
  const absl::Status status = spawn(arguments, outputs);
  if (!status.ok()) ended_ = 0;
  started.set_value(status);
  if (status.ok()) supervise(outputs);
}

absl::Status ChildProcess::spawn(const std::vector<std::string>& arguments, Outputs& outputs) {
  absl::StatusOr<Pipe> output = make_pipe(), errors = make_pipe(), failure = make_pipe();
  for (const auto* const pipe : {&output, &errors, &failure}) {
    if (!pipe->ok()) return pipe->status();
  }
  const std::vector<char*> argv = exec_pointers(arguments);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("Cannot start " + arguments[0], errno);
  if (pid == 0) {
    exec_program({.argv = argv.data(),
                  .output = output->write.get(),
                  .errors = share_errors_ ? STDERR_FILENO : errors->write.get(),
                  .failure = failure->write.get(),
                  .keeps_xfsz_ignored = true},
                 parent);
    ::_exit(127);
  }
  failure->write = Descriptor();
  if (const int error = await_exec(failure->read); error != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (error == ENOENT || error == EACCES || error == ENOTDIR) {
      return absl::NotFoundError(arguments[0] + " is not installed: not found in PATH");
    }
    return system_error("Cannot start " + arguments[0], error);
  }
  outputs = {std::move(output->read), std::move(errors->read)};
  const std::lock_guard lock(mutex_);
  pid_ = pid;
  return absl::OkStatus();
}

void ChildProcess::supervise(const Outputs& outputs) {
  const int output = outputs.output.get(), errors = outputs.errors.get();
  pollfd streams[2] = {{output, POLLIN, 0}, {errors, POLLIN, 0}};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    if (::poll(streams, 2, -1) < 0 && errno != EINTR) break;
    if (streams[0].revents != 0 && !drain(output, output_, keep_, mutex_)) streams[0].fd = -1;
    pause_if_wanted();
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
    while (::write(ended_event_.get(), &one, sizeof one) < 0 && errno == EINTR) {
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
  ::kill(-pid_, SIGCONT);  // a paused child ends too
  if (changed_.wait_for(lock, grace, ended)) return;
  ::kill(-pid_, SIGKILL);
  changed_.wait(lock, ended);
}

void ChildProcess::pause() {
  const std::lock_guard lock(mutex_);
  paused_ = true;
  signal(SIGSTOP);
}

void ChildProcess::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  pause_when_ = nullptr;
  signal(SIGCONT);
}

void ChildProcess::pause_if_wanted() {
  const std::lock_guard lock(mutex_);
  if (!pause_when_ || !pause_when_(output_)) return;
  pause_when_ = nullptr;
  paused_ = true;
  signal(SIGSTOP);
}

void ChildProcess::signal(int number) {
  if (!ended_.has_value()) ::kill(-pid_, number);
}

bool ChildProcess::wait(int interrupt_fd) {
  pollfd events[2] = {{ended_event_.get(), POLLIN, 0}, {interrupt_fd, POLLIN, 0}};
  while (::poll(events, 2, -1) < 0 && errno == EINTR) {
  }
  return events[0].revents != 0;
}

bool ChildProcess::running() const {
  const std::lock_guard lock(mutex_);
  return !ended_.has_value();
}

bool ChildProcess::paused() const {
  const std::lock_guard lock(mutex_);
  return !ended_.has_value() && paused_;
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
