// What ptp4l knows: how far the clock is from the grandmaster, and whether there is one.
//
// The bound is the last offset, the mean path delay (which is what the path's asymmetry can amount
// to), and the grandmaster's own accuracy. Where ptp4l keeps a clock in the network card, the
// system's clock is compared with that one now, and both that distance and what is not known of it
// are in the bound. The state:
//
//   kSynchronized  a port is SLAVE, and the last Sync is at most eight intervals, or a second, old;
//                  a ptp4l that died is held to the same
//   kFreeRunning   it was so before: the port is in another state, there is no answer, or no Sync;
//                  the last bound, by `as_of`, still holds
//   kUnknown       nothing for `lost_after`, or there never was a bound
//
// The port decides, since a slave that lost its master goes on saying `gmPresent true`. No bound is
// made of a time that cannot be led back to UTC: of TAI where the offset is not valid, or of a card
// on a timescale of its own.
//
// ## Example
//
//   masterclock::LinuxPtpSyncProvider ptp(masterclock::SystemTimeSource::shared(),
//                                         {.address = "/nobody/here"});
//   assert(ptp.read().state == masterclock::SyncState::kUnknown);
//   assert(!ptp.status().ok());
#ifndef MASTERCLOCK_SYNC_PROVIDERS_LINUXPTP_H_
#define MASTERCLOCK_SYNC_PROVIDERS_LINUXPTP_H_

#include "masterclock/version.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/sync/internal/daemon_socket.h"
#include "masterclock/sync/internal/last_claim.h"
#include "masterclock/sync/internal/interned.h"
#include "masterclock/sync/providers/phc.h"
#include "masterclock/sync/internal/ptp_status.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Threads: a plain value.
struct LinuxPtpOptions {
  // ptp4l's `uds_address`, where only its own user may ask; or its `uds_ro_address`, where it has one
  // (linuxptp 4: /var/run/ptp4lro), and anybody may.
  std::string address = "/var/run/ptp4l";
  std::uint8_t domain = 0;  // its `domainNumber`; SMPTE ST 2059-2 has 127
  std::chrono::milliseconds timeout = std::chrono::milliseconds(200);

  // False where the system's clock is only measured: by ptp4l with `free_running`, or without
  // phc2sys. Then what was measured is the reading's correction, and a port that is UNCALIBRATED,
  // which it stays under `free_running`, will do.
  bool corrects_the_clock = true;

  // What is taken for the accuracy of a grandmaster that states none, as ptp4l itself does.
  std::chrono::nanoseconds unstated_accuracy = std::chrono::milliseconds(1);

  std::chrono::nanoseconds lost_after = std::chrono::hours(24);
};

namespace internal {

// One question: `socket` asks for `id`, and takes as many answers as there are ports.
[[nodiscard]] inline absl::Status ask_ptp4l(DaemonSocket& socket, PtpId id, std::uint16_t sequence,
                                            std::uint8_t domain, int answers, PtpStatus& status) {
  if (absl::Status sent = socket.send(ptp_request(id, sequence, domain)); !sent.ok()) return sent;
  std::array<std::uint8_t, 1500> buffer{};
  for (int late = 0; late < 8 && answers > 0;) {
    const absl::StatusOr<Bytes> reply = socket.receive(buffer);
    if (!reply.ok()) return reply.status();
    const absl::Status taken = take_ptp_reply(*reply, id, sequence, status);
    if (absl::IsNotFound(taken)) {
      ++late;
    } else if (!taken.ok()) {
      return taken;
    } else {
      --answers;
    }
  }
  if (answers > 0) return absl::UnavailableError("ptp4l answers none but earlier requests");
  return absl::OkStatus();
}

}  // namespace internal

// Asks ptp4l for all that is in a PtpStatus, once. `sequence` numbers the questions, and is left at
// the last.
//
// Cost:   seven datagrams each way; `timeout` where there is no answer.
// Errors: Unavailable, NotFound, PermissionDenied or DeadlineExceeded when ptp4l is not running, not
//         there, not answering or refuses; DataLoss for an answer that is none; InvalidArgument for
//         the address.
[[nodiscard]] inline absl::StatusOr<PtpStatus> ask_ptp4l(internal::DaemonSocket& socket,
                                                         std::uint16_t& sequence,
                                                         std::uint8_t domain) {
  using internal::PtpId;
  constexpr int kMostPorts = 256;
  PtpStatus status;
  for (const PtpId id : {PtpId::kDefault, PtpId::kTimeStatus, PtpId::kCurrent, PtpId::kParent,
                         PtpId::kTimeProperties, PtpId::kPort, PtpId::kPortProperties}) {
    const bool of_ports = id == PtpId::kPort || id == PtpId::kPortProperties;
    absl::Status asked = internal::ask_ptp4l(
        socket, id, ++sequence, domain, of_ports ? std::min(status.ports, kMostPorts) : 1, status);
    if (!asked.ok()) return asked;
  }
  return status;
}
[[nodiscard]] inline absl::StatusOr<PtpStatus> ask_ptp4l(const LinuxPtpOptions& options = {}) {
  internal::DaemonSocket socket(options.address, options.timeout);
  std::uint16_t sequence = 0;
  return ask_ptp4l(socket, sequence, options.domain);
}

namespace internal {

// The rule above, without the asking. Threads: one at a time.
class LinuxPtpRule {
 public:
  explicit LinuxPtpRule(const LinuxPtpOptions& options)
      : options_(options), last_(options.lost_after) {}

  // ptp4l answers `ptp`, having been asked at (utc, steady); `card` is the clock it keeps, where
  // that is not the system's.
  [[nodiscard]] SyncReading answered(const PtpStatus& ptp, const std::optional<PhcReading>& card,
                                     UtcTime utc, SteadyTime steady) {
    using std::chrono::nanoseconds;
    const bool locked = ptp.port_state == PtpPortState::kSlave;
    if (!locked && ptp.port_state != PtpPortState::kUncalibrated) {
      return last_.unfollowed(steady, ptp.port_state == PtpPortState::kMaster
                                          ? "linuxptp: is a master itself"
                                          : "linuxptp: no master");
    }
    if (!ptp.grandmaster_present) return last_.unfollowed(steady, "linuxptp: no grandmaster");
    // Before the first delay is measured the offset is nought, and means nothing.
    const bool measured = !options_.corrects_the_clock && ptp.mean_path_delay > nanoseconds(0);
    if ((!locked && !measured) || ptp.last_sync <= nanoseconds(0)) {
      return last_.unfollowed(steady, "linuxptp: not locked yet");
    }
    if (ptp.ptp_timescale && !ptp.utc_offset) {
      return last_.unfollowed(steady, "linuxptp: UTC offset not valid");
    }
    if (!ptp.software_clock && !ptp.ptp_timescale) {
      return last_.unfollowed(steady, "linuxptp: arbitrary timescale");
    }
    if (!ptp.software_clock && !card) {
      return last_.unanswered(steady, "linuxptp: no hardware clock");
    }

    // How far ahead of true UTC the system's clock is.
    nanoseconds ahead = ptp.offset;
    nanoseconds bound =
        saturating_add(ptp.mean_path_delay,
                       ptp_accuracy(ptp.grandmaster_accuracy).value_or(options_.unstated_accuracy));
    nanoseconds now = utc.time_since_epoch();
    if (card) {
      now = card->time;
      const std::chrono::seconds tai(*ptp.utc_offset);  // which is what the card keeps
      ahead = saturating_add(saturating_add(ahead, tai), minus(card->ahead));
      bound = saturating_add(bound, card->error);
    }
    SyncReading claim;
    if (options_.corrects_the_clock) {
      bound = saturating_add(bound, std::max(ahead, minus(ahead)));
    } else {
      claim.correction = minus(ahead);
    }
    const nanoseconds age = std::max(nanoseconds(0), saturating_add(now, -ptp.last_sync));
    claim.as_of = saturating_add(steady, -age);
    claim.error_bound = bound;
    claim.estimated_error = std::max(ptp.offset, minus(ptp.offset));
    claim.tai_offset = ptp.utc_offset;
    claim.provenance =
        interned("linuxptp: grandmaster " + ptp_identity(ptp.grandmaster), "linuxptp");
    constexpr nanoseconds kShortest = std::chrono::seconds(1);
    last_.keep(claim, claim.as_of, std::max(kShortest, ptp.sync_interval * 8));
    return last_.at(steady);
  }

  // ptp4l gives no answer at `steady`.
  [[nodiscard]] SyncReading silent(SteadyTime steady) const noexcept {
    return last_.unanswered(steady, "linuxptp: no answer");
  }

 private:
  // The least number has no opposite.
  static constexpr std::chrono::nanoseconds minus(std::chrono::nanoseconds t) noexcept {
    return t == std::chrono::nanoseconds::min() ? std::chrono::nanoseconds::max() : -t;
  }

  const LinuxPtpOptions options_;
  LastClaim last_;
};

}  // namespace internal

class LinuxPtpSyncProvider final : public SyncProvider {
 public:
  // `source` dates the readings: the one whose UTC is the system's. It must outlive the provider.
  explicit LinuxPtpSyncProvider(const TimeSource& source = SystemTimeSource::shared(),
                                const LinuxPtpOptions& options = {})
      : source_(source),
        domain_(options.domain),
        rule_(options),
        socket_(options.address, options.timeout) {}

  // Cost:   seven datagrams each way, over a socket that stays open; `timeout` where nobody answers;
  //         the card's clock, where there is one.
  // Errors: states, as above; `status` has the reason.
  [[nodiscard]] SyncReading read() override {
    const absl::StatusOr<PtpStatus> ptp = ask_ptp4l(socket_, sequence_, domain_);
    const SteadyTime steady = source_.now_steady();  // a preemption makes the last Sync older
    const UtcTime utc = source_.now_utc();
    std::optional<PhcReading> card;
    status_ = ptp.status();
    if (ptp.ok() && !ptp->software_clock) card = read_card(ptp->interface);
    return ptp.ok() ? rule_.answered(*ptp, card, utc, steady) : rule_.silent(steady);
  }

  // Why the last reading heard nothing; OK when it did.
  [[nodiscard]] const absl::Status& status() const noexcept { return status_; }

 private:
  std::optional<PhcReading> read_card(const std::string& interface) {
    absl::StatusOr<std::string> device = Phc::device_of(interface);
    absl::StatusOr<Phc> phc = device.ok() ? Phc::open(*device) : device.status();
    absl::StatusOr<PhcReading> reading = phc.ok() ? phc->read() : phc.status();
    if (reading.ok()) return *reading;
    status_ = reading.status();
    return std::nullopt;
  }

  const TimeSource& source_;
  const std::uint8_t domain_;
  internal::LinuxPtpRule rule_;
  internal::DaemonSocket socket_;
  std::uint16_t sequence_ = 0;
  absl::Status status_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_PROVIDERS_LINUXPTP_H_
