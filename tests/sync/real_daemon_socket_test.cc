// Peers that are slow, lie or are interrupted. Each peer is a thread that answers at an address of its kind.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "../temporary_directory.h"
#include "masterclock/sync/providers/chrony.h"
#include "masterclock/sync/providers/linuxptp.h"

namespace masterclock::real_daemon_socket_test {
namespace {

using namespace std::chrono;
namespace fs = std::filesystem;

using Answer = std::vector<std::uint8_t>;

// Answers each request at `file` with `answers` copies of `make(request)`, until it is destroyed.
class Peer {
 public:
  Peer(const fs::path& file, int answers, std::function<Answer(const Answer&)> make) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = file.string();
    std::copy(name.begin(), name.end(), address.sun_path);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    thread_ = std::thread([this, answers, make = std::move(make)] { serve(answers, make); });
  }
  ~Peer() {
    stop_ = true;
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

 private:
  void serve(int answers, const std::function<Answer(const Answer&)>& make) {
    while (!stop_) {
      Answer request(1'500);
      sockaddr_un from{};
      socklen_t size = sizeof from;
      const auto length = ::recvfrom(socket_, request.data(), request.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (length <= 0) return;
      request.resize(static_cast<std::size_t>(length));
      const Answer answer = make(request);
      for (int i = 0; i < answers && !stop_; ++i) {
        (void)::sendto(socket_, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                       reinterpret_cast<const sockaddr*>(&from), size);
      }
    }
  }

  int socket_ = -1;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

Answer garbage(const Answer&) { return Answer(60, 0xa5); }

// A refusal is decided after the sequence number, so a wrong number makes an answer to an earlier request.
Answer stale_chrony(const Answer& request) {
  Answer answer = request;
  answer.resize(104);
  answer[1] = 2;                                             // a reply
  std::copy_n(request.begin() + 8, 4, answer.begin() + 16);  // its sequence number
  ++answer[19];
  return answer;
}
Answer stale_ptp(const Answer& request) {
  Answer answer = request;
  answer[46] = 2;  // a response
  ++answer[31];    // the sequence number
  return answer;
}

class RealDaemonSocket : public ::testing::Test {
 protected:
  // Reads once within `timeout`, and returns the provenance and the time that it took.
  template <class Provider, class Options>
  void read(const Options& options) {
    const SystemTimeSource& clock = SystemTimeSource::shared();
    Provider provider(clock, options);
    const SteadyTime begin = clock.now_steady();
    provenance_ = provider.read().provenance;
    took_ = clock.now_steady() - begin;
    status_ = provider.status();
  }
  void read(bool ptp, milliseconds timeout) {
    const std::string address = (folder_.path() / "daemon").string();
    if (ptp) read<LinuxPtpSyncProvider>(LinuxPtpOptions{.address = address, .timeout = timeout});
    if (!ptp) read<ChronySyncProvider>(ChronyOptions{.address = address, .timeout = timeout});
  }
  void expect_nothing_left() const {
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      EXPECT_EQ(entry.path().filename(), "daemon");
    }
  }

  tests::TemporaryDirectory folder_;
  std::string provenance_;
  nanoseconds took_{};
  absl::Status status_;
};

TEST_F(RealDaemonSocket, NamesAPeerWhoseAnswerMakesNoSense) {
  const Peer peer(folder_.path() / "daemon", 1, garbage);
  for (const bool ptp : {false, true}) {
    read(ptp, 5s);
    EXPECT_EQ(status_.code(), absl::StatusCode::kDataLoss) << status_;
    EXPECT_EQ(provenance_, ptp ? "linuxptp: senseless answer" : "chrony: senseless answer");
    EXPECT_LT(took_, 5s) << "at once";
    expect_nothing_left();
  }
}

TEST_F(RealDaemonSocket, OneDeadlineEndsAReadingHoweverManyAnswersArrive) {
  for (const bool ptp : {false, true}) {
    fs::remove(folder_.path() / "daemon");
    const Peer peer(folder_.path() / "daemon", 100'000'000, ptp ? stale_ptp : stale_chrony);
    read(ptp, 100ms);
    EXPECT_EQ(status_.code(), absl::StatusCode::kDeadlineExceeded) << status_;
    EXPECT_EQ(provenance_, ptp ? "linuxptp: no answer" : "chrony: no answer");
    EXPECT_GE(took_, 100ms);
    EXPECT_LT(took_, 1s);
    expect_nothing_left();
  }
}

TEST_F(RealDaemonSocket, ASignalIsNoError) {
  struct sigaction handler {};
  handler.sa_handler = [](int) {};  // without SA_RESTART
  struct sigaction old {};
  ASSERT_EQ(::sigaction(SIGUSR1, &handler, &old), 0);
  const Peer peer(folder_.path() / "daemon", 0, garbage);
  std::atomic<bool> done = false;
  std::thread sender([&, reader = ::pthread_self()] {
    while (!done) {
      ::pthread_kill(reader, SIGUSR1);
      std::this_thread::yield();
    }
  });
  read(false, 50ms);
  done = true;
  sender.join();
  ::sigaction(SIGUSR1, &old, nullptr);
  EXPECT_EQ(status_.code(), absl::StatusCode::kDeadlineExceeded) << status_;
}

}  // namespace
}  // namespace masterclock::real_daemon_socket_test
