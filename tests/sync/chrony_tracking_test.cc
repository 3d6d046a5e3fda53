#include "masterclock/sync/internal/chrony_tracking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "hex_bytes.h"

namespace masterclock::chrony_tracking_test {
using namespace internal;
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;

// An answer of chronyd 4.3 (Debian 12), as it came over the loopback port; request 77. The test below has
// chronyc's output for it.
constexpr const char* kCaptured =
    "06020000 00210005 00000000 00000000 0000004d 00000000 00000000"
    "0a4d0001 0a4d0001000000000000000000000000 00010000 0006 0000"
    "00000000 6b019129 388459dc"
    "df73a6ee ce87bdae dcb0c921 fb2e6910 ecf9ae3d fcab8fc9 e2966862 dc9f7bc9 0081d561";
constexpr std::size_t kData = 28;

std::vector<std::uint8_t> captured() { return tests::hex_bytes(kCaptured); }

// `bytes` with a number of 32 bits put in.
std::vector<std::uint8_t> with(std::size_t offset, std::uint32_t value) {
  std::vector<std::uint8_t> bytes = captured();
  internal::put_big_endian(std::span<std::uint8_t>(bytes), offset, value);
  return bytes;
}

TEST(ChronyTracking, ReadsWhatChronycPrints) {
  const auto tracking = parse_chrony_tracking(captured(), 77);
  ASSERT_TRUE(tracking.ok()) << tracking.status();
  // 0A4D0001,10.77.0.1,6,1795264809.948197852,-0.000002091,0.000000008,0.000001317,-0.051,0.000,
  // 0.084,0.000008965,0.000001205,0.3,Normal: a moment later, by which the dispersion had grown.
  EXPECT_EQ(tracking->reference_id, 0x0a4d0001u);
  EXPECT_EQ(tracking->reference, "10.77.0.1");
  EXPECT_EQ(tracking->stratum, 6);
  EXPECT_EQ(tracking->leap, ChronyTracking::Leap::kNormal);
  EXPECT_EQ(tracking->last_update, UtcTime(1'795'264'809'948'197'852ns));
  EXPECT_NEAR(static_cast<double>(tracking->slow_by.count()), -2'091, 1);
  EXPECT_NEAR(static_cast<double>(tracking->root_delay.count()), 8'965, 1);
  EXPECT_NEAR(static_cast<double>(tracking->root_dispersion.count()), 1'190, 15);
  EXPECT_NEAR(static_cast<double>(tracking->update_interval.count()), 0.25e9, 0.02e9);
  EXPECT_TRUE(tracking->has_reference());
}

// The coefficient's unit is 2^-25 at an exponent of zero.
TEST(ChronyTracking, ReadsItsNumbers) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const struct {
    const char* name;
    std::uint32_t wire;
    std::int64_t nanoseconds;
  } cases[] = {
      {"zero", 0, 0},
      {"zero with an exponent", 0x7e000000, 0},
      {"a second: 2^23 * 2^(2-25)", 2u << 25 | 1u << 23, 1'000'000'000},
      {"minus one: the coefficient is signed", 2u << 25 | (0x2000000u - (1u << 23)),
       -1'000'000'000},
      {"a quarter: the exponent is signed", 127u << 25 | 0xffffff, 249'999'986},  // less 14.9 ns
      {"2^-25 s is 29.8 ns, rounded up", 1, 30},
      {"away from zero on both sides", 0x1ffffff, -30},
      {"the smallest: 2^-89 s", 64u << 25 | 1, 1},
      {"the smallest below", 64u << 25 | 0x1ffffff, -1},
      {"2^-62 s", 91u << 25 | 1, 1},
      {"2^8 s: no exponent left", 25u << 25 | 256, 256'000'000'000},
      {"2^9 s", 26u << 25 | 256, 512'000'000'000},
      {"the largest", 63u << 25 | 0xffffff, kMax},
      {"the least", 63u << 25 | 0x1000000, -kMax},
      {"just inside: 2^33 s", 49u << 25 | 512, 8'589'934'592'000'000'000},
      {"just outside: 2^34 s", 49u << 25 | 1024, kMax},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(internal::chrony_seconds(c.wire).count(), c.nanoseconds) << c.name;
  }
}

TEST(ChronyTracking, NamesTheReference) {
  const struct {
    const char* name;
    std::uint32_t id;
    const char* address;  // and its family
    const char* reference;
  } cases[] = {
      {"IPv6", 0x12345678, "20010db8000000000000000000000001 0002 0000", "2001:db8::1"},
      {"a reference clock", 0x50505300, "00000000000000000000000000000000 0000 0000", "PPS"},
      {"with four letters", 0x504f5053, "00000000000000000000000000000000 0000 0000", "POPS"},
      {"an unresolved name", 0x50505300, "00000001000000000000000000000000 0003 0000", "PPS"},
      {"no letters", 0x50000053, "00000000000000000000000000000000 0000 0000", "50000053"},
      {"a control byte", 0x50075300, "00000000000000000000000000000000 0000 0000", "50075300"},
      {"nothing", 0, "00000000000000000000000000000000 0000 0000", "00000000"},
  };
  for (const auto& c : cases) {
    std::vector<std::uint8_t> bytes = with(kData, c.id);
    const std::vector<std::uint8_t> address = tests::hex_bytes(c.address);
    std::copy(address.begin(), address.end(), bytes.begin() + kData + 4);
    const auto tracking = parse_chrony_tracking(bytes, 77);
    ASSERT_TRUE(tracking.ok()) << c.name << ": " << tracking.status();
    EXPECT_EQ(tracking->reference, c.reference) << c.name;
  }
}

TEST(ChronyTracking, KnowsChronydWithoutAReference) {
  const struct {
    const char* name;
    std::vector<std::uint8_t> reply;
    bool follows;
  } cases[] = {
      {"a server", captured(), true},
      {"a leap second to come", with(kData + 24, 6u << 16 | 1), true},
      {"a leap second to leave out", with(kData + 24, 6u << 16 | 2), true},
      {"not synchronised", with(kData + 24, 0u << 16 | 3), false},
      {"no reference", with(kData, 0), false},
      {"local, its own reference", with(kData, 0x7f7f0101), false},
  };
  for (const auto& c : cases) {
    const auto tracking = parse_chrony_tracking(c.reply, 77);
    ASSERT_TRUE(tracking.ok()) << c.name << ": " << tracking.status();
    EXPECT_EQ(tracking->has_reference(), c.follows) << c.name;
  }
}

TEST(ChronyTracking, SaysWhatIsWrong) {
  std::vector<std::uint8_t> header = captured(), most = captured();
  header.resize(27);
  most.resize(103);
  const struct {
    const char* name;
    std::vector<std::uint8_t> reply;
    absl::StatusCode code;
    const char* message;
  } cases[] = {
      {"nothing", {}, absl::StatusCode::kDataLoss, "0 bytes, too few for a header"},
      {"half a header", header, absl::StatusCode::kDataLoss, "27 bytes, too few for a header"},
      {"cut short", most, absl::StatusCode::kDataLoss, "103 bytes of 104"},
      {"a later protocol", with(0, 0x07020000), absl::StatusCode::kDataLoss, "version 7"},
      {"a request", with(0, 0x06010000), absl::StatusCode::kDataLoss, "not an answer"},
      {"another answer", with(4, 0x00220005), absl::StatusCode::kDataLoss, "not an answer"},
      {"another format", with(4, 0x00210006), absl::StatusCode::kDataLoss, "format 6, not 5"},
      {"refused", with(8, 0x00020000), absl::StatusCode::kUnavailable, "status 2"},
      {"too late", with(16, 76), absl::StatusCode::kNotFound, "earlier request"},
      {"no such leap", with(kData + 24, 4), absl::StatusCode::kDataLoss, "leap status 4"},
      {"the year 2242", with(kData + 28, 2), absl::StatusCode::kDataLoss, "last update"},
      {"more than a second", with(kData + 36, 1'000'000'000), absl::StatusCode::kDataLoss,
       "last update"},
      {"delay", with(kData + 64, 0x1ffffff), absl::StatusCode::kDataLoss, "root delay"},
      {"dispersion", with(kData + 68, 0x1ffffff), absl::StatusCode::kDataLoss, "root dispersion"},
      {"interval", with(kData + 72, 0x1ffffff), absl::StatusCode::kDataLoss, "update interval"},
  };
  for (const auto& c : cases) {
    const absl::Status status = parse_chrony_tracking(c.reply, 77).status();
    EXPECT_EQ(status.code(), c.code) << c.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.name;
  }
}

// The high half says that no 64-bit seconds are sent.
TEST(ChronyTracking, ReadsATimeWithoutItsHighHalf) {
  const auto tracking = parse_chrony_tracking(with(kData + 28, 0x7fffffff), 77);
  ASSERT_TRUE(tracking.ok()) << tracking.status();
  EXPECT_EQ(tracking->last_update, UtcTime(1'795'264'809'948'197'852ns));
}

// chronyc(1): dispersion and half the delay; 3 ns of delay make 2.
TEST(ChronyTracking, RoundsTheDistanceUp) {
  ChronyTracking tracking;
  tracking.root_delay = 3ns;
  tracking.root_dispersion = 100ns;
  EXPECT_EQ(tracking.root_distance(), 102ns);
  tracking.root_dispersion = nanoseconds::max();
  EXPECT_EQ(tracking.root_distance(), nanoseconds::max());
}

}  // namespace
}  // namespace masterclock::chrony_tracking_test
