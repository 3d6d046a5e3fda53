// Reads the clock's distance from the PTP grandmaster from ptp4l. Linux only.
//
// The bound adds the last offset, the mean path delay (the most that asymmetry can cause) and the
// grandmaster's accuracy. If ptp4l keeps the clock of a network card, the bound also includes the
// measured distance of the system clock from the card, and its error. The state:
//
//   kSynchronized  a port is SLAVE, and the last Sync is at most eight intervals, or a second, old
//   kFreeRunning   the last Sync is older, the port left SLAVE, or ptp4l stopped answering; the last
//                  bound holds for its moment
//   kUnknown       no Sync for `lost_after`, or no bound yet
//
// The port's state decides, because a slave without its master still reports `gmPresent true`. There is no
// bound if the time cannot be converted to UTC: TAI without a valid offset, or an arbitrary timescale.
//
// ## Example
//
//   masterclock::LinuxPtpSyncProvider ptp(masterclock::SystemTimeSource::shared(),
//                                         {.address = "/no/daemon/here"});
//   assert(ptp.read().state == masterclock::SyncState::kUnknown);
//   assert(!ptp.status().ok());
#ifndef MASTERCLOCK_SYNC_PROVIDERS_LINUXPTP_H_
#define MASTERCLOCK_SYNC_PROVIDERS_LINUXPTP_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/sync/internal/daemon_socket.h"
#include "masterclock/sync/internal/interned.h"
#include "masterclock/sync/internal/last_bound.h"
#include "masterclock/sync/internal/ptp_status.h"
#include "masterclock/sync/providers/phc.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

struct LinuxPtpOptions {
  // ptp4l's `uds_address`, which only root and ptp4l's user may ask. Or its `uds_ro_address` (linuxptp 4:
  // /var/run/ptp4lro), which every local user may ask.
  std::string address = "/var/run/ptp4l";
  std::uint8_t domain = 0;  // `domainNumber`; 127 in SMPTE ST 2059-2
  std::chrono::milliseconds timeout = std::chrono::seconds(1);  // of a whole reading

  // False if the system clock is only measured: ptp4l runs with `free_running`, or without phc2sys. The
  // measured offset is then the reading's correction. `free_running` keeps the port in UNCALIBRATED, so
  // that state then counts as SLAVE.
  bool corrects_the_clock = true;

  // The accuracy of a grandmaster that states none. ptp4l assumes the same value.
  std::chrono::nanoseconds unstated_accuracy = std::chrono::milliseconds(1);

  std::chrono::nanoseconds lost_after = std::chrono::hours(24);
};

namespace internal {

// Applies the rule above, without a socket. Threads: one at a time.
class LinuxPtpRule {
 public:
  explicit LinuxPtpRule(const LinuxPtpOptions& options)
      : options_(options), last_(options.lost_after) {}

  // Returns the reading after `ptp`, the answer to a request made at (utc, steady). `card` is the clock that
  // ptp4l keeps, unless ptp4l keeps the system clock.
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
    // Before the first delay is measured the offset is a meaningless zero.
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

    // The system clock less true UTC.
    nanoseconds ahead = ptp.offset;
    nanoseconds bound =
        saturating_add(ptp.mean_path_delay,
                       ptp_accuracy(ptp.grandmaster_accuracy).value_or(options_.unstated_accuracy));
    nanoseconds now = utc.time_since_epoch();
    if (card) {
      now = card->time;
      const std::chrono::seconds tai(*ptp.utc_offset);  // the card keeps TAI
      ahead = saturating_subtract(saturating_add(ahead, tai), card->ahead);
      bound = saturating_add(bound, card->error);
    }
    SyncReading stated;
    if (options_.corrects_the_clock) {
      bound = saturating_add(bound, std::max(ahead, saturating_subtract(nanoseconds(0), ahead)));
    } else {
      stated.correction = saturating_subtract(nanoseconds(0), ahead);
    }
    const nanoseconds age = std::max(nanoseconds(0), saturating_add(now, -ptp.last_sync));
    stated.as_of = saturating_add(steady, -age);
    stated.error_bound = bound;
    stated.tai_offset = ptp.utc_offset;
    stated.provenance =
        interned("linuxptp: grandmaster " + ptp_identity(ptp.grandmaster), "linuxptp");
    constexpr nanoseconds kShortest = std::chrono::seconds(1);
    last_.keep(stated, stated.as_of,
               std::max(kShortest, nanoseconds(saturating_product(ptp.sync_interval.count(), 8))));
    return last_.at(steady);
  }

  // Returns the reading at `steady` without a usable answer, for the reason `why`.
  [[nodiscard]] SyncReading silent(SteadyTime steady, const absl::Status& why) const noexcept {
    return last_.unanswered(
        steady, absl::IsDataLoss(why) ? "linuxptp: senseless answer" : "linuxptp: no answer");
  }

 private:
  const LinuxPtpOptions options_;
  LastBound last_;
};

}  // namespace internal

class LinuxPtpSyncProvider final : public SyncProvider {
 public:
  // `source` dates the readings: it reads the system clock. `source` must outlive the provider.
  explicit LinuxPtpSyncProvider(const TimeSource& source = SystemTimeSource::shared(),
                                const LinuxPtpOptions& options = {})
      : source_(source),
        domain_(options.domain),
        rule_(options),
        socket_(options.address, options.timeout, internal::ReplyBy::kAbstractName) {}

  // Cost:   seven datagrams each way, at most `timeout`; a reading of the card's clock, if any.
  // Errors: states, as above; `status` has the reason.
  [[nodiscard]] SyncReading read() override {
    const auto ptp = internal::ask_ptp4l(socket_, sequence_, domain_);
    const SteadyTime steady = source_.now_steady();  // a preemption makes the last Sync older
    const UtcTime utc = source_.now_utc();
    std::optional<PhcReading> card;
    status_ = ptp.status();
    if (ptp.ok() && !ptp->software_clock) card = read_card(ptp->interface);
    return ptp.ok() ? rule_.answered(*ptp, card, utc, steady) : rule_.silent(steady, status_);
  }

  // Returns the reason if the last reading has no usable answer: Unavailable, NotFound, PermissionDenied or
  // DeadlineExceeded from the socket; Unavailable if ptp4l refuses; DataLoss for a malformed answer;
  // InvalidArgument for the address. Or the reason why the card was not read.
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

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_PROVIDERS_LINUXPTP_H_
