#include "gather.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "../temporary_directory.h"
#include "common/descriptor.h"
#include "examine.h"
#include "masterclock/sync/internal/tsc_counter.h"

namespace clock_doctor::gather_test {
namespace {

using namespace std::string_literals;

// A machine made of files. Its destructor removes them.
class Machine {
 public:
  Machine& has(const std::string& file, const std::string& text = "") {
    root_.write(file, text);
    return *this;
  }
  [[nodiscard]] MachineFacts facts() const {
    MachineFacts facts;
    gather_files({root_.path()}, facts);
    return facts;
  }

 private:
  masterclock::tests::TemporaryDirectory root_;
};

TEST(GatherFiles, FindsNothingWhereThereIsNothing) {
  const MachineFacts facts = Machine().facts();
  EXPECT_EQ(facts.clocksource, "");
  EXPECT_FALSE(facts.x86);
  EXPECT_TRUE(facts.installed.empty());
  EXPECT_TRUE(facts.running.empty());
  EXPECT_TRUE(facts.hardware_clocks.empty());
}

TEST(GatherFiles, ReadsTheProcessorsWord) {
  const struct {
    const char* name;
    const char* cpuinfo;
    bool x86, constant, nonstop;
  } cases[] = {
      {"invariant", "processor\t: 0\nflags\t\t: fpu constant_tsc nopl nonstop_tsc cpuid\n", true,
       true, true},
      {"an old one", "flags\t\t: fpu tsc constant_tsc\n", true, true, false},
      {"no word but a part of one", "flags\t\t: nonstop_tsc_s3 xconstant_tsc\n", true, false,
       false},
      {"another kind", "processor\t: 0\nFeatures\t: fp asimd evtstrm\n", false, false, false},
  };
  for (const auto& c : cases) {
    const MachineFacts facts = Machine().has("proc/cpuinfo", c.cpuinfo).facts();
    EXPECT_EQ(facts.x86, c.x86) << c.name;
    EXPECT_EQ(facts.constant_tsc, c.constant) << c.name;
    EXPECT_EQ(facts.nonstop_tsc, c.nonstop) << c.name;
  }
}

TEST(GatherFiles, KnowsTheProgramsThatDisciplineClocks) {
  const MachineFacts facts = Machine()
                                 .has("proc/1/comm", "systemd\n")
                                 .has("proc/17/comm", "systemd-timesyn\n")
                                 .has("proc/99/comm", "ptp4l\n")
                                 .has("proc/self/comm", "chronyd\n")
                                 .has("usr/sbin/chronyd")
                                 .has("usr/lib/systemd/systemd-timesyncd")
                                 .facts();
  EXPECT_EQ(facts.running, (std::set<std::string>{"ptp4l", "systemd-timesyncd"}));
  EXPECT_EQ(facts.installed, (std::set<std::string>{"chronyd", "systemd-timesyncd"}));
}

TEST(GatherFiles, ReadsFromTheCommandLineWhetherAProgramSetsTheClock) {
  const struct {
    const char* program;
    std::string words;  // separated by NUL in the file
    SetsClock sets;
  } cases[] = {
      {"phc2sys", "phc2sys -s eth0 -w", SetsClock::kYes},  // -c CLOCK_REALTIME is the default
      {"phc2sys", "/usr/sbin/phc2sys -c CLOCK_REALTIME -s eth0 -O -37", SetsClock::kYes},
      {"phc2sys", "phc2sys -a -r", SetsClock::kYes},
      {"phc2sys", "phc2sys -ar -z /run/ptp4l", SetsClock::kYes},
      {"phc2sys", "phc2sys -s eth0 -E linreg", SetsClock::kYes},
      // On a grandmaster the card follows the system.
      {"phc2sys", "phc2sys -s CLOCK_REALTIME -c eth0 -O 37", SetsClock::kNo},
      {"phc2sys", "phc2sys -s CLOCK_REALTIME -ceth0", SetsClock::kNo},
      {"phc2sys", "phc2sys -s /dev/ptp0 -c /dev/ptp1", SetsClock::kNo},
      {"phc2sys", "phc2sys -a -m", SetsClock::kNo},                 // only cards
      {"phc2sys", "phc2sys -a -r -E ntpshm -M 1", SetsClock::kNo},  // chronyd sets it
      {"phc2sys", "phc2sys -a -r -r", SetsClock::kMay},
      {"phc2sys", "phc2sys -arr", SetsClock::kMay},
      {"phc2sys", "phc2sys -f /etc/linuxptp/phc2sys.conf -a -r", SetsClock::kMay},
      {"phc2sys", "phc2sys -a -r --clock_servo=ntpshm", SetsClock::kMay},
      {"phc2sys", "", SetsClock::kMay},  // no permission
      {"chronyd", "/usr/sbin/chronyd -F 1", SetsClock::kYes},
      {"chronyd", "chronyd -f x", SetsClock::kYes},
      {"chronyd", "chronyd -x", SetsClock::kNo},
      {"chronyd", "chronyd -nx -f /tmp/chrony.conf", SetsClock::kNo},
      {"chronyd", "", SetsClock::kYes},
  };
  for (const auto& c : cases) {
    std::string words = c.words.empty() ? "" : c.words + " ";
    std::replace(words.begin(), words.end(), ' ', '\0');
    const MachineFacts facts = Machine()
                                   .has("proc/17/comm", std::string(c.program) + "\n")
                                   .has("proc/17/cmdline", words)
                                   .facts();
    EXPECT_EQ(facts.sets_clock, (std::map<std::string, SetsClock>{{c.program, c.sets}})) << c.words;
  }
}

TEST(GatherFiles, OneOfSeveralThatSetsTheClockIsEnough) {
  const std::string sets = "phc2sys\0-a\0-r\0"s;
  const std::string does_not = "phc2sys\0-s\0CLOCK_REALTIME\0-c\0eth0\0"s;
  for (const auto& [first, second] : {std::pair(sets, does_not), std::pair(does_not, sets)}) {
    const MachineFacts facts = Machine()
                                   .has("proc/17/comm", "phc2sys\n")
                                   .has("proc/17/cmdline", first)
                                   .has("proc/18/comm", "phc2sys\n")
                                   .has("proc/18/cmdline", second)
                                   .facts();
    EXPECT_EQ(facts.sets_clock.at("phc2sys"), SetsClock::kYes);
  }
}

TEST(GatherFiles, ListsEachHardwareClockOnce) {
  const MachineFacts facts = Machine()
                                 .has("dev/ptp1")
                                 .has("dev/ptp0")
                                 .has("dev/ptp_kvm")
                                 .has("dev/ptp")
                                 .has("dev/ptmx")
                                 .has("sys/class/ptp/ptp0/clock_name", "KVM virtual PTP\n")
                                 .facts();
  ASSERT_EQ(facts.hardware_clocks.size(), 2u);
  EXPECT_EQ(facts.hardware_clocks[0].device, "/dev/ptp0");
  EXPECT_EQ(facts.hardware_clocks[0].name, "KVM virtual PTP");
  EXPECT_EQ(facts.hardware_clocks[1].device, "/dev/ptp1");
  EXPECT_EQ(facts.hardware_clocks[1].name, "");
}

TEST(GatherFiles, ReadsTheClockSource) {
  EXPECT_EQ(Machine()
                .has("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n")
                .facts()
                .clocksource,
            "hpet");
}

TEST(RealGather, KnowsThisMachine) {
  const MachineFacts facts = gather();
  EXPECT_GT(facts.resolution.count(), 0);
  ASSERT_FALSE(facts.statements.empty());
  EXPECT_EQ(facts.statements[0].by, "kernel");
  EXPECT_TRUE(facts.tzdata_has_zones) << facts.tzdata_directory;
  EXPECT_GE(facts.tai_minus_utc.count(), 36) << "one leap second less than in 2017, or more";
  EXPECT_NE(facts.zone.empty(), facts.zone_error.empty());
}

// The files and the processor agree about the counter.
TEST(RealGather, AgreesWithTscTimeSource) {
  const bool fit = masterclock::TscCounter::available().ok();
  for (const Finding& finding : examine(gather()).findings) {
    if (finding.check == "tsc") {
      EXPECT_EQ(finding.says.starts_with("fit for TscTimeSource"), fit) << finding.says;
    }
  }
}

// A daemon that does not run is no source, and costs no wait.
TEST(RealGather, LeavesOutDaemonsThatDoNotRun) {
  MachineFacts facts = gather({.root = "/no/machine",
                               .chrony = {"127.0.0.1:9", "/no/such/socket"},
                               .ptp4l = {"/no/such/socket"}});
  EXPECT_EQ(facts.statements.size(), 1u) << "the kernel alone";
  facts = gather({.root = "/no/machine", .chrony = {"nonsense"}, .ptp4l = {}});
  ASSERT_EQ(facts.statements.size(), 2u);
  EXPECT_TRUE(absl::IsInvalidArgument(facts.statements[1].heard)) << facts.statements[1].heard;
}

// A peer that answers each request with datagrams that make no sense.
class SenselessPeer {
 public:
  SenselessPeer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    socklen_t size = sizeof any;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&any), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(any.sin_port));
    const timeval wait{0, 10'000};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    thread_ = std::thread([this] { answer(); });
  }
  ~SenselessPeer() {
    stopped_ = true;
    thread_.join();
  }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  void answer() {
    sockaddr_in asker{};
    socklen_t size = sizeof asker;
    char request[512];
    while (!stopped_) {
      auto* const from = reinterpret_cast<sockaddr*>(&asker);
      ::recvfrom(socket_.get(), request, sizeof request, 0, from, &size);
      if (asker.sin_port != 0) ::sendto(socket_.get(), "garbage", 7, 0, from, size);
    }
  }

  const common::Descriptor socket_;
  std::string address_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

// Issue 14: the reading ends within its deadline, and the report does not say that chronyd does not run.
TEST(RealGather, APeerThatAnswersSenselesslyIsNamed) {
  const SenselessPeer peer;
  const auto begin = std::chrono::steady_clock::now();
  const MachineFacts facts =
      gather({.root = "/no/machine", .chrony = {"127.0.0.1:9", peer.address()}, .ptp4l = {}});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1'500));
  ASSERT_EQ(facts.statements.size(), 2u);
  EXPECT_TRUE(absl::IsDataLoss(facts.statements[1].heard)) << facts.statements[1].heard;
  for (const Finding& finding : examine(facts).findings) {
    if (finding.check == "chrony") {
      EXPECT_EQ(finding.says, "a peer answers there, but not as chronyd does");
    }
  }
}

}  // namespace
}  // namespace clock_doctor::gather_test
