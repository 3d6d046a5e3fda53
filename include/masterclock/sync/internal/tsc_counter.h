// The time stamp counter of x86-64: a count of ticks that every core agrees on, where it is invariant.
//
// Reading it is the whole price of a reading of the clock in user space, and half of that is the wait
// for what the thread did before. `read` does not wait: the processor may execute it before loads
// that precede it, so a thread that has just seen another's reading could get an earlier count.
// `read_in_order` waits.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_COUNTER_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_COUNTER_H_

#include "masterclock/version.h"

#include <cstdint>
#include <fstream>
#include <string>

#include "absl/status/status.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace masterclock::inline v0_2 {

// Threads: any.
struct TscCounter {
  // Whether this machine's counter may be trusted. The kernel has watched it since boot, and takes
  // another clock when it finds the cores apart or the rate unsteady.
  //
  // Errors: Unimplemented on other architectures; FailedPrecondition names what is missing.
  // Source: AMD APM and Intel SDM, CPUID Fn8000_0007 EDX[8].
  [[nodiscard]] static absl::Status available() {
#if defined(__x86_64__)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (__get_cpuid(0x80000007, &a, &b, &c, &d) == 0 || (d & (1U << 8)) == 0) {
      return absl::FailedPreconditionError(
          "the time stamp counter is not invariant (CPUID 80000007h, EDX bit 8)");
    }
    constexpr const char* kFile =
        "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    std::string name;
    std::getline(std::ifstream(kFile), name);
    if (name != "tsc") {
      return absl::FailedPreconditionError("the kernel's clocksource is '" + name +
                                           "', not 'tsc' (" + kFile + ")");
    }
    return absl::OkStatus();
#else
    return absl::UnimplementedError("there is no time stamp counter: this is not x86-64");
#endif
  }

  [[nodiscard]] static std::uint64_t read() noexcept {
#if defined(__x86_64__)
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return std::uint64_t{high} << 32 | low;
#else
    return 0;
#endif
  }

  // Counted after everything that this thread has read before.
  [[nodiscard]] static std::uint64_t read_in_order() noexcept {
#if defined(__x86_64__)
    asm volatile("lfence" : : : "memory");
#endif
    return read();
  }

  // `what`, by an address that the processor does not know before it knows `ticks`: what is read
  // through it is read after the count was taken.
  template <class T>
  [[nodiscard]] static const T& after(std::uint64_t ticks, const T& what) noexcept {
#if defined(__x86_64__)
    asm volatile("andq $0, %0" : "+r"(ticks) : : "cc", "memory");
    return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(&what) + ticks);
#else
    (void)ticks;
    return what;
#endif
  }
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_COUNTER_H_
