#include "masterclock/sync/internal/ptp_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "hex_bytes.h"

namespace masterclock::ptp_status_test {
using namespace internal;
namespace {

using namespace std::chrono;
using internal::PtpId;
using ::testing::HasSubstr;

// Answers of ptp4l 3.1.1 (Debian 12) with software time stamps and `free_running 1`, over its socket, to
// questions numbered 1. The test below has pmc's output of the same ptp4l.
constexpr const char* kHead = "00000000000000000000000000000000161cb5fffece95a1";
std::vector<std::uint8_t> reply(const std::string& length, const std::string& port,
                                const std::string& tlv) {
  return tests::hex_bytes("0d02" + length + kHead + port +
                          "0001 047f 00000000000000000001 0000 0200" + tlv);
}
std::vector<std::uint8_t> default_data() {
  return reply("004a", "0000", "00010016 2000 03000001 80fffeffff80 161cb5fffece95a1 0000");
}
std::vector<std::uint8_t> time_status() {
  return reply("0068", "0000",
               "00010034 c000 fffffffffffffc2f 18ea15f3e8948d22 00000000 00000000 0000"
               "000000000000000000000000 00000001 16895ffffe9cfcf6");
}
std::vector<std::uint8_t> current() {
  return reply("0048", "0000", "00010014 2001 0001 fffffffffc2f0000 0000000006c20000");
}
std::vector<std::uint8_t> parent() {
  return reply("0056", "0000",
               "00010022 2002 16895ffffe9cfcf60001 0000 ffff 7fffffff 80 f8 fe ffff 80"
               "16895ffffe9cfcf6");
}
std::vector<std::uint8_t> time_properties() {
  return reply("003a", "0000", "00010006 2003 0025 00 a0");
}
std::vector<std::uint8_t> port_data(const std::string& state = "08", const std::string& n = "0001",
                                    const std::string& sync = "fd") {
  return reply("0050", n,
               "0001001c 2004 161cb5fffece95a1" + n + state + "fd 0000000000000000 fe 03" + sync +
                   "01 00 02");
}
std::vector<std::uint8_t> port_properties(const std::string& n = "0001",
                                          const std::string& rest = "00 02 7630 00") {
  return reply("0046", n, "00010012 c004 161cb5fffece95a1" + n + "08" + rest);
}

TEST(PtpStatus, ReadsWhatPmcPrints) {
  PtpStatus status;
  EXPECT_TRUE(take_ptp_reply(default_data(), PtpId::kDefault, 1, status).ok());
  EXPECT_TRUE(take_ptp_reply(time_status(), PtpId::kTimeStatus, 1, status).ok());
  EXPECT_TRUE(take_ptp_reply(current(), PtpId::kCurrent, 1, status).ok());
  EXPECT_TRUE(take_ptp_reply(parent(), PtpId::kParent, 1, status).ok());
  EXPECT_TRUE(take_ptp_reply(time_properties(), PtpId::kTimeProperties, 1, status).ok());
  EXPECT_TRUE(take_ptp_reply(port_data(), PtpId::kPort, 1, status).ok());
  EXPECT_TRUE(take_ptp_reply(port_properties(), PtpId::kPortProperties, 1, status).ok());
  EXPECT_EQ(status.ports, 1);                                // numberPorts 1
  EXPECT_EQ(status.offset, -977ns);                          // master_offset -977
  EXPECT_EQ(status.last_sync, 1'795'271'538'783'849'762ns);  // ingress_time
  EXPECT_TRUE(status.grandmaster_present);                   // gmPresent true
  EXPECT_EQ(ptp_identity(status.grandmaster), "16895f.fffe.9cfcf6");
  EXPECT_EQ(status.mean_path_delay, 1'730ns);
  EXPECT_EQ(status.grandmaster_accuracy, 0xfe);               // gm.ClockAccuracy 0xfe
  EXPECT_EQ(status.utc_offset, std::nullopt);                 // 37, currentUtcOffsetValid 0
  EXPECT_FALSE(status.ptp_timescale);                         // ptpTimescale 0
  EXPECT_EQ(status.port_state, PtpPortState::kUncalibrated);  // portState UNCALIBRATED
  EXPECT_EQ(status.sync_interval, 125ms);                     // logSyncInterval -3
  EXPECT_TRUE(status.software_clock);                         // timestamping SOFTWARE
  EXPECT_EQ(status.interface, "v0");
}

// nmos-cpp#208, GstPtpClock: the number is there all the same, and it means nothing.
TEST(PtpStatus, BelievesTheUtcOffsetOnlyWhenItIsValid) {
  const struct {
    const char* name;
    const char* data;
    std::optional<int> utc_offset;
    bool ptp_timescale;
  } cases[] = {
      {"not valid", "0025 00 a0", std::nullopt, false},
      {"not valid, on the PTP timescale", "0025 38 20", std::nullopt, true},
      {"valid", "0025 0c 20", 37, true},
      {"valid and 38 one day", "0026 3c 20", 38, true},
      {"negative", "ffff 04 20", -1, false},
  };
  for (const auto& c : cases) {
    PtpStatus status;
    status.utc_offset = 36;
    const auto bytes = reply("003a", "0000", std::string("00010006 2003") + c.data);
    ASSERT_TRUE(take_ptp_reply(bytes, PtpId::kTimeProperties, 1, status).ok()) << c.name;
    EXPECT_EQ(status.utc_offset, c.utc_offset) << c.name;
    EXPECT_EQ(status.ptp_timescale, c.ptp_timescale) << c.name;
  }
}

// Of a boundary clock's ports the one that follows counts, whichever answers first.
TEST(PtpStatus, FindsThePortThatFollows) {
  for (const bool first : {true, false}) {
    PtpStatus status;
    const auto master = port_data("06", "0001"), slave = port_data("09", "0002", "00");
    EXPECT_TRUE(take_ptp_reply(first ? slave : master, PtpId::kPort, 1, status).ok());
    EXPECT_TRUE(take_ptp_reply(first ? master : slave, PtpId::kPort, 1, status).ok());
    EXPECT_EQ(status.port_state, PtpPortState::kSlave);
    EXPECT_EQ(status.port, 2);
    EXPECT_EQ(status.sync_interval, 1s);
    for (const auto& bytes :
         {port_properties("0001", "00 02 7630 00"), port_properties("0002", "01 02 7631 00")}) {
      EXPECT_TRUE(take_ptp_reply(bytes, PtpId::kPortProperties, 1, status).ok());
    }
    EXPECT_EQ(status.interface, "v1");
    EXPECT_FALSE(status.software_clock);
  }
}

// TS_SOFTWARE, TS_HARDWARE, TS_LEGACY_HW, TS_ONESTEP, TS_P2P1STEP: pmc prints them in this order.
TEST(PtpStatus, KnowsWhoseClockIsKept) {
  const bool software[] = {true, false, true, false, false};
  for (int way = 0; way < 5; ++way) {
    PtpStatus status;
    status.port = 1;
    const auto bytes = port_properties("0001", "0" + std::to_string(way) + " 02 7630 00");
    ASSERT_TRUE(take_ptp_reply(bytes, PtpId::kPortProperties, 1, status).ok()) << way;
    EXPECT_EQ(status.software_clock, software[way]) << way;
  }
}

TEST(PtpStatus, SaysWhatIsWrong) {
  using absl::StatusCode;
  std::vector<std::uint8_t> header = current(), most = current(), sync = current(),
                            version = current(), request = current(), late = current();
  header.resize(53);
  most.resize(71);
  sync[0] = 0;
  version[1] = 1;
  request[46] = 0;
  late[31] = 0;
  const struct {
    const char* name;
    PtpId id;
    std::vector<std::uint8_t> bytes;
    StatusCode code;
    const char* message;
  } cases[] = {
      {"nothing", PtpId::kCurrent, {}, StatusCode::kDataLoss, "0 bytes, too few"},
      {"half a header", PtpId::kCurrent, header, StatusCode::kDataLoss, "53 bytes, too few"},
      {"cut short", PtpId::kCurrent, most, StatusCode::kDataLoss, "a TLV of 20 bytes in 71"},
      {"a Sync", PtpId::kCurrent, sync, StatusCode::kDataLoss, "not a management message"},
      {"version 1", PtpId::kCurrent, version, StatusCode::kDataLoss, "not a management message"},
      {"a request", PtpId::kCurrent, request, StatusCode::kDataLoss, "not a response"},
      {"too late", PtpId::kCurrent, late, StatusCode::kNotFound, "earlier request"},
      {"another answer", PtpId::kParent, current(), StatusCode::kDataLoss,
       "not the requested data"},
      // As captured: ptp4l knows no 0xc0ff.
      {"refused", PtpId::kCurrent, reply("003c", "0001", "0002 0008 0002 c0ff 00000000"),
       StatusCode::kUnavailable, "management error 2"},
      {"too little", PtpId::kCurrent, reply("0038", "0000", "00010004 2001 0001"),
       StatusCode::kDataLoss, "2 bytes of data, of 18"},
      {"no data", PtpId::kCurrent, reply("0036", "0000", "00010001 2001"), StatusCode::kDataLoss,
       "a TLV of 1 bytes"},
      {"a negative delay", PtpId::kCurrent,
       reply("0048", "0000", "00010014 2001 0001 0000000000000000 ffffffffffffffff"),
       StatusCode::kDataLoss, "negative path delay"},
      {"no such state", PtpId::kPort, port_data("0b"), StatusCode::kDataLoss, "port state 11"},
      {"no state", PtpId::kPort, port_data("00"), StatusCode::kDataLoss, "port state 0"},
      {"an interval of years", PtpId::kPort, port_data("09", "0001", "15"), StatusCode::kDataLoss,
       "sync interval 2^21 s"},
      {"a name cut short", PtpId::kPortProperties, port_properties("0001", "00 04 7630 00"),
       StatusCode::kDataLoss, "cut short"},
      {"a name with a folder", PtpId::kPortProperties, port_properties("0001", "00 02 2f2e 00"),
       StatusCode::kDataLoss, "name"},
  };
  for (const auto& c : cases) {
    PtpStatus status;
    status.port = 1;
    status.interface = "as it was";
    const absl::Status taken = take_ptp_reply(c.bytes, c.id, 1, status);
    EXPECT_EQ(taken.code(), c.code) << c.name << ": " << taken;
    EXPECT_THAT(std::string(taken.message()), HasSubstr(c.message)) << c.name;
    EXPECT_EQ(status.interface, "as it was") << c.name;
  }
}

// IEEE 1588-2008, table 6.
TEST(PtpStatus, KnowsTheAccuracies) {
  const struct {
    std::uint8_t code;
    std::optional<nanoseconds> within;
  } cases[] = {{0x20, 25ns},   {0x21, 100ns},        {0x22, 250ns},        {0x23, 1us},
               {0x24, 2500ns}, {0x25, 10us},         {0x26, 25us},         {0x27, 100us},
               {0x28, 250us},  {0x29, 1ms},          {0x2a, 2500us},       {0x2b, 10ms},
               {0x2c, 25ms},   {0x2d, 100ms},        {0x2e, 250ms},        {0x2f, 1s},
               {0x30, 10s},    {0x31, std::nullopt}, {0xfe, std::nullopt}, {0x1f, std::nullopt}};
  for (const auto& c : cases) EXPECT_EQ(ptp_accuracy(c.code), c.within) << int{c.code};
}

TEST(PtpStatus, AsksForOneThing) {
  const auto request = internal::ptp_request(PtpId::kTimeStatus, 0x1234, 127);
  EXPECT_EQ(std::vector<std::uint8_t>(request.begin(), request.end()),
            tests::hex_bytes("0d02 0036 7f00 0000 0000000000000000 00000000 0000000000000000 0001"
                             "1234 04 7f ffffffffffffffffffff 00 00 00 00 0001 0002 c000"));
}

}  // namespace
}  // namespace masterclock::ptp_status_test
