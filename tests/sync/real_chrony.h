// Starts a chronyd that follows another one, in network namespaces, or on the loopback if those are
// refused. Neither touches this machine's clock (`chronyd -x`).
#ifndef MASTERCLOCK_TESTS_SYNC_REAL_CHRONY_H_
#define MASTERCLOCK_TESTS_SYNC_REAL_CHRONY_H_

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "masterclock/sync/providers/chrony.h"
#include "real_network.h"

namespace masterclock::tests {

// Returns a free UDP port of the loopback.
inline int free_port() {
  const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int port = 0;
  if (::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  ::close(probe);
  return port;
}

class RealChronyNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"chronyd", "chronyc"}) {
      if (!is_installed(program)) {
        GTEST_SKIP() << program << " is not here: apt-get install chrony";
      }
    }
    network = std::make_unique<RealNetwork>();
    if (network->folder().empty()) GTEST_SKIP() << network->refused();
    if (!network->refused().empty()) {
      std::cout << "on the loopback, because: " << network->refused() << "\n";
    }
    server_address = network->refused().empty() ? RealNetwork::kFarAddress : "127.0.0.1";
    server_port = free_port();
    command_port = free_port();
  }

  // A server that is its own reference, and a client that asks it four times a second; `source` is
  // added to what the client knows of it. Skips where either of them is refused.
  void start(const std::string& source = "") {
    const std::string folder = network->folder().string();
    std::ofstream(folder + "/server.conf")
        << "local stratum 5\nport " << server_port << "\nbindaddress " << server_address
        << "\nallow all\ncmdport 0\nbindcmdaddress /\npidfile " << folder << "/server.pid\n";
    std::ofstream(folder + "/client.conf")
        << "server " << server_address << " port " << server_port
        << " minpoll -2 maxpoll -2 iburst " << source << "\nport 0\ncmdport " << command_port
        << "\nbindcmdaddress 127.0.0.1\nbindcmdaddress " << socket_name() << "\npidfile " << folder
        << "/client.pid\n";
    server = network->start(Host::kFar, chronyd("server"), "server.log");
    start_client();
    const bool answers = becomes_true([&] { return ask().ok(); });
    if (!answers) {
      GTEST_SKIP() << "chronyd does not run here:\n"
                   << contents_of(network->folder() / "client.log");
    }
  }

  void start_client() { client = network->start(Host::kNear, chronyd("client"), "client.log"); }

  std::vector<std::string> chronyd(const std::string& name) const {
    std::vector<std::string> command = {"chronyd", "-d", "-x", "-f",
                                        (network->folder() / (name + ".conf")).string()};
    if (::geteuid() == 0) {
      command.insert(command.end(), {"-u", "root"});
    } else {
      command.push_back("-U");
    }
    return command;
  }

  ChronyOptions options() const {
    return {.address = "127.0.0.1:" + std::to_string(command_port),
            .timeout = std::chrono::seconds(5),
            .corrects_the_clock = false,
            .update_interval = std::chrono::seconds(1)};
  }

  absl::StatusOr<internal::ChronyTracking> ask() const {
    internal::DaemonSocket socket(options().address, options().timeout, internal::ReplyBy::kFile);
    return internal::ask_chrony(socket, 1);
  }

  std::string socket_name() const { return (network->folder() / "run" / "chronyd.sock").string(); }

  std::string logs() const {
    return contents_of(network->folder() / "server.log") +
           contents_of(network->folder() / "client.log");
  }

  // The words of `chronyc -c tracking`.
  std::vector<std::string> chronyc() {
    std::stringstream printed(network->run({"chronyc", "-c", "-n", "-h", "127.0.0.1", "-p",
                                            std::to_string(command_port), "tracking"}));
    std::vector<std::string> words;
    for (std::string word; std::getline(printed, word, ',');) words.push_back(word);
    return words;
  }

  std::unique_ptr<RealNetwork> network;
  std::string server_address;
  int server_port = 0, command_port = 0;
  pid_t server = 0, client = 0;
};

}  // namespace masterclock::tests

#endif  // MASTERCLOCK_TESTS_SYNC_REAL_CHRONY_H_
