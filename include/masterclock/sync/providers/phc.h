// Reads, on Linux only, the clock of a network card and its distance from the system clock.
//
// Such a clock is a PTP hardware clock, /dev/ptpN. The kernel reads the card between two readings of the
// system clock. Half the width of that bracket is the error. A card that latches both clocks at once
// leaves an error of a nanosecond.
#ifndef MASTERCLOCK_SYNC_PROVIDERS_PHC_H_
#define MASTERCLOCK_SYNC_PROVIDERS_PHC_H_

#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

struct PhcReading {
  std::chrono::nanoseconds time{};   // of the card, on the card's timescale
  std::chrono::nanoseconds ahead{};  // of CLOCK_REALTIME
  std::chrono::nanoseconds error{};  // of `ahead`, either way
};

namespace internal {

[[nodiscard]] inline std::chrono::nanoseconds phc_time(const ptp_clock_time& time) noexcept {
  constexpr std::int64_t kMost = 9'000'000'000;
  return std::chrono::seconds(std::clamp<std::int64_t>(time.sec, -kMost, kMost)) +
         std::chrono::nanoseconds(time.nsec);
}

[[nodiscard]] inline PhcReading phc_between(std::chrono::nanoseconds before,
                                            std::chrono::nanoseconds card,
                                            std::chrono::nanoseconds after) noexcept {
  const std::chrono::nanoseconds width =
      std::max(saturating_subtract(after, before), std::chrono::nanoseconds(0));
  const std::chrono::nanoseconds half = width / 2;
  return {card, saturating_subtract(card, before + half), width - half};
}

// Takes the narrowest bracket. Empty without a sample.
[[nodiscard]] inline std::optional<PhcReading> phc_reading(
    const ptp_sys_offset_extended& samples) noexcept {
  std::optional<PhcReading> best;
  for (unsigned i = 0; i < std::min<unsigned>(samples.n_samples, PTP_MAX_SAMPLES); ++i) {
    const PhcReading next = phc_between(phc_time(samples.ts[i][0]), phc_time(samples.ts[i][1]),
                                        phc_time(samples.ts[i][2]));
    if (!best || next.error < best->error) best = next;
  }
  return best;
}

}  // namespace internal

// Threads: any.
class Phc {
 public:
  // Errors: NotFound or PermissionDenied, as the system reports.
  [[nodiscard]] static absl::StatusOr<Phc> open(const std::string& device) {
    const int file = ::open(device.c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) return absl::ErrnoToStatus(errno, device);
    return Phc(file, device);
  }

  // Returns the device that stamps the packets of `interface`.
  //
  // Errors: NotFound for an interface without a clock.
  [[nodiscard]] static absl::StatusOr<std::string> device_of(const std::string& interface) {
    std::error_code error;
    const std::string folder = "/sys/class/net/" + interface + "/device/ptp";
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      return "/dev/" + entry.path().filename().string();
    }
    return absl::NotFoundError(interface + ": has no hardware clock");
  }

  Phc(Phc&& other) noexcept
      : file_(std::exchange(other.file_, -1)), device_(std::move(other.device_)) {}
  Phc& operator=(Phc&&) = delete;
  ~Phc() {
    if (file_ >= 0) ::close(file_);
  }

  // Cost:   up to five readings of the card over its bus.
  // Errors: as the driver reports.
  [[nodiscard]] absl::StatusOr<PhcReading> read() const {
    ptp_sys_offset_precise both{};
    if (::ioctl(file_, PTP_SYS_OFFSET_PRECISE, &both) == 0) {
      const std::chrono::nanoseconds card = internal::phc_time(both.device);
      return PhcReading{card, saturating_add(card, -internal::phc_time(both.sys_realtime)),
                        std::chrono::nanoseconds(1)};
    }
    ptp_sys_offset_extended samples{};
    samples.n_samples = 5;
    if (::ioctl(file_, PTP_SYS_OFFSET_EXTENDED, &samples) != 0) {
      return absl::ErrnoToStatus(errno, device_);
    }
    const std::optional<PhcReading> reading = internal::phc_reading(samples);
    if (!reading) return absl::UnavailableError(device_ + ": no samples");
    return *reading;
  }

 private:
  Phc(int file, std::string device) : file_(file), device_(std::move(device)) {}

  int file_;
  std::string device_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_PROVIDERS_PHC_H_
