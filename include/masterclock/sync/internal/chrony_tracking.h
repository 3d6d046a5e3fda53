// Asks chronyd for its tracking report, the one that `chronyc tracking` prints.
//
// Source: chronyc(1) "tracking"; version 6 of chronyd's protocol, which chronyd speaks since 3.0.
#ifndef MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_
#define MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/big_endian.h"
#include "masterclock/internal/hex.h"
#include "masterclock/internal/int128.h"
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
  const std::int32_t exponent = (static_cast<std::int32_t>(wire) >> 25) - 25;
  const std::int64_t coefficient = static_cast<std::int32_t>(wire << 7) >> 7;
  const bool negative = coefficient < 0;
  const Int128 scaled = Int128{negative ? -coefficient : coefficient} * 1'000'000'000;  // 54 bits
  const Int128 divisor = Int128{1} << std::max(-exponent, 0);
  const std::int64_t size =
      saturate(exponent >= 0 ? scaled << exponent : (scaled + divisor - 1) / divisor);
  return std::chrono::nanoseconds(negative ? -size : size);
}

// Returns the reference's address, or its name of up to four letters, or else its id in hexadecimal.
// `reference` begins with the id, followed by the address and its family.
[[nodiscard]] inline std::string chrony_reference(Bytes reference) {
  const std::uint8_t* const address = reference.data() + 4;
  const auto family = big_endian<std::uint16_t>(reference, 20);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family == 1) ::inet_ntop(AF_INET, address, text.data(), text.size());
  if (family == 2) ::inet_ntop(AF_INET6, address, text.data(), text.size());
  if (text[0] != '\0') return text.data();
  std::string name(reference.begin(), reference.begin() + 4);
  name.erase(name.find_last_not_of('\0') + 1);
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(),
                                                    [](char c) { return c > 0x20 && c < 0x7f; });
  return is_name ? name : hex(big_endian<std::uint32_t>(reference, 0), 8);
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
  result.reference = chrony_reference(reply.subspan(kHeader));
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
  absl::StatusOr<ChronyTracking> tracking;
  const absl::Status asked =
      socket.ask(chrony_tracking_request(sequence), 1, [&](Bytes answer) -> absl::Status {
        tracking = parse_chrony_tracking(answer, sequence);
        return tracking.status();
      });
  return asked.ok() ? tracking : asked;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_CHRONY_TRACKING_H_
