// How far TscTimeSource is from CLOCK_REALTIME, and whether it ever runs backward.
//
//   tsc_error [--seconds N] [--json]        ten minutes unless told otherwise
//
// A reading is paired with the kernel's: kernel, source, kernel. The error is its distance from the
// middle of the two. A pair whose kernel readings lie further apart than 250 ns was preempted, or one
// of them took a fault: it says nothing, and is counted. Pairs are taken in bursts, a thousand every
// 20 ms, so that they fall on every age of a line. At the same time two threads hand their readings to
// one another and count those that are earlier than one they had seen; one thread alone, over a source
// of its own, does the same before that. The two also hand bare counts to one another, in order: where those
// are earlier, the machine's counters do not agree, and nothing that is read by them can.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "masterclock/sync/tsc_calibrator.h"
#include "masterclock/sync/tsc_time_source.h"

namespace {

using masterclock::SystemTimeSource;
using masterclock::TscCalibrator;
using masterclock::TscCounter;
using masterclock::TscTimeSource;
using std::chrono::nanoseconds;

constexpr std::int64_t kWidest = 250;

std::int64_t ns(masterclock::UtcTime t) { return t.time_since_epoch().count(); }

// Errors by their size: one bucket a nanosecond.
struct Histogram {
  std::vector<std::uint64_t> buckets = std::vector<std::uint64_t>(100'001);
  std::uint64_t count = 0;
  std::int64_t largest = 0;

  void add(std::int64_t error) {
    const std::int64_t size = std::abs(error);
    largest = std::max(largest, size);
    ++buckets[static_cast<std::size_t>(
        std::min<std::int64_t>(size, static_cast<std::int64_t>(buckets.size()) - 1))];
    ++count;
  }
  [[nodiscard]] std::size_t percentile(double share) const {
    const double wanted = share * static_cast<double>(count);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      seen += buckets[i];
      if (static_cast<double>(seen) >= wanted && seen > 0) return i;
    }
    return buckets.size();
  }
};

struct Steps {
  std::atomic<std::uint64_t> readings{0}, backward{0}, counter_backward{0};
  std::atomic<std::int64_t> largest{0};  // of the steps backward, in ns
};

// What two threads have of each other, each on a line of its own.
struct Passed {
  alignas(64) std::atomic<std::int64_t> time{0};
  alignas(64) std::atomic<std::uint64_t> count{0};
};

void read_alone(const TscTimeSource& source, std::chrono::seconds duration, Steps& steps) {
  const auto end = SystemTimeSource::shared().now_steady() + duration;
  std::int64_t last = ns(source.now_utc());
  while (SystemTimeSource::shared().now_steady() < end) {
    for (int i = 0; i < 10'000; ++i) {
      const std::int64_t now = ns(source.now_utc());
      if (now < last) ++steps.backward;
      last = now;
    }
    steps.readings += 10'000;
  }
}

// What each of two threads reads is not earlier than what it has seen of the other.
void pass_around(const TscTimeSource& source, const std::atomic<bool>& stop, Passed& passed,
                 Steps& steps) {
  while (!stop.load(std::memory_order_relaxed)) {
    for (int i = 0; i < 10'000; ++i) {
      const std::int64_t seen = passed.time.load(std::memory_order_acquire);
      const std::int64_t now = ns(source.now_utc());
      if (now < seen) {
        ++steps.backward;
        steps.largest = std::max(steps.largest.load(), seen - now);
      }
      passed.time.store(now, std::memory_order_release);

      const std::uint64_t counted = passed.count.load(std::memory_order_acquire);
      const std::uint64_t count = TscCounter::read_in_order();
      if (count < counted) ++steps.counter_backward;
      passed.count.store(count, std::memory_order_release);
    }
    steps.readings += 10'000;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

int fail(const std::string& what) {
  std::fprintf(stderr, "tsc_error: %s\n", what.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::chrono::seconds duration(600);
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc &&
               std::atol(argv[i + 1]) > 0) {
      duration = std::chrono::seconds(std::atol(argv[++i]));
    } else {
      return fail("usage: tsc_error [--seconds N] [--json]");
    }
  }

  Steps one;
  const auto ready = [](TscTimeSource& source) {
    for (int i = 0; i < 2'000 && !source.fit().calibrated; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return source.fit().calibrated;
  };
  {
    auto source = TscTimeSource::make();
    if (!source.ok()) return fail(std::string(source.status().message()));
    TscCalibrator keep(**source);
    if (!ready(**source)) return fail("not calibrated in ten seconds");
    read_alone(**source, std::min(duration / 10 + std::chrono::seconds(1), duration), one);
  }

  auto made = TscTimeSource::make();
  if (!made.ok()) return fail(std::string(made.status().message()));
  TscTimeSource& source = **made;
  TscCalibrator keep(source);
  if (!ready(source)) return fail("not calibrated in ten seconds");
  Steps two;
  std::atomic<bool> stop{false};
  Passed passed;
  std::thread a([&] { pass_around(source, stop, passed, two); });
  std::thread b([&] { pass_around(source, stop, passed, two); });

  Histogram errors;
  std::uint64_t preempted = 0;
  nanoseconds bound{};
  const SystemTimeSource& kernel = SystemTimeSource::shared();
  const auto begin = kernel.now_steady();
  auto next_line = begin + std::chrono::seconds(10);
  while (kernel.now_steady() - begin < duration) {
    for (int i = 0; i < 1'000; ++i) {
      const std::int64_t before = ns(kernel.now_utc());
      const std::int64_t now = ns(source.now_utc());
      const std::int64_t after = ns(kernel.now_utc());
      if (after < before || after - before > kWidest) {
        ++preempted;
      } else {
        errors.add(now - (before + (after - before) / 2));
      }
    }
    bound = std::max(bound, source.error_bound());
    if (kernel.now_steady() >= next_line) {
      next_line += std::chrono::seconds(10);
      const auto passed_s =
          std::chrono::duration_cast<std::chrono::seconds>(kernel.now_steady() - begin);
      std::fprintf(stderr, "\r%lld s: p99.9 %zu ns, largest %lld ns, backward %llu ",
                   static_cast<long long>(passed_s.count()), errors.percentile(0.999),
                   static_cast<long long>(errors.largest),
                   static_cast<unsigned long long>(one.backward + two.backward));
      std::fflush(stderr);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  stop = true;
  a.join();
  b.join();
  if (duration >= std::chrono::seconds(10)) std::fprintf(stderr, "\n");

  const masterclock::TscFit fit = source.fit();
  const struct {
    const char* name;
    unsigned long long value;
  } rows[] = {
      {"seconds", static_cast<unsigned long long>(duration.count())},
      {"pairs", errors.count},
      {"pairs_preempted", preempted},
      {"p50_ns", errors.percentile(0.5)},
      {"p99_ns", errors.percentile(0.99)},
      {"p99_9_ns", errors.percentile(0.999)},
      {"max_ns", static_cast<unsigned long long>(errors.largest)},
      {"largest_stated_bound_ns", static_cast<unsigned long long>(bound.count())},
      {"one_thread_readings", one.readings},
      {"one_thread_backward", one.backward},
      {"two_threads_readings", two.readings},
      {"two_threads_backward", two.backward},
      {"largest_backward_ns", static_cast<unsigned long long>(two.largest)},
      {"two_counters_backward", two.counter_backward},
      {"calibrations", fit.accepted},
      {"calibrations_rejected", fit.rejected},
      {"gaps", fit.gaps},
      {"steps", fit.steps},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    if (json) {
      std::printf("%s\"%s\": %llu%s", i == 0 ? "{" : ", ", rows[i].name, rows[i].value,
                  i + 1 == std::size(rows) ? "}\n" : "");
    } else {
      std::printf("%-26s %llu\n", rows[i].name, rows[i].value);
    }
  }
  const bool holds =
      errors.count > 0 && errors.percentile(0.999) <= 100 && one.backward == 0 && two.backward == 0;
  if (!holds) std::fprintf(stderr, "MISSED: at most 100 ns at p99.9, and no step backward\n");
  return holds ? 0 : 1;
}
