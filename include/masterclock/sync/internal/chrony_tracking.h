// What chronyd knows about the clock: its tracking report, asked for and read.
//
// This is the answer that `chronyc tracking` prints, in the protocol that chronyc speaks. No
// privilege is needed on the loopback port, where chronyd has one.
//
// Source: chronyc(1) "tracking"; version 6 of the protocol, which chronyd has spoken since 3.0.
#ifndef MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_
#define MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_

#include "masterclock/version.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/big_endian.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Units:   nanoseconds, rounded away from nought.
// Threads: a plain value.
struct ChronyTracking {
  enum class Leap { kNormal, kInsert, kDelete, kNotSynchronised };

  std::uint32_t reference_id = 0;
  std::string reference;  // an address, or what a reference clock calls itself: "PPS"
  int stratum = 0;        // this machine's: one more than the reference's
  Leap leap = Leap::kNotSynchronised;
  UtcTime last_update;                 // by the clock that chronyd keeps
  std::chrono::nanoseconds slow_by{};  // "System time: ... slow of NTP time"; fast is negative
  std::chrono::nanoseconds last_offset{}, rms_offset{};
  std::chrono::nanoseconds root_delay{}, root_dispersion{};
  std::chrono::nanoseconds update_interval{};  // between the last two updates

  // Whether it says that it follows somebody. `local` makes chronyd its own reference, which it
  // follows perfectly while it drifts away.
  [[nodiscard]] bool follows_somebody() const noexcept {
    constexpr std::uint32_t kLocal = 0x7f7f0101;  // 127.127.1.1
    return leap != Leap::kNotSynchronised && reference_id != 0 && reference_id != kLocal;
  }

  // How far from true UTC the time is that chronyd keeps, which is the clock's plus `slow_by`.
  //
  // Source: chronyc(1): half the root delay and the root dispersion.
  [[nodiscard]] std::chrono::nanoseconds root_distance() const noexcept {
    return saturating_add(root_dispersion, root_delay / 2 + root_delay % 2);
  }
};

namespace internal {

inline constexpr std::size_t kChronyTrackingSize = 104;

// As long as the answer: chronyd gives no answer that is longer than what it was asked by.
[[nodiscard]] inline std::array<std::uint8_t, kChronyTrackingSize> chrony_tracking_request(
    std::uint32_t sequence) noexcept {
  std::array<std::uint8_t, kChronyTrackingSize> request{6, 1};  // the version; a request
  put_big_endian<std::uint16_t>(request, 4, 33);                // tracking
  put_big_endian(request, 8, sequence);
  return request;
}

// A number of seconds as the protocol writes one: 25 bits of a signed coefficient under 7 bits of a
// signed exponent of two.
[[nodiscard]] constexpr std::chrono::nanoseconds chrony_seconds(std::uint32_t wire) noexcept {
  using std::chrono::nanoseconds;
  int exponent = static_cast<int>(wire >> 25);
  if (exponent >= 64) exponent -= 128;
  exponent -= 25;
  auto coefficient = static_cast<std::int64_t>(wire & 0x1ffffff);
  if (coefficient >= 1 << 24) coefficient -= 1 << 25;
  const bool negative = coefficient < 0;
  const std::int64_t scaled = (negative ? -coefficient : coefficient) * 1'000'000'000;  // 54 bits
  std::int64_t size = 0;
  if (exponent >= 0) {
    const bool fits = scaled <= nanoseconds::max().count() >> exponent;
    size = fits ? scaled << exponent : nanoseconds::max().count();
  } else if (exponent > -63) {
    size = (scaled >> -exponent) + ((scaled & ((std::int64_t{1} << -exponent) - 1)) != 0 ? 1 : 0);
  } else {
    size = scaled != 0 ? 1 : 0;
  }
  return nanoseconds(negative ? -size : size);
}

// Who is followed, in words.
[[nodiscard]] inline std::string chrony_reference(Bytes reply, std::size_t address,
                                                  std::uint32_t reference_id) {
  const auto family = big_endian<std::uint16_t>(reply, address + 16);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family == 1) ::inet_ntop(AF_INET, reply.data() + address, text.data(), text.size());
  if (family == 2) ::inet_ntop(AF_INET6, reply.data() + address, text.data(), text.size());
  if (text[0] != '\0') return text.data();
  std::string result;
  bool is_name = true;  // of up to four letters, then noughts
  for (int shift = 24; shift >= 0; shift -= 8) {
    const auto byte = static_cast<unsigned char>(reference_id >> shift);
    if (byte == 0) is_name &= (reference_id << (24 - shift)) == 0;
    if (byte != 0) is_name &= byte > 0x20 && byte < 0x7f;
    if (byte != 0 && is_name) result += static_cast<char>(byte);
  }
  if (is_name && !result.empty()) return result;
  constexpr char kHex[] = "0123456789ABCDEF";
  result.clear();
  for (int shift = 28; shift >= 0; shift -= 4) result += kHex[reference_id >> shift & 15];
  return result;
}

}  // namespace internal

// What chronyd answered to the request numbered `sequence`.
//
// Threads: any.
// Errors:  NotFound for the answer to another request, which came too late; Unavailable when chronyd
//          refuses; DataLoss, naming the field, for what is no answer at all.
[[nodiscard]] inline absl::StatusOr<ChronyTracking> parse_chrony_tracking(internal::Bytes reply,
                                                                          std::uint32_t sequence) {
  using internal::big_endian;
  const auto bad = [](const std::string& what) {
    return absl::DataLossError("chronyd's tracking report: " + what);
  };
  constexpr std::size_t kHeader = 28;
  if (reply.size() < kHeader) {
    return bad(std::to_string(reply.size()) + " bytes, too few for a header");
  }
  if (reply[0] != 6) return bad("version " + std::to_string(reply[0]) + " of the protocol, not 6");
  const auto command = big_endian<std::uint16_t>(reply, 4);
  if (reply[1] != 2 || command != 33) return bad("this is not the answer to a request for one");
  if (big_endian<std::uint32_t>(reply, 16) != sequence) {
    return absl::NotFoundError("chronyd's tracking report: the answer to an earlier request");
  }
  const auto status = big_endian<std::uint16_t>(reply, 8);
  if (status != 0) {
    return absl::UnavailableError("chronyd refuses its tracking report: status " +
                                  std::to_string(status));
  }
  const auto format = big_endian<std::uint16_t>(reply, 6);
  if (format != 5) return bad("format " + std::to_string(format) + ", not 5");
  if (reply.size() < internal::kChronyTrackingSize) {
    return bad(std::to_string(reply.size()) + " bytes of 104");
  }
  const auto number = [&](std::size_t offset) {
    return internal::chrony_seconds(big_endian<std::uint32_t>(reply, kHeader + offset));
  };

  ChronyTracking result;
  result.reference_id = big_endian<std::uint32_t>(reply, kHeader);
  result.reference = internal::chrony_reference(reply, kHeader + 4, result.reference_id);
  result.stratum = big_endian<std::uint16_t>(reply, kHeader + 24);
  const auto leap = big_endian<std::uint16_t>(reply, kHeader + 26);
  if (leap > 3) return bad("leap status " + std::to_string(leap));
  result.leap = static_cast<ChronyTracking::Leap>(leap);

  constexpr std::uint32_t kNoHighHalf = 0x7fffffff, kEnd = 9'000'000'000 >> 32;
  const auto high = big_endian<std::uint32_t>(reply, kHeader + 28);
  const auto low = big_endian<std::uint32_t>(reply, kHeader + 32);
  const auto fraction = big_endian<std::uint32_t>(reply, kHeader + 36);
  if ((high != kNoHighHalf && high >= kEnd) || fraction >= 1'000'000'000) {
    return bad("the time of the last update is out of range");
  }
  const std::int64_t seconds = (high == kNoHighHalf ? 0 : std::int64_t{high} << 32) + low;
  result.last_update = UtcTime(std::chrono::seconds(seconds)) + std::chrono::nanoseconds(fraction);

  result.slow_by = number(40);
  result.last_offset = number(44);
  result.rms_offset = number(48);
  result.root_delay = number(64);
  result.root_dispersion = number(68);
  result.update_interval = number(72);
  constexpr std::chrono::nanoseconds kZero{};
  if (result.root_delay < kZero) return bad("a negative root delay");
  if (result.root_dispersion < kZero) return bad("a negative root dispersion");
  if (result.update_interval < kZero) return bad("a negative update interval");
  return result;
}

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_
