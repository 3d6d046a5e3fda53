// Counts the readings of another source.
//
// Counting a reading costs about as much as the reading. MasterClock therefore counts none.
//
// ## Example
//
//   masterclock::CountingTimeSource counted(masterclock::SystemTimeSource::shared());
//   masterclock::MasterClock clock(counted);
//   const auto before = counted.utc_reads();  // the constructor of a clock reads its source
//   (void)clock.now_utc();
//   assert(counted.utc_reads() == before + 1);
#ifndef MASTERCLOCK_TIME_COUNTING_TIME_SOURCE_H_
#define MASTERCLOCK_TIME_COUNTING_TIME_SOURCE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

class CountingTimeSource final : public TimeSource {
 public:
  // `inner` must outlive this source.
  explicit CountingTimeSource(TimeSource& inner) noexcept : inner_(inner) {}

  [[nodiscard]] UtcTime now_utc() const noexcept override {
    utc_reads_.fetch_add(1, std::memory_order_relaxed);
    return inner_.now_utc();
  }
  [[nodiscard]] SteadyTime now_steady() const noexcept override {
    steady_reads_.fetch_add(1, std::memory_order_relaxed);
    return inner_.now_steady();
  }
  [[nodiscard]] UtcTime now_utc_coarse() const noexcept override {
    utc_reads_.fetch_add(1, std::memory_order_relaxed);
    return inner_.now_utc_coarse();
  }
  TimeSubscription subscribe(TimeListener listener) override {
    return inner_.subscribe(std::move(listener));
  }
  [[nodiscard]] std::chrono::nanoseconds error_bound() const noexcept override {
    return inner_.error_bound();
  }
  [[nodiscard]] DisciplinedTimeSource* disciplined() noexcept override {
    return inner_.disciplined();
  }

  // Threads: any. A count is exact once the readers have stopped.
  [[nodiscard]] std::uint64_t utc_reads() const noexcept {
    return utc_reads_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t steady_reads() const noexcept {
    return steady_reads_.load(std::memory_order_relaxed);
  }

 private:
  TimeSource& inner_;
  mutable std::atomic<std::uint64_t> utc_reads_{0};
  mutable std::atomic<std::uint64_t> steady_reads_{0};
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_COUNTING_TIME_SOURCE_H_
