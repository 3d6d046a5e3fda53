// Asks ptp4l for its state, by the management messages of IEEE 1588 that `pmc` sends.
//
// Source: IEEE 1588-2008, clause 15 (management), table 6 (clockAccuracy), table 8 (port states);
//         TIME_STATUS_NP and PORT_PROPERTIES_NP are linuxptp's, see pmc(8).
#ifndef MASTERCLOCK_SYNC_INTERNAL_PTP_STATUS_H_
#define MASTERCLOCK_SYNC_INTERNAL_PTP_STATUS_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/big_endian.h"
#include "masterclock/internal/hex.h"
#include "masterclock/sync/internal/daemon_socket.h"

namespace masterclock::inline v0_2::internal {

enum class PtpPortState : std::uint8_t {
  kInitializing = 1,
  kFaulty,
  kDisabled,
  kListening,
  kPreMaster,
  kMaster,
  kPassive,
  kUncalibrated,
  kSlave,
};

// The fields of several answers of ptp4l.
struct PtpStatus {
  // TIME_STATUS_NP
  std::chrono::nanoseconds offset{};     // ahead of the master
  std::chrono::nanoseconds last_sync{};  // by the clock that ptp4l keeps; 0 before the first Sync
  bool grandmaster_present = false;      // stays true after the grandmaster is lost: see port_state
  std::uint64_t grandmaster = 0;

  std::chrono::nanoseconds mean_path_delay{};  // CURRENT_DATA_SET
  std::uint8_t grandmaster_accuracy = 0xfe;    // PARENT_DATA_SET

  // TIME_PROPERTIES_DATA_SET
  std::optional<int> utc_offset;  // empty if ptp4l marks it as not valid
  bool ptp_timescale = false;

  int ports = 0;  // DEFAULT_DATA_SET

  // PORT_DATA_SET and PORT_PROPERTIES_NP of the port that follows a master, or else of the last port.
  int port = 0;
  PtpPortState port_state = PtpPortState::kInitializing;
  std::chrono::nanoseconds sync_interval{};
  bool software_clock = true;  // ptp4l keeps CLOCK_REALTIME, not the clock of a network card
  std::string interface;
};

// Returns the accuracy that `code` stands for; empty if it states none.
[[nodiscard]] constexpr std::optional<std::chrono::nanoseconds> ptp_accuracy(
    std::uint8_t code) noexcept {
  using namespace std::chrono_literals;
  constexpr std::chrono::nanoseconds kWithin[] = {25ns, 100ns, 250ns, 1us, 2500ns, 10us,
                                                  25us, 100us, 250us, 1ms, 2500us, 10ms,
                                                  25ms, 100ms, 250ms, 1s,  10s};
  if (code < 0x20 || code >= 0x20 + std::size(kWithin)) return std::nullopt;
  return kWithin[code - 0x20];
}

// Prints an identity as pmc does: 16895f.fffe.9cfcf6.
[[nodiscard]] inline std::string ptp_identity(std::uint64_t identity) {
  return hex(identity >> 40, 6) + "." + hex(identity >> 24, 4) + "." + hex(identity, 6);
}

enum class PtpId : std::uint16_t {
  kDefault = 0x2000,
  kCurrent = 0x2001,
  kParent = 0x2002,
  kTimeProperties = 0x2003,
  kPort = 0x2004,
  kTimeStatus = 0xc000,
  kPortProperties = 0xc004,
};

inline constexpr std::size_t kPtpRequestSize = 54;

// Makes a GET of `id` for all clocks and ports.
[[nodiscard]] inline std::array<std::uint8_t, kPtpRequestSize> ptp_request(
    PtpId id, std::uint16_t sequence, std::uint8_t domain) noexcept {
  std::array<std::uint8_t, kPtpRequestSize> request{0x0d, 2};  // management, version 2
  put_big_endian<std::uint16_t>(request, 2, kPtpRequestSize);
  request[4] = domain;
  put_big_endian<std::uint16_t>(request, 28, 1);  // our port
  put_big_endian(request, 30, sequence);
  request[32] = 4;
  request[33] = 0x7f;
  put_big_endian<std::uint64_t>(request, 34, ~std::uint64_t{0});
  put_big_endian<std::uint16_t>(request, 42, 0xffff);
  put_big_endian<std::uint16_t>(request, 48, 1);  // a management TLV with the id alone
  put_big_endian<std::uint16_t>(request, 50, 2);
  put_big_endian(request, 52, static_cast<std::uint16_t>(id));
  return request;
}

[[nodiscard]] inline absl::Status senseless_ptp_reply(const std::string& what) {
  return absl::DataLossError("ptp4l's answer makes no sense: " + what);
}

// Returns the data of the answer to the request for `id` numbered `sequence`.
//
// Errors: NotFound for the answer to an earlier request; Unavailable if ptp4l refuses; DataLoss names
//         the field that makes no sense.
[[nodiscard]] inline absl::StatusOr<Bytes> ptp_reply_data(Bytes reply, PtpId id,
                                                          std::uint16_t sequence,
                                                          std::size_t expected) {
  const auto& bad = senseless_ptp_reply;
  if (reply.size() < kPtpRequestSize) {
    return bad(std::to_string(reply.size()) + " bytes, too few for a management message");
  }
  if ((reply[0] & 15) != 0x0d || (reply[1] & 15) != 2) {
    return bad("not a management message of version 2");
  }
  constexpr int kResponse = 2;
  if ((reply[46] & 15) != kResponse) return bad("not a response");
  if (big_endian<std::uint16_t>(reply, 30) != sequence) {
    return absl::NotFoundError("ptp4l answered an earlier request");
  }
  const std::size_t size = big_endian<std::uint16_t>(reply, 50);  // of the TLV, from its id on
  if (size < 2 || reply.size() - 52 < size) {
    return bad("a TLV of " + std::to_string(size) + " bytes in " + std::to_string(reply.size()));
  }
  const auto type = big_endian<std::uint16_t>(reply, 48);
  if (type == 2) {
    return absl::UnavailableError("ptp4l refuses: management error " +
                                  std::to_string(big_endian<std::uint16_t>(reply, 52)));
  }
  if (type != 1 || big_endian<std::uint16_t>(reply, 52) != static_cast<std::uint16_t>(id)) {
    return bad("not the requested data");
  }
  if (size - 2 < expected) {
    return bad(std::to_string(size - 2) + " bytes of data, of " + std::to_string(expected));
  }
  return reply.subspan(54, size - 2);
}

// Stores the answer to the request for `id` numbered `sequence` in `status`.
//
// Errors: as ptp_reply_data; `status` then stays unchanged.
[[nodiscard]] inline absl::Status take_ptp_reply(Bytes reply, PtpId id, std::uint16_t sequence,
                                                 PtpStatus& status) {
  using std::chrono::nanoseconds;
  const std::size_t expected = id == PtpId::kDefault          ? 20
                               : id == PtpId::kCurrent        ? 18
                               : id == PtpId::kParent         ? 32
                               : id == PtpId::kTimeProperties ? 4
                               : id == PtpId::kPort           ? 26
                               : id == PtpId::kTimeStatus     ? 50
                                                              : 13;
  const absl::StatusOr<Bytes> data = ptp_reply_data(reply, id, sequence, expected);
  if (!data.ok()) return data.status();
  const auto& bad = senseless_ptp_reply;
  switch (id) {
    case PtpId::kDefault:
      status.ports = big_endian<std::uint16_t>(*data, 2);
      return absl::OkStatus();
    case PtpId::kCurrent: {
      // Units of 2^-16 ns, rounded up for the bound.
      const auto scaled = big_endian<std::int64_t>(*data, 10);
      if (scaled < 0) return bad("a negative path delay");
      status.mean_path_delay = nanoseconds((scaled >> 16) + ((scaled & 0xffff) != 0 ? 1 : 0));
      return absl::OkStatus();
    }
    case PtpId::kParent: status.grandmaster_accuracy = (*data)[20]; return absl::OkStatus();
    case PtpId::kTimeProperties: {
      constexpr int kUtcOffsetValid = 4, kPtpTimescale = 8;
      const int flags = (*data)[2];
      status.utc_offset.reset();
      if ((flags & kUtcOffsetValid) != 0) status.utc_offset = big_endian<std::int16_t>(*data, 0);
      status.ptp_timescale = (flags & kPtpTimescale) != 0;
      return absl::OkStatus();
    }
    case PtpId::kTimeStatus:
      status.offset = nanoseconds(big_endian<std::int64_t>(*data, 0));
      status.last_sync = nanoseconds(big_endian<std::int64_t>(*data, 8));
      status.grandmaster_present = big_endian<std::uint32_t>(*data, 38) != 0;
      status.grandmaster = big_endian<std::uint64_t>(*data, 42);
      return absl::OkStatus();
    case PtpId::kPort: {
      const auto follows = [](PtpPortState state) {
        return state == PtpPortState::kSlave || state == PtpPortState::kUncalibrated;
      };
      const int state = (*data)[10];
      int sync = (*data)[22];  // signed
      if (sync >= 128) sync -= 256;
      if (state < 1 || state > 10) return bad("port state " + std::to_string(state));
      if (sync < -10 || sync > 20) return bad("sync interval 2^" + std::to_string(sync) + " s");
      if (follows(status.port_state)) return absl::OkStatus();
      // linuxptp's state 10 is the master port of a grandmaster.
      status.port_state = state == 10 ? PtpPortState::kMaster : static_cast<PtpPortState>(state);
      status.port = big_endian<std::uint16_t>(*data, 8);
      status.sync_interval =
          sync < 0 ? nanoseconds(1'000'000'000 >> -sync) : nanoseconds(1'000'000'000LL << sync);
      return absl::OkStatus();
    }
    case PtpId::kPortProperties: {
      const std::size_t length = (*data)[12];
      if (data->size() - 13 < length) return bad("an interface name that is cut short");
      if (big_endian<std::uint16_t>(*data, 8) != status.port) return absl::OkStatus();
      std::string interface;
      for (const std::uint8_t byte : data->subspan(13, length)) {
        if (byte <= 0x20 || byte >= 0x7f || byte == '/')
          return bad("an interface name with a control byte or a slash");
        interface += static_cast<char>(byte);
      }
      // The driver converts `legacy` hardware time stamps to system time before ptp4l sees them.
      constexpr int kSoftware = 0, kLegacyHardware = 2;
      status.software_clock = (*data)[11] == kSoftware || (*data)[11] == kLegacyHardware;
      status.interface = std::move(interface);
      return absl::OkStatus();
    }
  }
  return bad("not the requested data");
}

// Asks once for all fields of a PtpStatus. `sequence` is the number of the last request.
//
// Errors: Unavailable, NotFound, PermissionDenied or DeadlineExceeded if ptp4l does not run, is not
//         there, does not answer or refuses; DataLoss for an answer that makes no sense; InvalidArgument
//         for the address.
[[nodiscard]] inline absl::StatusOr<PtpStatus> ask_ptp4l(DaemonSocket& socket,
                                                         std::uint16_t& sequence,
                                                         std::uint8_t domain) {
  constexpr int kMostPorts = 256;
  socket.start_reading();
  PtpStatus status;
  for (const PtpId id : {PtpId::kDefault, PtpId::kTimeStatus, PtpId::kCurrent, PtpId::kParent,
                         PtpId::kTimeProperties, PtpId::kPort, PtpId::kPortProperties}) {
    const bool of_ports = id == PtpId::kPort || id == PtpId::kPortProperties;
    ++sequence;
    const absl::Status asked = socket.ask(
        ptp_request(id, sequence, domain), of_ports ? std::min(status.ports, kMostPorts) : 1,
        [&](Bytes answer) { return take_ptp_reply(answer, id, sequence, status); });
    if (!asked.ok()) return asked;
  }
  return status;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_PTP_STATUS_H_
