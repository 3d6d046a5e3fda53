// What the kernel knows: adjtimex(2), which every daemon that disciplines the clock reports to.
//
// The bound is `maxerror`. The daemon renews it at each update and the kernel lets it grow by 500 ppm
// in between, so a daemon that died shows as a bound that grows: beyond `synchronized_within` the
// clock is free-running, and at 16 s, where the kernel stops counting, unknown.
//
// STA_UNSYNC alone decides nothing: chrony without `rtcsync` sets it on a clock that it keeps to a
// microsecond. `tai` is nought where nobody has set it, which is not an offset of nought.
#ifndef MASTERCLOCK_SYNC_PROVIDERS_KERNEL_H_
#define MASTERCLOCK_SYNC_PROVIDERS_KERNEL_H_

#include "masterclock/version.h"

#include <chrono>

#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

#if defined(__linux__)
#include <sys/timex.h>
#endif

namespace masterclock::inline v0_2 {

// Threads: a plain value.
struct KernelSyncOptions {
  // A larger bound is that of a clock nobody has corrected for a while: at 500 ppm this one is
  // reached half an hour after the last update.
  std::chrono::nanoseconds synchronized_within = std::chrono::seconds(1);
};

#if defined(__linux__)
// What `kernel`, as adjtimex filled it in, says at `as_of`.
//
// Units:  maxerror and esterror are microseconds, also under STA_NANO.
// Source: adjtimex(2); NTP_PHASE_LIMIT of the kernel's timex.h; systemd trusts maxerror as well.
[[nodiscard]] inline SyncReading sync_reading(const timex& kernel, SteadyTime as_of,
                                              const KernelSyncOptions& options = {}) noexcept {
  using std::chrono::microseconds;
  constexpr microseconds kKernelStopsCounting(16'000'000);
  SyncReading reading;
  reading.as_of = as_of;
  reading.provenance = "kernel";
  if (kernel.tai != 0) reading.tai_offset = kernel.tai;
  if (kernel.maxerror < 0 || microseconds(kernel.maxerror) >= kKernelStopsCounting) return reading;
  reading.error_bound = microseconds(kernel.maxerror);
  if (kernel.esterror >= 0) reading.estimated_error = microseconds(kernel.esterror);
  reading.state = (kernel.status & STA_CLOCKERR) != 0                 ? SyncState::kDisrupted
                  : reading.error_bound > options.synchronized_within ? SyncState::kFreeRunning
                                                                      : SyncState::kSynchronized;
  return reading;
}
#endif

class KernelSyncProvider final : public SyncProvider {
 public:
  // `source` dates the readings: the one whose UTC is the kernel's. It must outlive the provider.
  explicit KernelSyncProvider(const TimeSource& source = SystemTimeSource::shared(),
                              KernelSyncOptions options = {})
      : source_(source), options_(options) {}

  // Cost:   one system call, which needs no privilege.
  // Errors: kUnknown where the kernel refuses, and on systems other than Linux.
  [[nodiscard]] SyncReading read() override {
    const SteadyTime before = source_.now_steady();  // a preemption makes the reading older
    SyncReading reading;
#if defined(__linux__)
    timex kernel{};
    if (::adjtimex(&kernel) >= 0) return sync_reading(kernel, before, options_);
#endif
    reading.as_of = before;
    reading.provenance = "kernel";
    return reading;
  }

 private:
  const TimeSource& source_;
  const KernelSyncOptions options_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_PROVIDERS_KERNEL_H_
