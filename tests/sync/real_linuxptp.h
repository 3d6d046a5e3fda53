// Starts a ptp4l that follows another one over a cable between network namespaces. Software time stamps and
// `free_running 1` keep it from touching a clock.
#ifndef MASTERCLOCK_TESTS_SYNC_REAL_LINUXPTP_H_
#define MASTERCLOCK_TESTS_SYNC_REAL_LINUXPTP_H_

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "masterclock/sync/providers/linuxptp.h"
#include "real_network.h"

namespace masterclock::tests {

class RealLinuxPtpNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"ptp4l", "pmc"}) {
      if (!is_installed(program)) {
        GTEST_SKIP() << program << " is not here: apt-get install linuxptp";
      }
    }
    network = std::make_unique<RealNetwork>();
    if (!network->refused().empty()) GTEST_SKIP() << "no cable for PTP: " << network->refused();
    std::ofstream(network->folder() / "ptp.conf")
        << "[global]\ntime_stamping software\nfree_running 1\nclockAccuracy 0x29\n"
           "logSyncInterval -1\nlogMinDelayReqInterval -3\n"
           "logAnnounceInterval -2\nannounceReceiptTimeout 10\n";
    master = network->start(Host::kFar, ptp4l("far0", "master", {}), "master.log");
    start_slave();
    const bool answers = becomes_true([&] { return ask().ok(); });
    if (!answers) {
      GTEST_SKIP() << "ptp4l does not run here: " << ask().status() << "\n" << logs();
    }
  }

  void start_slave() {
    slave = network->start(Host::kNear, ptp4l("near0", "slave", {"-s"}), "slave.log");
  }

  std::vector<std::string> ptp4l(const std::string& interface, const std::string& name,
                                 const std::vector<std::string>& more) const {
    std::vector<std::string> command = {"ptp4l",
                                        "-S",
                                        "-m",
                                        "-i",
                                        interface,
                                        "-f",
                                        (network->folder() / "ptp.conf").string(),
                                        "--uds_address",
                                        (network->folder() / (name + ".sock")).string()};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  LinuxPtpOptions options() const {
    return {.address = (network->folder() / "slave.sock").string(),
            .timeout = std::chrono::seconds(5),
            .corrects_the_clock = false};
  }

  absl::StatusOr<internal::PtpStatus> ask() const {
    internal::DaemonSocket socket(options().address, options().timeout,
                                  internal::ReplyBy::kAbstractName);
    std::uint16_t sequence = 0;
    return internal::ask_ptp4l(socket, sequence, options().domain);
  }

  // Returns pmc's output for `ids`, by name.
  std::map<std::string, std::string> pmc(const std::vector<std::string>& ids) {
    std::vector<std::string> command = {"pmc", "-u",
                                        "-b",  "0",
                                        "-s",  options().address,
                                        "-i",  (network->folder() / "pmc.sock").string()};
    for (const std::string& id : ids) command.push_back("GET " + id);
    std::stringstream printed(network->run(command));
    std::map<std::string, std::string> fields;
    for (std::string line; std::getline(printed, line);) {
      std::stringstream words(line);
      std::string name, value;
      if (words >> name >> value) fields[name] = value;
    }
    return fields;
  }

  std::string logs() const {
    return contents_of(network->folder() / "master.log") +
           contents_of(network->folder() / "slave.log");
  }

  std::unique_ptr<RealNetwork> network;
  pid_t master = 0, slave = 0;
};

}  // namespace masterclock::tests

#endif  // MASTERCLOCK_TESTS_SYNC_REAL_LINUXPTP_H_
