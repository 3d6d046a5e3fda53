// Simulates a machine's counter and clocks. A reading takes time, and each fault is a call.
#ifndef MASTERCLOCK_TESTS_SYNC_SIMULATED_TSC_H_
#define MASTERCLOCK_TESTS_SYNC_SIMULATED_TSC_H_

#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "masterclock/time/time_source.h"

namespace masterclock {

// Threads: one.
class SimulatedMachine final : public TimeSource {
 public:
  SimulatedMachine(UtcTime utc, SteadyTime steady, std::uint64_t ticks)
      : steady_(steady), offset_(utc.time_since_epoch() - steady.time_since_epoch()) {
    ticks_ = Wide{ticks} << kShift;
  }

  [[nodiscard]] UtcTime now_utc() const noexcept override {
    const SteadyTime read = now_steady();
    return UtcTime(read.time_since_epoch() + offset_);
  }
  // Read in the middle of the time that it takes.
  [[nodiscard]] SteadyTime now_steady() const noexcept override {
    advance(before_read);
    const SteadyTime read = steady_;
    advance(after_read);
    return read;
  }
  std::uint64_t count() const noexcept {
    advance(std::chrono::nanoseconds(5));
    return static_cast<std::uint64_t>(ticks_ >> kShift);
  }

  // Without the time that a reading takes.
  [[nodiscard]] UtcTime utc() const noexcept {
    return UtcTime(steady_.time_since_epoch() + offset_);
  }
  [[nodiscard]] SteadyTime steady() const noexcept { return steady_; }

  void advance(std::chrono::nanoseconds d) const noexcept {
    steady_ += d;
    ticks_ += Wide{static_cast<std::uint64_t>(d.count())} * per_ns_;
  }
  // Sets the kernel clock's deviation from 2.5 ticks a nanosecond.
  void set_rate(std::int64_t parts_per_billion) noexcept {
    per_ns_ = static_cast<std::uint64_t>(kNominal + kNominal / 1'000'000'000 * parts_per_billion);
  }
  void step_utc(std::chrono::nanoseconds d) noexcept { offset_ += d; }
  void announces(TimeChange::Kind kind) { announce({kind, utc(), utc()}); }
  void set_ticks(std::uint64_t ticks) noexcept { ticks_ = Wide{ticks} << kShift; }
  [[nodiscard]] std::uint64_t ticks() const noexcept {
    return static_cast<std::uint64_t>(ticks_ >> kShift);
  }

  std::chrono::nanoseconds before_read{9}, after_read{9};

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr int kShift = 48;
  static constexpr std::int64_t kNominal = (std::int64_t{5} << kShift) / 2;

  mutable SteadyTime steady_;
  mutable Wide ticks_ = 0;
  std::chrono::nanoseconds offset_;
  std::uint64_t per_ns_ = kNominal;
};

struct SimulatedCounter {
  const SimulatedMachine* machine = nullptr;
  int* in_order = nullptr;         // counts the readings that waited
  std::uint64_t* early = nullptr;  // how many ticks too early the others are
  const std::uint64_t* stands =
      nullptr;  // unless it points to zero: the count of an ordered reading, which takes no time

  [[nodiscard]] static absl::Status available() { return absl::OkStatus(); }
  [[nodiscard]] std::uint64_t read() const noexcept {
    return machine->count() - (early != nullptr ? *early : 0);
  }
  [[nodiscard]] std::uint64_t read_in_order() const noexcept {
    if (in_order != nullptr) ++*in_order;
    return stands != nullptr && *stands != 0 ? *stands : machine->count();
  }
  template <class T>
  [[nodiscard]] const T& after(std::uint64_t, const T& what) const noexcept {
    return what;
  }
};

}  // namespace masterclock

#endif  // MASTERCLOCK_TESTS_SYNC_SIMULATED_TSC_H_
