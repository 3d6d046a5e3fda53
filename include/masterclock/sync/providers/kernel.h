// Reads the clock's error bound from the kernel by adjtimex(2), to which each disciplining daemon reports.
//
// The bound is `maxerror`. A daemon renews it at each update, and the kernel lets it grow by 500 ppm in
// between. If the daemon dies, the bound grows. Beyond `synchronized_within` the clock is free-running. At
// 16 s the kernel stops counting, and the clock is unknown.
//
// STA_UNSYNC decides nothing: chrony without `rtcsync` sets it on a clock that it keeps to a
// microsecond. `tai` is zero if it was never set, which does not mean an offset of zero.
#ifndef MASTERCLOCK_SYNC_PROVIDERS_KERNEL_H_
#define MASTERCLOCK_SYNC_PROVIDERS_KERNEL_H_

#include <chrono>

#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

#if defined(__linux__)
#include <sys/timex.h>
#endif

namespace masterclock::inline v0_2 {

struct KernelSyncOptions {
  // A clock with a larger bound is free-running. At 500 ppm the bound grows by a second in half an hour.
  std::chrono::nanoseconds synchronized_within = std::chrono::seconds(1);
};

#if defined(__linux__)
// Converts the answer of adjtimex, taken at `as_of`.
//
// Units:  maxerror is in microseconds, also under STA_NANO.
// Source: adjtimex(2); NTP_PHASE_LIMIT of the kernel's timex.h.
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
  reading.state = (kernel.status & STA_CLOCKERR) != 0                 ? SyncState::kDisrupted
                  : reading.error_bound > options.synchronized_within ? SyncState::kFreeRunning
                                                                      : SyncState::kSynchronized;
  return reading;
}
#endif

class KernelSyncProvider final : public SyncProvider {
 public:
  // `source` dates the readings: it reads the kernel's clock. `source` must outlive the provider.
  explicit KernelSyncProvider(const TimeSource& source = SystemTimeSource::shared(),
                              KernelSyncOptions options = {})
      : source_(source), options_(options) {}

  // Cost:   a system call, which needs no privilege.
  // Errors: kUnknown if the kernel refuses, and on systems other than Linux.
  [[nodiscard]] SyncReading read() override {
    const SteadyTime before = source_.now_steady();  // a preemption makes the reading older
#if defined(__linux__)
    timex kernel{};
    if (::adjtimex(&kernel) >= 0) return sync_reading(kernel, before, options_);
#endif
    return {.as_of = before, .provenance = "kernel"};
  }

 private:
  const TimeSource& source_;
  const KernelSyncOptions options_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_PROVIDERS_KERNEL_H_
