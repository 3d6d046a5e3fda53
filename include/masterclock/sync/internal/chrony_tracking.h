// Asks chronyd for its tracking report, the one that `chronyc tracking` prints.
//
// Source: chronyc(1) "tracking"; version 6 of chronyd's protocol, which chronyd speaks since 3.0.
#ifndef MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_
#define MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/big_endian.h"
#include "masterclock/internal/hex.h"
#include "masterclock/sync/internal/daemon_socket.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

// Units: nanoseconds, rounded away from zero.
struct ChronyTracking {
  enum class Leap { kNormal, kInsert, kDelete, kNotSynchronised };

  std::uint32_t reference_id = 0;
  std::string reference;  // an address, or the name of a reference clock: "PPS"
  int stratum = 0;        // of this machine: the reference's and one
  Leap leap = Leap::kNotSynchronised;
  UtcTime last_update;                 // by the clock that chronyd keeps
  std::chrono::nanoseconds slow_by{};  // "System time: ... slow of NTP time"; negative if fast
  std::chrono::nanoseconds root_delay{}, root_dispersion{};
  std::chrono::nanoseconds update_interval{};  // between the last two updates

  // Returns false also for `local`, by which chronyd is its own reference.
  [[nodiscard]] bool has_reference() const noexcept {
    constexpr std::uint32_t kLocal = 0x7f7f0101;  // 127.127.1.1
    return leap != Leap::kNotSynchronised && reference_id != 0 && reference_id != kLocal;
  }

  // Returns the largest error of the time that chronyd keeps, which is the clock's plus `slow_by`.
  //
  // Source: chronyc(1): half the root delay and the root dispersion.
  [[nodiscard]] std::chrono::nanoseconds root_distance() const noexcept {
    return saturating_add(root_dispersion, root_delay / 2 + root_delay % 2);
  }
};

inline constexpr std::size_t kChronyTrackingSize = 104;

// Makes a request as long as the answer: chronyd sends no answer that is longer than its request.
[[nodiscard]] inline std::array<std::uint8_t, kChronyTrackingSize> chrony_tracking_request(
    std::uint32_t sequence) noexcept {
  std::array<std::uint8_t, kChronyTrackingSize> request{6, 1};  // the version; a request
  put_big_endian<std::uint16_t>(request, 4, 33);                // tracking
  put_big_endian(request, 8, sequence);
  return request;
}

// Reads a number of seconds: a signed exponent of two in 7 bits, a signed coefficient in 25 bits.
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

// Returns the reference's address, or its name of up to four letters, or else its id in hexadecimal.
[[nodiscard]] inline std::string chrony_reference(Bytes reply, std::size_t address,
                                                  std::uint32_t reference_id) {
  const auto family = big_endian<std::uint16_t>(reply, address + 16);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family == 1) ::inet_ntop(AF_INET, reply.data() + address, text.data(), text.size());
  if (family == 2) ::inet_ntop(AF_INET6, reply.data() + address, text.data(), text.size());
  if (text[0] != '\0') return text.data();
  std::string name;
  bool is_name = true;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const auto byte = static_cast<unsigned char>(reference_id >> shift);
    if (byte == 0) is_name &= (reference_id << (24 - shift)) == 0;  // zeros only at the end
    if (byte != 0) is_name &= byte > 0x20 && byte < 0x7f;
    if (byte != 0 && is_name) name += static_cast<char>(byte);
  }
  return is_name && !name.empty() ? name : hex(reference_id, 8);
}

// Reads the answer to the request numbered `sequence`.
//
// Errors: NotFound for the answer to an earlier request; Unavailable if chronyd refuses; DataLoss names
//         the field that makes no sense.
[[nodiscard]] inline absl::StatusOr<ChronyTracking> parse_chrony_tracking(Bytes reply,
                                                                          std::uint32_t sequence) {
  const auto bad = [](const std::string& what) {
    return absl::DataLossError("chronyd's tracking report makes no sense: " + what);
  };
  constexpr std::size_t kHeader = 28;
  if (reply.size() < kHeader) {
    return bad(std::to_string(reply.size()) + " bytes, too few for a header");
  }
  if (reply[0] != 6) return bad("version " + std::to_string(reply[0]) + " of the protocol, not 6");
  const auto command = big_endian<std::uint16_t>(reply, 4);
  if (reply[1] != 2 || command != 33) return bad("not an answer to a tracking request");
  if (big_endian<std::uint32_t>(reply, 16) != sequence) {
    return absl::NotFoundError("chronyd answered an earlier request");
  }
  const auto status = big_endian<std::uint16_t>(reply, 8);
  if (status != 0) {
    return absl::UnavailableError("chronyd refuses the tracking request: status " +
                                  std::to_string(status));
  }
  const auto format = big_endian<std::uint16_t>(reply, 6);
  if (format != 5) return bad("format " + std::to_string(format) + ", not 5");
  if (reply.size() < kChronyTrackingSize) {
    return bad(std::to_string(reply.size()) + " bytes of 104");
  }
  const auto number = [&](std::size_t offset) {
    return chrony_seconds(big_endian<std::uint32_t>(reply, kHeader + offset));
  };

  ChronyTracking result;
  result.reference_id = big_endian<std::uint32_t>(reply, kHeader);
  result.reference = chrony_reference(reply, kHeader + 4, result.reference_id);
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
  result.root_delay = number(64);
  result.root_dispersion = number(68);
  result.update_interval = number(72);
  constexpr std::chrono::nanoseconds kZero{};
  if (result.root_delay < kZero) return bad("a negative root delay");
  if (result.root_dispersion < kZero) return bad("a negative root dispersion");
  if (result.update_interval < kZero) return bad("a negative update interval");
  return result;
}

// Asks once. Answers to earlier requests are skipped until the socket's deadline.
//
// Errors: Unavailable, NotFound, PermissionDenied or DeadlineExceeded if chronyd does not run, is not
//         there or does not answer; DataLoss for an answer that makes no sense; InvalidArgument for the
//         address.
[[nodiscard]] inline absl::StatusOr<ChronyTracking> ask_chrony(DaemonSocket& socket,
                                                               std::uint32_t sequence) {
  socket.start_reading();
  if (absl::Status sent = socket.send(chrony_tracking_request(sequence)); !sent.ok()) return sent;
  std::array<std::uint8_t, 512> buffer{};
  for (;;) {
    const absl::StatusOr<Bytes> reply = socket.receive(buffer);
    if (!reply.ok()) return reply.status();
    absl::StatusOr<ChronyTracking> tracking = parse_chrony_tracking(*reply, sequence);
    if (!absl::IsNotFound(tracking.status())) return tracking;
  }
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_
