// Times one operation of any library that keeps pending events. The rows of `events_bench` use it.
//
// A library is a class with a Handle, `schedule(due)`, `cancel(handle)`, `reschedule(handle, due)`, `fire_all()`
// and `range(from, until)`, or some of these. Optional members: `make_due()` makes all events due,
// `begin_due()` makes all later events due, `keep`, `drop` and `settle` release memory off the clock.
#ifndef MASTERCLOCK_BENCH_EVENT_LOAD_H_
#define MASTERCLOCK_BENCH_EVENT_LOAD_H_

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

using namespace std::chrono_literals;
using Nanoseconds = std::chrono::nanoseconds;

// Due times lie within the first second; two of the peers only know the real clock.
constexpr Nanoseconds kDay = 1s;

inline std::uint64_t fired = 0;  // what the actions count

template <class Peer>
struct Pending {
  explicit Pending(std::size_t n, Nanoseconds from = kDay, std::uint32_t seed = 1)
      : begin(from), random(seed), peer(std::make_unique<Peer>()) {
    handles.reserve(2 * n);
    for (std::size_t i = 0; i < n; ++i) handles.push_back(peer->schedule(due()));
  }
  ~Pending() {
    if constexpr (requires { peer->keep(handles[0]); }) {
      for (auto& handle : handles) peer->keep(handle);
    }
  }
  Nanoseconds due() {
    return begin + Nanoseconds(static_cast<std::int64_t>(random() %
                                                         static_cast<std::uint64_t>(kDay.count())));
  }
  Nanoseconds begin;
  std::mt19937_64 random;
  std::unique_ptr<Peer> peer;
  std::vector<typename Peer::Handle> handles;
};

// Times one pass of `work` over `count` operations, as one iteration. The counter `best_ns` is the
// quickest pass: the cost on a machine that does nothing else.
template <class Work>
void time_pass(benchmark::State& state, std::size_t count, Work&& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const double each = took.count() / static_cast<double>(count);
  state.SetIterationTime(each);
  double& best = state.counters["best_ns"].value;
  best = best == 0 ? each * 1e9 : std::min(best, each * 1e9);
}

inline std::size_t pass_size(const benchmark::State& state) {
  return std::max<std::size_t>(1'000, static_cast<std::size_t>(state.range(0)) / 10);
}

// With n pending, n/10 more are scheduled; they are cancelled off the clock.
template <class Peer>
void BM_Events_Schedule(benchmark::State& state) {
  Pending<Peer> p(static_cast<std::size_t>(state.range(0)));
  const std::size_t count = pass_size(state);
  std::vector<Nanoseconds> dues(count);
  const auto pass = [&] {
    for (const Nanoseconds due : dues) p.handles.push_back(p.peer->schedule(due));
  };
  const auto undo = [&] {
    if constexpr (requires { p.peer->cancel(p.handles[0]); }) {
      for (std::size_t i = 0; i < count; ++i) {
        p.peer->cancel(p.handles.back());
        p.handles.pop_back();
      }
    } else {  // begun anew, or the queue would grow
      p.handles.clear();
      p.peer = std::make_unique<Peer>();
      for (std::int64_t i = 0; i < state.range(0); ++i)
        p.handles.push_back(p.peer->schedule(p.due()));
    }
    if constexpr (requires { p.peer->settle(); }) p.peer->settle();
  };
  for (auto& due : dues) due = p.due();
  for (int i = 0; i < 10;
       ++i) {  // until nothing grows: what was cancelled may keep its room for a while
    pass();
    undo();
  }
  for (auto _ : state) {
    for (auto& due : dues) due = p.due();
    time_pass(state, count, pass);
    undo();
  }
}

// With n pending, n/10 of them are cancelled in random order; others take their place off the
// clock.
template <class Peer>
void BM_Events_Cancel(benchmark::State& state) {
  Pending<Peer> p(static_cast<std::size_t>(state.range(0)));
  const std::size_t count = std::min(pass_size(state), p.handles.size());
  for (auto _ : state) {
    std::shuffle(p.handles.begin(), p.handles.end(), p.random);
    time_pass(state, count, [&] {
      for (std::size_t i = 0; i < count; ++i) p.peer->cancel(p.handles[i]);
    });
    if constexpr (requires { p.peer->settle(); }) p.peer->settle();
    for (std::size_t i = 0; i < count; ++i) p.handles[i] = p.peer->schedule(p.due());
  }
}

template <class Peer>
void BM_Events_Reschedule(benchmark::State& state) {
  Pending<Peer> p(static_cast<std::size_t>(state.range(0)));
  const std::size_t count = pass_size(state);
  std::vector<std::pair<std::size_t, Nanoseconds>> moves(count);
  for (auto _ : state) {
    for (auto& [which, due] : moves) {
      which = p.random() % p.handles.size();
      due = p.due();
    }
    time_pass(state, count, [&] {
      for (const auto& [which, due] : moves) p.peer->reschedule(p.handles[which], due);
    });
  }
}

// All n are due, and fire in order.
template <class Peer>
void BM_Events_Fire(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    Pending<Peer> p(n, 0s);
    if constexpr (requires { p.peer->make_due(); }) p.peer->make_due();
    fired = 0;
    time_pass(state, n, [&] { p.peer->fire_all(); });
    if (fired != n) state.SkipWithError("not everything fired once");
  }
}

// Schedules a million events, and counts the bytes of heap memory per event: with the share of the
// allocator, without the action and the caller's handle.
template <class Peer>
void BM_Events_Memory(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto in_use = [] {
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  for (auto _ : state) {
    Pending<Peer> p(0);
    p.handles.reserve(n);
    const std::size_t before = in_use();
    for (std::size_t i = 0; i < n; ++i) p.handles.push_back(p.peer->schedule(p.due()));
    const double each = static_cast<double>(in_use() - before) / static_cast<double>(n);
    state.SetIterationTime(1e-9);
    state.counters["bytes"] = each - static_cast<double>(Peer::kActionSize);
  }
}

// Four producers schedule events that are due, and one thread fires them.
template <class Peer>
void BM_Events_Producers(benchmark::State& state) {
  constexpr std::size_t kProducers = 4, kEach = 50'000;
  const auto peer = std::make_unique<Peer>();
  if constexpr (requires { peer->begin_due(); }) peer->begin_due();
  for (auto _ : state) {
    std::vector<std::vector<typename Peer::Handle>> handles(kProducers);
    for (auto& of_one : handles) of_one.reserve(kEach);
    fired = 0;
    time_pass(state, kProducers * kEach, [&] {
      std::vector<std::thread> threads;
      for (std::size_t producer = 0; producer < kProducers; ++producer) {
        threads.emplace_back([&, producer] {
          for (std::size_t i = 0; i < kEach; ++i) {
            handles[producer].push_back(peer->schedule(Nanoseconds(static_cast<std::int64_t>(i))));
          }
        });
      }
      while (fired < kProducers * kEach) peer->fire_all();
      for (std::thread& thread : threads) thread.join();
    });
    if constexpr (requires { peer->drop(handles[0][0]); }) {
      for (auto& of_one : handles) {
        for (auto& handle : of_one) peer->drop(handle);
      }
      if constexpr (requires { peer->settle(); }) peer->settle();
    }
  }
}

// The 100 events of one stretch in the middle, in order.
template <class Peer>
void BM_Events_Range100(benchmark::State& state) {
  Pending<Peer> p(static_cast<std::size_t>(state.range(0)));
  const Nanoseconds length = kDay / state.range(0) * 100;
  std::size_t found = 0;
  for (auto _ : state) {
    const Nanoseconds from = kDay + kDay / 4 + (p.due() - kDay) / 2;
    const auto begun = std::chrono::steady_clock::now();
    found += p.peer->range(from, from + length);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    state.SetIterationTime(took.count());  // the mean counts: each range reads other memory
  }
  const double mean = static_cast<double>(found) / static_cast<double>(state.iterations());
  if (mean < 80 || mean > 120) state.SkipWithError("not about 100 answers");
}

inline void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1'000)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->UseManualTime()->Unit(
      benchmark::kNanosecond);
}
inline void few(benchmark::internal::Benchmark* b) {
  sizes(b);
  b->Iterations(2);
}
inline void once(benchmark::internal::Benchmark* b) {
  b->Arg(1'000'000)->UseManualTime()->Iterations(1);
}
inline void producers(benchmark::internal::Benchmark* b) { b->UseManualTime()->Iterations(3); }
inline void thousand(benchmark::internal::Benchmark* b) {
  sizes(b);
  b->Iterations(200);
}

#define MASTERCLOCK_BENCH_EVENTS(library)                        \
  BENCHMARK_TEMPLATE(BM_Events_Schedule, library)->Apply(few);   \
  BENCHMARK_TEMPLATE(BM_Events_Cancel, library)->Apply(few);     \
  BENCHMARK_TEMPLATE(BM_Events_Reschedule, library)->Apply(few); \
  BENCHMARK_TEMPLATE(BM_Events_Fire, library)->Apply(few)

}  // namespace bench

#endif  // MASTERCLOCK_BENCH_EVENT_LOAD_H_
