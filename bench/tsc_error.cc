// How far TscTimeSource is from CLOCK_REALTIME, and whether it ever runs backward.
//
//   tsc_error [--seconds N] [--json]        ten minutes unless told otherwise
//
// A reading is paired with the kernel's: kernel, source, kernel. The error is its distance from the
// middle of the two. A pair whose kernel readings lie further apart than 250 ns was preempted, or one
// of them took a fault: it says nothing, and is counted. Pairs are taken in bursts, a thousand every
// 20 ms, so that they fall on every age of a line. One thread alone, over a source of its own, reads before that.
//
// At the same time two threads hand their readings to one another and count those that are earlier than one
// they had seen. They do so with the source, with the kernel's two clocks and with bare counts in order, in
// turn and for a few tenths of a millisecond each, so that all four see the same moments. Where the counts are
// earlier the machine's counters do not agree, and nothing that is read by them can. `least` is what a reading
// was later by than the other thread's that it had seen, at the least: negative where it was earlier.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "masterclock/sync/internal/tsc_calibrator.h"
#include "masterclock/sync/tsc_time_source.h"

namespace {

using masterclock::SystemTimeSource;
using masterclock::TscCalibrator;
using masterclock::TscCounter;
using masterclock::TscTimeSource;
using std::chrono::nanoseconds;

constexpr std::int64_t kWidest = 250;

template <class TimePoint>
std::int64_t ns(TimePoint t) {
  return t.time_since_epoch().count();
}

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
  std::uint64_t readings = 0, backward = 0;
};

// One clock, whose readings two threads hand to one another.
struct Passed {
  struct alignas(64) Reading {
    std::atomic<std::int64_t> time{0};
  };
  Reading of[2];  // each thread's last
  alignas(64) std::atomic<std::uint64_t> readings{0}, backward{0};
  // By how much a reading was later than the other thread's that it had seen; at the least.
  std::atomic<std::int64_t> least{std::numeric_limits<std::int64_t>::max()};
};

struct Passings {
  Passed source, kernel_utc, kernel_steady, counter;
};

// Where two threads wait for one another, so that they read the same clock at the same time.
class Rendezvous {
 public:
  // Until both are here. False, for both, when they are to end.
  bool meet(const std::atomic<bool>& stop) {
    const unsigned turn = turn_.load();
    if (waiting_.exchange(true)) {
      going_on_ = !stop;
      waiting_ = false;
      ++turn_;
    }
    while (turn_.load() == turn) std::this_thread::yield();
    return going_on_;
  }

 private:
  std::atomic<bool> waiting_{false}, going_on_{true};
  std::atomic<unsigned> turn_{0};
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

// A thread's part of a round: what it reads is not earlier than what it has seen of the other.
template <class Read>
void pass_around(Passed& passed, int me, Read read) {
  constexpr int kReadings = 5'000;
  std::atomic<std::int64_t>& mine = passed.of[me].time;
  const std::atomic<std::int64_t>& theirs = passed.of[1 - me].time;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::uint64_t backward = 0;
  for (int i = 0; i < kReadings; ++i) {
    const std::int64_t seen = theirs.load(std::memory_order_acquire);
    const std::int64_t now = read();
    mine.store(now, std::memory_order_release);
    least = std::min(least, now - seen);
    if (now < seen) ++backward;
  }
  passed.readings += kReadings;
  passed.backward += backward;
  std::int64_t before = passed.least;
  while (least < before && !passed.least.compare_exchange_weak(before, least)) {
  }
}

// All clocks in turn: what comes over the machine comes over all of them.
void take_turns(const TscTimeSource& source, const std::atomic<bool>& stop, Rendezvous& rendezvous,
                Passings& passings, int me) {
  const SystemTimeSource& kernel = SystemTimeSource::shared();
  const auto round = [&](Passed& passed, auto read) {
    if (!rendezvous.meet(stop)) return false;
    pass_around(passed, me, read);
    return true;
  };
  while (round(passings.source, [&] { return ns(source.now_utc()); }) &&
         round(passings.kernel_utc, [&] { return ns(kernel.now_utc()); }) &&
         round(passings.kernel_steady, [&] { return ns(kernel.now_steady()); }) &&
         round(passings.counter,
               [] { return static_cast<std::int64_t>(TscCounter::read_in_order()); })) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

long long number(std::uint64_t n) { return static_cast<long long>(n); }

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
  Passings two;
  Rendezvous rendezvous;
  std::atomic<bool> stop{false};
  std::thread a([&] { take_turns(source, stop, rendezvous, two, 0); });
  std::thread b([&] { take_turns(source, stop, rendezvous, two, 1); });

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
                   static_cast<unsigned long long>(one.backward + two.source.backward));
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
    long long value;
  } rows[] = {
      {"seconds", duration.count()},
      {"pairs", number(errors.count)},
      {"pairs_preempted", number(preempted)},
      {"p50_ns", number(errors.percentile(0.5))},
      {"p99_ns", number(errors.percentile(0.99))},
      {"p99_9_ns", number(errors.percentile(0.999))},
      {"max_ns", errors.largest},
      {"largest_stated_bound_ns", bound.count()},
      {"one_thread_readings", number(one.readings)},
      {"one_thread_backward", number(one.backward)},
      {"two_threads_readings", number(two.source.readings)},
      {"two_threads_backward", number(two.source.backward)},
      {"two_threads_least_ns", two.source.least},
      {"kernel_utc_readings", number(two.kernel_utc.readings)},
      {"kernel_utc_backward", number(two.kernel_utc.backward)},
      {"kernel_utc_least_ns", two.kernel_utc.least},
      {"kernel_steady_readings", number(two.kernel_steady.readings)},
      {"kernel_steady_backward", number(two.kernel_steady.backward)},
      {"kernel_steady_least_ns", two.kernel_steady.least},
      {"counter_readings", number(two.counter.readings)},
      {"counter_backward", number(two.counter.backward)},
      {"counter_least_ticks", two.counter.least},
      {"calibrations", number(fit.accepted)},
      {"calibrations_rejected", number(fit.rejected)},
      {"gaps", number(fit.gaps)},
      {"steps", number(fit.steps)},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    if (json) {
      std::printf("%s\"%s\": %lld%s", i == 0 ? "{" : ", ", rows[i].name, rows[i].value,
                  i + 1 == std::size(rows) ? "}\n" : "");
    } else {
      std::printf("%-26s %lld\n", rows[i].name, rows[i].value);
    }
  }
  const bool holds = errors.count > 0 && errors.percentile(0.999) <= 100 && one.backward == 0 &&
                     two.source.backward == 0;
  if (!holds) std::fprintf(stderr, "MISSED: at most 100 ns at p99.9, and no step backward\n");
  return holds ? 0 : 1;
}
