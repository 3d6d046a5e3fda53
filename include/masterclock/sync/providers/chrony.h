// What chronyd knows: how far the clock is off at most, and when it was corrected last.
//
// The bound is the one chrony documents: half the root delay, the root dispersion, and what is left
// to correct of the last measurement; and `reference_error`. The state follows the last correction,
// because chronyd goes on saying "Normal" when its servers are gone, and says nothing at all when it
// died:
//
//   kSynchronized  chronyd follows a server or a reference clock, and it has corrected the clock
//                  within eight update intervals; one that died is held to the same
//   kFreeRunning   eight have passed since, or chronyd says that it follows nobody (`Not
//                  synchronised`, or itself by `local`); the last bound, by `as_of`, still holds
//   kUnknown       nothing for `lost_after`, or there never was a bound
//
// An update interval is the last that chronyd saw, or `update_interval` where that is longer: it
// begins with a burst, in which two seconds are no promise of two more.
//
// ## Example
//
//   masterclock::ChronySyncProvider chrony(masterclock::SystemTimeSource::shared(),
//                                          {.address = "127.0.0.1:9"});  // where nobody answers
//   assert(chrony.read().state == masterclock::SyncState::kUnknown);
//   assert(!chrony.status().ok());
#ifndef MASTERCLOCK_SYNC_PROVIDERS_CHRONY_H_
#define MASTERCLOCK_SYNC_PROVIDERS_CHRONY_H_

#include "masterclock/version.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/sync/internal/chrony_tracking.h"
#include "masterclock/sync/internal/daemon_socket.h"
#include "masterclock/sync/internal/last_claim.h"
#include "masterclock/sync/internal/interned.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Threads: a plain value.
struct ChronyOptions {
  // Where chronyd takes commands: its `cmdport` as ADDRESS:PORT or [ADDRESS]:PORT, which anybody on
  // the machine may ask, or its socket, /run/chrony/chronyd.sock, which only its own user may.
  std::string address = "127.0.0.1:323";
  std::chrono::milliseconds timeout = std::chrono::milliseconds(200);

  // False for `chronyd -x`, which measures and corrects nothing: then what it measured is the
  // reading's correction. Otherwise that is part of the bound, since chronyd is working it off.
  bool corrects_the_clock = true;

  // What the reference itself may be wrong by and chronyd knows nothing of, such as the error that a
  // driver states for the clock in a network card (`refclock PHC`). Part of the bound.
  std::chrono::nanoseconds reference_error = {};

  std::chrono::nanoseconds update_interval = std::chrono::seconds(64);  // chrony's own `minpoll`
  std::chrono::nanoseconds lost_after = std::chrono::hours(24);
};

// Asks chronyd for its tracking report, once.
//
// Cost:   a datagram each way; `timeout` where there is no answer.
// Errors: Unavailable, NotFound, PermissionDenied or DeadlineExceeded when chronyd is not running, not
//         there or not answering; DataLoss for an answer that is none; InvalidArgument for the address.
[[nodiscard]] inline absl::StatusOr<ChronyTracking> ask_chrony(internal::DaemonSocket& socket,
                                                               std::uint32_t sequence) {
  const auto request = internal::chrony_tracking_request(sequence);
  if (absl::Status status = socket.send(request); !status.ok()) return status;
  std::array<std::uint8_t, 512> buffer{};
  for (int late = 0; late < 8; ++late) {
    const absl::StatusOr<internal::Bytes> reply = socket.receive(buffer);
    if (!reply.ok()) return reply.status();
    absl::StatusOr<ChronyTracking> tracking = parse_chrony_tracking(*reply, sequence);
    if (!absl::IsNotFound(tracking.status())) return tracking;
  }
  return absl::UnavailableError("chronyd answers none but earlier requests");
}
[[nodiscard]] inline absl::StatusOr<ChronyTracking> ask_chrony(const ChronyOptions& options = {}) {
  internal::DaemonSocket socket(options.address, options.timeout);
  return ask_chrony(socket, 1);
}

namespace internal {

// The rule above, without the asking. Threads: one at a time.
class ChronyRule {
 public:
  explicit ChronyRule(const ChronyOptions& options)
      : options_(options), last_(options.lost_after) {}

  // chronyd answers `tracking`, having been asked at (utc, steady).
  [[nodiscard]] SyncReading answered(const ChronyTracking& tracking, UtcTime utc,
                                     SteadyTime steady) {
    using std::chrono::nanoseconds;
    if (!tracking.follows_somebody()) {
      return last_.unfollowed(steady, tracking.leap == ChronyTracking::Leap::kNotSynchronised
                                          ? "chrony: not synchronised"
                                          : "chrony: nobody but itself (local)");
    }
    SyncReading claim;
    claim.as_of = steady;
    claim.error_bound = saturating_add(tracking.root_distance(), options_.reference_error);
    if (options_.corrects_the_clock) {
      claim.error_bound = saturating_add(claim.error_bound, std::chrono::abs(tracking.slow_by));
    } else {
      claim.correction = tracking.slow_by;
    }
    claim.estimated_error = tracking.rms_offset;
    claim.provenance = interned(
        "chrony: " + tracking.reference + " stratum " + std::to_string(tracking.stratum), "chrony");
    const UtcTime kept = saturating_add(utc, tracking.slow_by);
    const nanoseconds age =
        std::max(nanoseconds(0), saturating_difference(kept, tracking.last_update));
    const nanoseconds interval = std::max(tracking.update_interval, options_.update_interval);
    constexpr int kMissed = 8;
    last_.keep(claim, saturating_add(steady, -age),
               interval > nanoseconds::max() / kMissed ? nanoseconds::max() : interval * kMissed);
    return last_.at(steady);
  }

  // chronyd gives no answer at `steady`.
  [[nodiscard]] SyncReading silent(SteadyTime steady) const noexcept {
    return last_.unanswered(steady, "chrony: no answer");
  }

 private:
  const ChronyOptions options_;
  LastClaim last_;
};

}  // namespace internal

class ChronySyncProvider final : public SyncProvider {
 public:
  // `source` dates the readings: the one whose UTC chronyd keeps. It must outlive the provider.
  explicit ChronySyncProvider(const TimeSource& source = SystemTimeSource::shared(),
                              const ChronyOptions& options = {})
      : source_(source), rule_(options), socket_(options.address, options.timeout) {}

  // Cost:   a datagram each way, over a socket that stays open; `timeout` where nobody answers.
  // Errors: states, as above; `status` has the reason.
  [[nodiscard]] SyncReading read() override {
    const SteadyTime steady = source_.now_steady();  // a preemption makes the reading older
    const UtcTime utc = source_.now_utc();
    const absl::StatusOr<ChronyTracking> tracking = ask_chrony(socket_, ++sequence_);
    status_ = tracking.status();
    return tracking.ok() ? rule_.answered(*tracking, utc, steady) : rule_.silent(steady);
  }

  // Why the last reading heard nothing; OK when it did.
  [[nodiscard]] const absl::Status& status() const noexcept { return status_; }

 private:
  const TimeSource& source_;
  internal::ChronyRule rule_;
  internal::DaemonSocket socket_;
  std::uint32_t sequence_ = 0;
  absl::Status status_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_PROVIDERS_CHRONY_H_
