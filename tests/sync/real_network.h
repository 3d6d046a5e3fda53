// Simulates two hosts on one cable: network namespaces joined by a veth pair, and the daemons that a test
// starts there. Nothing leaves them, and nothing stays behind: the namespaces go with the test, and
// whatever was started dies with it, however it ends.
#ifndef MASTERCLOCK_TESTS_SYNC_REAL_NETWORK_H_
#define MASTERCLOCK_TESTS_SYNC_REAL_NETWORK_H_

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "../temporary_directory.h"

namespace masterclock::tests {

// Returns true if `condition`, checked every 50 ms, became true within `limit`.
template <class Condition>
[[nodiscard]] bool becomes_true(Condition condition,
                                std::chrono::seconds limit = std::chrono::seconds(30)) {
  for (auto waited = std::chrono::milliseconds(0); waited < limit;
       waited += std::chrono::milliseconds(50)) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return condition();
}

[[nodiscard]] inline bool is_installed(const std::string& program) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"}) {
    if (std::filesystem::exists(folder + program)) return true;
  }
  return false;
}

enum class Host { kNear, kFar };  // near: where the test itself is

class RealNetwork {
 public:
  static constexpr const char* kNearAddress = "10.77.0.2";
  static constexpr const char* kFarAddress = "10.77.0.1";

  // Moves the calling thread into the near host, for good where it is not root's.
  RealNetwork() {
    home_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (!is_installed("ip")) {
      refused_ = "ip is not here: apt-get install iproute2";
    } else if (!enter()) {
      refused_ = std::string("no network namespace of one's own: ") + std::strerror(errno);
    } else {
      connect();
    }
  }
  RealNetwork(const RealNetwork&) = delete;
  RealNetwork& operator=(const RealNetwork&) = delete;

  ~RealNetwork() {
    while (!running_.empty()) stop(running_.back());
    if (home_ >= 0 && ::setns(home_, CLONE_NEWNET) != 0) {
      // Not root: the thread stays where it is.
    }
    if (home_ >= 0) ::close(home_);
  }

  // Why there are no two hosts; empty when there are. Then both names mean this machine.
  [[nodiscard]] const std::string& refused() const noexcept { return refused_; }

  // For configurations, sockets and logs. Removed at the end.
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  // Starts `command` on a host, its output in the folder under `log`.
  pid_t start(Host host, const std::vector<std::string>& command, const std::string& log) {
    const std::string name = (folder() / log).string();
    const std::string far = "/proc/" + std::to_string(holder_) + "/ns/net";
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(127);
      if (host == Host::kFar && holder_ > 0) {
        const int there = ::open(far.c_str(), O_RDONLY | O_CLOEXEC);
        if (there < 0 || ::setns(there, CLONE_NEWNET) != 0) ::_exit(126);
      }
      const int out = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    if (child > 0) running_.push_back(child);
    return child;
  }

  // Ends what was started, and returns when it is gone.
  void stop(pid_t child) {
    const auto found = std::find(running_.begin(), running_.end(), child);
    if (found == running_.end()) return;
    running_.erase(found);
    ::kill(child, SIGTERM);
    if (!becomes_true([&] { return ::waitpid(child, nullptr, WNOHANG) != 0; },
                      std::chrono::seconds(3))) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }

  // Runs `command` to its end on the near host, and returns what it printed; its status in `status`.
  std::string run(const std::vector<std::string>& command, int* status = nullptr) {
    const pid_t child = start(Host::kNear, command, "run.log");
    int ended = -1;
    ::waitpid(child, &ended, 0);
    running_.erase(std::remove(running_.begin(), running_.end(), child), running_.end());
    if (status != nullptr) *status = ended;
    return contents_of(folder() / "run.log");
  }

 private:
  static bool enter() {
    if (::unshare(CLONE_NEWNET) == 0) return true;
    const uid_t user = ::getuid();
    const gid_t group = ::getgid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
    return true;
  }

  // The far host lives as long as the process that made it.
  void connect() {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) {
      refused_ = "no pipe";
      return;
    }
    holder_ = ::fork();
    if (holder_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::unshare(CLONE_NEWNET) != 0 || ::write(ready[1], "", 1) != 1) ::_exit(126);
      while (true) ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    const bool made = holder_ > 0 && ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
    if (holder_ > 0) running_.push_back(holder_);
    if (!made) {
      refused_ = "no second network namespace";
      return;
    }
    const std::string far = std::to_string(holder_);
    const auto ip = [&](Host host, std::vector<std::string> words) {
      if (!refused_.empty()) return;
      words.insert(words.begin(), "ip");
      const pid_t child = start(host, words, "ip.log");
      int status = -1;
      ::waitpid(child, &status, 0);
      running_.erase(std::remove(running_.begin(), running_.end(), child), running_.end());
      if (status != 0)
        refused_ = words[1] + " " + words[2] + ": " + contents_of(folder() / "ip.log");
    };
    ip(Host::kNear, {"link", "set", "lo", "up"});
    ip(Host::kNear, {"link", "add", "near0", "type", "veth", "peer", "name", "far0", "netns", far});
    ip(Host::kNear, {"addr", "add", std::string(kNearAddress) + "/24", "dev", "near0"});
    ip(Host::kNear, {"link", "set", "near0", "up"});
    ip(Host::kFar, {"link", "set", "lo", "up"});
    ip(Host::kFar, {"addr", "add", std::string(kFarAddress) + "/24", "dev", "far0"});
    ip(Host::kFar, {"link", "set", "far0", "up"});
  }

  const TemporaryDirectory folder_;
  std::string refused_;
  int home_ = -1;
  pid_t holder_ = 0;
  std::vector<pid_t> running_;
};

}  // namespace masterclock::tests

#endif  // MASTERCLOCK_TESTS_SYNC_REAL_NETWORK_H_
