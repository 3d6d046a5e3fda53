// PTP's time of day from the kernel's CLOCK_TAI, only where somebody told the kernel the offset.
//
// CLOCK_TAI is CLOCK_REALTIME plus an offset that is nought from boot until a daemon sets it. Nobody
// fails on a machine where nobody did: everything is 37 s off, or whatever it will be by then. So the
// offset is asked first, and without one there is no time of day.
//
// Where a SyncReading knows the offset, `ptp_time` (sync_reading.h) says the same of any UTC.
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

#include "masterclock/version.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_points.h"

#if defined(__linux__)
#include <sys/timex.h>
#endif

namespace masterclock::inline v0_2 {

// What the kernel has. Threads: a plain value.
struct KernelTai {
  TaiTime clock_tai;
  int offset = 0;  // TAI - UTC in seconds, by which CLOCK_TAI was made; 0: nobody has set it
};

// The offset first and the clock after: one that was set in between is used or refused, never half.
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
// Errors:  FailedPrecondition when the kernel's offset is not known.
[[nodiscard]] inline absl::StatusOr<TaiTime> ptp_time_of_day(
    const KernelTai& kernel = read_kernel_tai()) {
  if (kernel.offset == 0) {
    return absl::FailedPreconditionError(
        "PTP time of day is not known: nobody has told the kernel TAI - UTC");
  }
  return kernel.clock_tai;
}

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_PTP_TIME_H_
