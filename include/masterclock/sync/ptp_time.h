// Returns PTP's time of day, or an error if TAI - UTC is not known.
//
// CLOCK_TAI is CLOCK_REALTIME plus an offset, which is zero from boot until a daemon sets it. Until then
// CLOCK_TAI is 37 s off, without an error.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::KernelTai kernel{.clock_tai = masterclock::TaiTime(1'000s), .offset = 37};
//   assert(*masterclock::ptp_time_of_day(kernel) == masterclock::TaiTime(1'000s));
//   kernel.offset = 0;
//   assert(absl::IsFailedPrecondition(masterclock::ptp_time_of_day(kernel).status()));
#ifndef MASTERCLOCK_SYNC_PTP_TIME_H_
#define MASTERCLOCK_SYNC_PTP_TIME_H_

#include <chrono>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_points.h"

#if defined(__linux__)
#include <sys/timex.h>
#endif

namespace masterclock::inline v0_2 {

// Returns `utc` as TAI by the provider's offset; empty if the provider does not know the offset.
[[nodiscard]] constexpr std::optional<TaiTime> ptp_time(UtcTime utc,
                                                        const SyncReading& by) noexcept {
  if (!by.tai_offset) return std::nullopt;
  return TaiTime(saturating_add(utc.time_since_epoch(), std::chrono::seconds(*by.tai_offset)));
}

struct KernelTai {
  TaiTime clock_tai;
  int offset = 0;  // TAI - UTC in seconds, as clock_tai has it; 0 if it was never set
};

// Reads the offset first. A daemon that sets it in between leads to a refusal, not to a wrong time.
//
// Threads: any.
// Cost:    a system call, which needs no privilege, and a reading of the clock.
[[nodiscard]] inline KernelTai read_kernel_tai() noexcept {
  KernelTai kernel;
#if defined(__linux__)
  timex asked{};
  if (::adjtimex(&asked) >= 0) kernel.offset = asked.tai;
#endif
  kernel.clock_tai = SystemTimeSource::read_clock_tai();
  return kernel;
}

// Threads: any.
// Errors:  FailedPrecondition if the kernel's offset was never set.
[[nodiscard]] inline absl::StatusOr<TaiTime> ptp_time_of_day(
    const KernelTai& kernel = read_kernel_tai()) {
  if (kernel.offset == 0) {
    return absl::FailedPreconditionError(
        "PTP time of day is not known: no daemon has set the kernel's TAI - UTC");
  }
  return kernel.clock_tai;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_PTP_TIME_H_
