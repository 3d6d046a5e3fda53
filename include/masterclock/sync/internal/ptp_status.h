// What ptp4l knows: the management messages of IEEE 1588 that `pmc` sends, and their answers.
//
// Source: IEEE 1588-2008, clause 15 (management), table 6 (clockAccuracy), table 8 (port states);
//         TIME_STATUS_NP and PORT_PROPERTIES_NP are linuxptp's own, see pmc(8).
#ifndef MASTERCLOCK_SYNC_INTERNAL_PTP_STATUS_H_
#define MASTERCLOCK_SYNC_INTERNAL_PTP_STATUS_H_

#include "masterclock/version.h"

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
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

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

// Of the several answers of ptp4l, what says how right the clock is. Threads: a plain value.
struct PtpStatus {
  // TIME_STATUS_NP. `last_sync` is by the clock that ptp4l keeps; nought when there was none.
  std::chrono::nanoseconds offset{};  // ahead of the master
  std::chrono::nanoseconds last_sync{};
  bool grandmaster_present = false;  // which ptp4l says even after it has lost it: see the port
  std::uint64_t grandmaster = 0;

  std::chrono::nanoseconds mean_path_delay{};  // CURRENT_DATA_SET
  std::uint8_t grandmaster_accuracy = 0xfe;    // PARENT_DATA_SET

  // TIME_PROPERTIES_DATA_SET. What is not valid is not there, whatever number was sent.
  std::optional<int> utc_offset;
  bool ptp_timescale = false;

  // DEFAULT_DATA_SET; then PORT_DATA_SET and PORT_PROPERTIES_NP of the port that follows a master,
  // or of the last one when none does.
  int ports = 0;
  int port = 0;
  PtpPortState port_state = PtpPortState::kInitializing;
  std::chrono::nanoseconds sync_interval{};
  bool software_clock = true;  // ptp4l keeps CLOCK_REALTIME, not a clock in the network card
  std::string interface;
};

// What it means that a clock's accuracy is `code`: none for one that is not stated.
[[nodiscard]] constexpr std::optional<std::chrono::nanoseconds> ptp_accuracy(
    std::uint8_t code) noexcept {
  using namespace std::chrono_literals;
  constexpr std::chrono::nanoseconds kWithin[] = {25ns, 100ns, 250ns, 1us, 2500ns, 10us,
                                                  25us, 100us, 250us, 1ms, 2500us, 10ms,
                                                  25ms, 100ms, 250ms, 1s,  10s};
  if (code < 0x20 || code >= 0x20 + std::size(kWithin)) return std::nullopt;
  return kWithin[code - 0x20];
}

// As pmc prints it: 16895f.fffe.9cfcf6.
[[nodiscard]] inline std::string ptp_identity(std::uint64_t identity) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) {
    text += kHex[identity >> shift & 15];
    if (shift == 40 || shift == 24) text += '.';
  }
  return text;
}

namespace internal {

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

// GET `id`, from whatever clock and port receives it.
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
  put_big_endian<std::uint16_t>(request, 48, 1);  // a management TLV with nothing but the id
  put_big_endian<std::uint16_t>(request, 50, 2);
  put_big_endian(request, 52, static_cast<std::uint16_t>(id));
  return request;
}

// The data in the answer to that request.
//
// Errors: NotFound for the answer to another request; Unavailable when ptp4l refuses; DataLoss.
[[nodiscard]] inline absl::StatusOr<Bytes> ptp_reply_data(Bytes reply, PtpId id,
                                                          std::uint16_t sequence,
                                                          std::size_t expected) {
  const auto bad = [](const std::string& what) { return absl::DataLossError("ptp4l: " + what); };
  if (reply.size() < kPtpRequestSize) {
    return bad(std::to_string(reply.size()) + " bytes, too few for a management message");
  }
  if ((reply[0] & 15) != 0x0d || (reply[1] & 15) != 2) {
    return bad("this is not a management message of version 2");
  }
  constexpr int kResponse = 2;
  if ((reply[46] & 15) != kResponse) return bad("this is not a response");
  if (big_endian<std::uint16_t>(reply, 30) != sequence) {
    return absl::NotFoundError("ptp4l: the answer to an earlier request");
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
    return bad("this is not what was asked for");
  }
  if (size - 2 < expected) {
    return bad(std::to_string(size - 2) + " bytes of data, of " + std::to_string(expected));
  }
  return reply.subspan(54, size - 2);
}

}  // namespace internal

// Takes what ptp4l answered to the request for `id` numbered `sequence` into `status`.
//
// Threads: any.
// Errors:  NotFound for the answer to another request, which came too late; Unavailable when ptp4l
//          refuses; DataLoss, naming what is wrong, for what is no answer at all. Then `status` is
//          as it was.
[[nodiscard]] inline absl::Status take_ptp_reply(internal::Bytes reply, internal::PtpId id,
                                                 std::uint16_t sequence, PtpStatus& status) {
  using internal::big_endian;
  using internal::PtpId;
  using std::chrono::nanoseconds;
  const std::size_t expected = id == PtpId::kDefault          ? 20
                               : id == PtpId::kCurrent        ? 18
                               : id == PtpId::kParent         ? 32
                               : id == PtpId::kTimeProperties ? 4
                               : id == PtpId::kPort           ? 26
                               : id == PtpId::kTimeStatus     ? 50
                                                              : 13;
  const absl::StatusOr<internal::Bytes> data =
      internal::ptp_reply_data(reply, id, sequence, expected);
  if (!data.ok()) return data.status();
  const auto bad = [](const std::string& what) { return absl::DataLossError("ptp4l: " + what); };
  switch (id) {
    case PtpId::kDefault:
      status.ports = big_endian<std::uint16_t>(*data, 2);
      return absl::OkStatus();
    case PtpId::kCurrent: {
      // 2^-16 ns, rounded up: a bound is made of it.
      const auto scaled = big_endian<std::int64_t>(*data, 10);
      if (scaled < 0) return bad("a negative path delay");
      status.mean_path_delay = nanoseconds((scaled >> 16) + ((scaled & 0xffff) != 0 ? 1 : 0));
      return absl::OkStatus();
    }
    case PtpId::kParent:
      status.grandmaster_accuracy = (*data)[20];
      return absl::OkStatus();
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
      // linuxptp calls the port of a grandmaster's 10.
      status.port_state = state == 10 ? PtpPortState::kMaster : static_cast<PtpPortState>(state);
      status.port = big_endian<std::uint16_t>(*data, 8);
      status.sync_interval =
          sync < 0 ? nanoseconds(1'000'000'000 >> -sync) : nanoseconds(1'000'000'000LL << sync);
      return absl::OkStatus();
    }
    case PtpId::kPortProperties: {
      const std::size_t length = (*data)[12];
      if (data->size() - 13 < length) return bad("an interface's name that is cut short");
      if (big_endian<std::uint16_t>(*data, 8) != status.port) return absl::OkStatus();
      std::string interface;
      for (const std::uint8_t byte : data->subspan(13, length)) {
        if (byte <= 0x20 || byte >= 0x7f || byte == '/') return bad("an interface's name");
        interface += static_cast<char>(byte);
      }
      // Hardware stamps in the `legacy` way are made into the system's time before ptp4l sees them.
      constexpr int kSoftware = 0, kLegacyHardware = 2;
      status.software_clock = (*data)[11] == kSoftware || (*data)[11] == kLegacyHardware;
      status.interface = std::move(interface);
      return absl::OkStatus();
    }
  }
  return bad("nothing that was asked for");
}

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_INTERNAL_PTP_STATUS_H_
