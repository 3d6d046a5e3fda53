// Reads the time stamp counter of x86-64, which counts alike on every core where it is invariant.
//
// `read_in_order` waits for the thread's earlier loads. `read` is cheaper and does not wait: the processor
// may execute `read` before those loads.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_COUNTER_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_COUNTER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "masterclock/internal/read_file.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace masterclock::inline v0_2 {

// Threads: any.
struct TscCounter {
  // Returns OK if this machine's counter can be trusted. The kernel watches the counter, and takes another
  // clock source if the cores disagree or the rate changes.
  //
  // Errors: Unimplemented on other architectures; FailedPrecondition names the missing feature.
  // Source: AMD APM and Intel SDM, CPUID Fn8000_0007 EDX[8] and Fn8000_0001 EDX[27].
  [[nodiscard]] static absl::Status available() {
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(0x80000007, &a, &b, &c, &d) == 0 || (d & (1U << 8)) == 0) {
      return absl::FailedPreconditionError(
          "the time stamp counter is not invariant (CPUID 80000007h, EDX bit 8)");
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d) == 0 || (d & (1U << 27)) == 0) {
      return absl::FailedPreconditionError(
          "the processor has no RDTSCP instruction (CPUID 80000001h, EDX bit 27)");
    }
    constexpr const char* kFile =
        "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    std::string name = internal::read_file(kFile).value_or("");
    name = name.substr(0, name.find('\n'));
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
    std::uint32_t low = 0, high = 0;
    asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return std::uint64_t{high} << 32 | low;
#else
    return 0;
#endif
  }

  // Counts after all earlier loads of this thread.
  [[nodiscard]] static std::uint64_t read_in_order() noexcept {
#if defined(__x86_64__)
    std::uint32_t low = 0, high = 0, core = 0;
    asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(core) : : "memory");
    return std::uint64_t{high} << 32 | low;
#else
    return 0;
#endif
  }

  // Returns `object` by an address that depends on `ticks`. The processor therefore loads from it after
  // the count was taken.
  template <class T>
  [[nodiscard]] static const T& after(std::uint64_t ticks, const T& object) noexcept {
#if defined(__x86_64__)
    asm volatile("andq $0, %0" : "+r"(ticks) : : "cc", "memory");
    return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(&object) + ticks);
#else
    (void)ticks;
    return object;
#endif
  }
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_COUNTER_H_
