#include "process_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "common/exec_program.h"
#include "common/printable.h"
#include "run_guard.h"

namespace poller {
namespace {

using common::Descriptor;
using masterclock::SteadyTime;

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

void send_order(const Descriptor& link, GuardOrder order) {
  (void)!::send(link.get(), &order, sizeof order, MSG_NOSIGNAL);
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

ProcessRunner::~ProcessRunner() {
  for (const auto& [id, process] : processes_) send_order(process.link, GuardOrder::kKill);
  for (auto& [id, process] : processes_) (void)reap(process);
}

absl::Status ProcessRunner::start(SteadyTime now, std::uint64_t id, const Launch& launch) {
  const std::string program = common::printable(launch.arguments.front());
  absl::StatusOr<common::Pipe> output = common::make_pipe(), failure = common::make_pipe();
  if (!output.ok()) return output.status();
  if (!failure.ok()) return failure.status();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return common::system_error("Cannot make a socket", errno);
  }
  Descriptor link(ends[0]), link_of_guard(ends[1]);
  const std::vector<std::string> environment = environment_with(launch.env);
  const std::vector<char*> argv = common::exec_pointers(launch.arguments),
                           envp = common::exec_pointers(environment);
  const int writes = output->write.get();
  const pid_t guard = ::fork();
  if (guard < 0) return common::system_error("Cannot start " + program, errno);
  if (guard == 0) {
    guard_run({.argv = argv.data(),
               .envp = envp.data(),
               .output = writes,
               .errors = writes,
               .failure = failure->write.get()},
              link_of_guard.get());
  }
  failure->write = Descriptor();
  link_of_guard = Descriptor();
  Process process;
  process.guard = guard;
  process.link = std::move(link);
  if (const int error = common::await_exec(failure->read); error != 0) {
    (void)reap(process);
    if (error == ENOENT || error == EACCES || error == ENOTDIR) {
      return absl::NotFoundError(program + " cannot be run: " + std::strerror(error));
    }
    return common::system_error("Cannot start " + program, error);
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
  send_order(process.link, GuardOrder::kTerminate);
}

void ProcessRunner::stop(SteadyTime now, std::uint64_t id) {
  const auto found = processes_.find(id);
  if (found != processes_.end()) terminate(now, found->second, Outcome::End::kStopped);
}

void ProcessRunner::add_waits(std::vector<pollfd>& waits) const {
  for (const auto& [id, process] : processes_) {
    waits.push_back({process.link.get(), POLLIN, 0});
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
      send_order(process.link, GuardOrder::kKill);
    }
    pollfd ended_run{process.link.get(), POLLIN, 0};
    if (::poll(&ended_run, 1, 0) <= 0) {
      ++at;
      continue;
    }
    ended.push_back({at->first, reap(process)});
    at = processes_.erase(at);
  }
  return ended;
}

// A guard that was killed sends no status: the kernel has killed its program.
Outcome ProcessRunner::reap(Process& process) {
  int status = SIGKILL;
  while (::recv(process.link.get(), &status, sizeof status, 0) < 0 && errno == EINTR) {
  }
  if (process.output.get() >= 0) (void)drain(process.output.get(), process.kept, kKeptOutput);
  while (::waitpid(process.guard, nullptr, 0) < 0 && errno == EINTR) {
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
