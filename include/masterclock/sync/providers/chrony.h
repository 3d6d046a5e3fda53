// Reads the clock's error bound from chronyd. Linux only.
//
// The bound is chrony's: half the root delay, the root dispersion and the rest of the last correction. The
// provider adds `reference_error`. chronyd says "Normal" even without servers, so the state follows the
// time of the last correction:
//
//   kSynchronized  chronyd follows a server or a reference clock, and corrected the clock within eight
//                  update intervals
//   kFreeRunning   the last correction is older, or chronyd follows no reference (`Not synchronised`,
//                  or itself by `local`); the last bound holds for its moment
//   kUnknown       no correction for `lost_after`, or no bound yet
//
// The same rule applies when chronyd stops answering. chronyd begins with a burst of short update
// intervals, so an interval counts as `update_interval` at least.
//
// ## Example
//
//   masterclock::ChronySyncProvider chrony(masterclock::SystemTimeSource::shared(),
//                                          {.address = "127.0.0.1:9"});  // no daemon answers there
//   assert(chrony.read().state == masterclock::SyncState::kUnknown);
//   assert(!chrony.status().ok());
#ifndef MASTERCLOCK_SYNC_PROVIDERS_CHRONY_H_
#define MASTERCLOCK_SYNC_PROVIDERS_CHRONY_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/sync/internal/chrony_tracking.h"
#include "masterclock/sync/internal/daemon_socket.h"
#include "masterclock/sync/internal/interned.h"
#include "masterclock/sync/internal/last_bound.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

struct ChronyOptions {
  // chronyd's `cmdport` as ADDRESS:PORT or [ADDRESS]:PORT, which every local user may ask. Or its socket,
  // /run/chrony/chronyd.sock, which only root and chronyd's user may ask.
  std::string address = "127.0.0.1:323";
  std::chrono::milliseconds timeout = std::chrono::seconds(1);  // of a whole reading

  // False for `chronyd -x`, which does not correct the clock. The measured offset is then the reading's
  // correction. If true, chronyd is removing the offset, so the offset is part of the bound.
  bool corrects_the_clock = true;

  // The error of a reference whose error chronyd does not know: a network card's clock (`refclock PHC`).
  std::chrono::nanoseconds reference_error = {};

  std::chrono::nanoseconds update_interval = std::chrono::seconds(64);  // chrony's own `minpoll`
  std::chrono::nanoseconds lost_after = std::chrono::hours(24);
};

namespace internal {

// Applies the rule above, without a socket. Threads: one at a time.
class ChronyRule {
 public:
  explicit ChronyRule(const ChronyOptions& options)
      : options_(options), last_(options.lost_after) {}

  // Returns the reading after `tracking`, the answer to a request made at (utc, steady).
  [[nodiscard]] SyncReading answered(const ChronyTracking& tracking, UtcTime utc,
                                     SteadyTime steady) {
    using std::chrono::nanoseconds;
    if (!tracking.has_reference()) {
      return last_.unfollowed(steady, tracking.leap == ChronyTracking::Leap::kNotSynchronised
                                          ? "chrony: not synchronised"
                                          : "chrony: follows only itself (local)");
    }
    SyncReading stated;
    stated.as_of = steady;
    stated.error_bound = saturating_add(tracking.root_distance(), options_.reference_error);
    if (options_.corrects_the_clock) {
      const nanoseconds fast_by = saturating_subtract(nanoseconds(0), tracking.slow_by);
      stated.error_bound = saturating_add(stated.error_bound, std::max(tracking.slow_by, fast_by));
    } else {
      stated.correction = tracking.slow_by;
    }
    stated.provenance = interned(
        "chrony: " + tracking.reference + " stratum " + std::to_string(tracking.stratum), "chrony");
    const UtcTime kept = saturating_add(utc, tracking.slow_by);
    const nanoseconds age =
        std::max(nanoseconds(0), saturating_difference(kept, tracking.last_update));
    const nanoseconds interval = std::max(tracking.update_interval, options_.update_interval);
    last_.keep(stated, saturating_add(steady, -age),
               nanoseconds(saturating_product(interval.count(), 8)));
    return last_.at(steady);
  }

  // Returns the reading at `steady` without a usable answer, for the reason `why`.
  [[nodiscard]] SyncReading silent(SteadyTime steady, const absl::Status& why) const noexcept {
    return last_.unanswered(
        steady, absl::IsDataLoss(why) ? "chrony: senseless answer" : "chrony: no answer");
  }

 private:
  const ChronyOptions options_;
  LastBound last_;
};

}  // namespace internal

class ChronySyncProvider final : public SyncProvider {
 public:
  // `source` dates the readings: it reads the clock that chronyd keeps. `source` must outlive the provider.
  explicit ChronySyncProvider(const TimeSource& source = SystemTimeSource::shared(),
                              const ChronyOptions& options = {})
      : source_(source),
        rule_(options),
        socket_(options.address, options.timeout, internal::ReplyBy::kFile) {}

  // Cost:   a datagram each way, at most `timeout`.
  // Errors: states, as above; `status` has the reason.
  [[nodiscard]] SyncReading read() override {
    const SteadyTime steady = source_.now_steady();  // a preemption makes the reading older
    const UtcTime utc = source_.now_utc();
    const auto tracking = internal::ask_chrony(socket_, ++sequence_);
    status_ = tracking.status();
    return tracking.ok() ? rule_.answered(*tracking, utc, steady) : rule_.silent(steady, status_);
  }

  // Returns the reason if the last reading has no usable answer: Unavailable, NotFound, PermissionDenied or
  // DeadlineExceeded from the socket; DataLoss for a malformed answer; InvalidArgument for the address.
  [[nodiscard]] const absl::Status& status() const noexcept { return status_; }

 private:
  const TimeSource& source_;
  internal::ChronyRule rule_;
  internal::DaemonSocket socket_;
  std::uint32_t sequence_ = 0;
  absl::Status status_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_PROVIDERS_CHRONY_H_
