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
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

using namespace std::chrono_literals;
using Nanoseconds = std::chrono::nanoseconds;

// The due times of the pending events spread over this. Two of the peers know the real clock only, and
// sleep so long before they fire.
constexpr Nanoseconds kDay = 100ms;

// Pending events that do not fire begin here: later than any benchmark runs.
constexpr Nanoseconds kLater = 1h;

inline std::uint64_t fired = 0;  // what the actions count

template <class Peer>
struct Pending {
  explicit Pending(std::size_t n, Nanoseconds from = kLater, std::uint32_t seed = 1)
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

// Times passes of `work` over `count` operations, as one iteration. `prepare` and `undo` run off the clock.
//
// The counter `best_ns` is the quickest block of passes: the cost on a machine that does nothing else. A
// block has so many operations that it includes what a library does once in thousands of operations.
struct Passes {
  explicit Passes(std::size_t operations)
      : count(operations),
        in_block(std::max<std::size_t>(1, 20'000 / count)),
        blocks(std::max<std::size_t>(1, 200'000 / (in_block * count))) {}

  template <class Prepare, class Work, class Undo>
  void time(benchmark::State& state, Prepare&& prepare, Work&& work, Undo&& undo) const {
    using Took = std::chrono::duration<double, std::nano>;
    Took all(0), best(std::numeric_limits<double>::max());
    for (std::size_t block = 0; block < blocks; ++block) {
      Took took(0);
      for (std::size_t pass = 0; pass < in_block; ++pass) {
        prepare();
        const auto begun = std::chrono::steady_clock::now();
        work();
        took += std::chrono::steady_clock::now() - begun;
        undo();
      }
      all += took;
      best = std::min(best, took);
    }
    const auto operations = static_cast<double>(in_block * count);
    state.SetIterationTime(all.count() / 1e9 / static_cast<double>(blocks) / operations);
    state.counters["best_ns"] = best.count() / operations;
  }

  std::size_t count, in_block, blocks;
};

inline std::size_t pass_size(const benchmark::State& state) {
  return std::max<std::size_t>(1'000, static_cast<std::size_t>(state.range(0)) / 10);
}

// With n pending, n/10 more are scheduled; they are cancelled off the clock.
template <class Peer>
void BM_Events_Schedule(benchmark::State& state) {
  const std::size_t count = pass_size(state);
  for (auto _ : state) {
    Pending<Peer> p(static_cast<std::size_t>(state.range(0)));
    std::vector<Nanoseconds> dues(count);
    const auto prepare = [&] {
      for (auto& due : dues) due = p.due();
    };
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
        for (std::int64_t i = 0; i < state.range(0); ++i) {
          p.handles.push_back(p.peer->schedule(p.due()));
        }
      }
      if constexpr (requires { p.peer->settle(); }) p.peer->settle();
    };
    // Until nothing grows: cancelled events may keep their room for a while. A queue begun anew always grows.
    constexpr bool kSettles = requires { p.peer->cancel(p.handles[0]); };
    for (int i = 0; kSettles && i < 5; ++i) {
      prepare();
      pass();
      undo();
    }
    Passes(count).time(state, prepare, pass, undo);
  }
}

// With n pending, n/10 of them are cancelled in random order; others take their place off the
// clock.
template <class Peer>
void BM_Events_Cancel(benchmark::State& state) {
  for (auto _ : state) {
    Pending<Peer> p(static_cast<std::size_t>(state.range(0)));
    const std::size_t count = std::min(pass_size(state), p.handles.size());
    Passes(count).time(
        state, [&] { std::shuffle(p.handles.begin(), p.handles.end(), p.random); },
        [&] {
          for (std::size_t i = 0; i < count; ++i) p.peer->cancel(p.handles[i]);
        },
        [&] {
          if constexpr (requires { p.peer->settle(); }) p.peer->settle();
          for (std::size_t i = 0; i < count; ++i) p.handles[i] = p.peer->schedule(p.due());
        });
  }
}

template <class Peer>
void BM_Events_Reschedule(benchmark::State& state) {
  const std::size_t count = pass_size(state);
  for (auto _ : state) {
    Pending<Peer> p(static_cast<std::size_t>(state.range(0)));
    std::vector<std::pair<std::size_t, Nanoseconds>> moves(count);
    Passes(count).time(
        state,
        [&] {
          for (auto& [which, due] : moves) {
            which = p.random() % p.handles.size();
            due = p.due();
          }
        },
        [&] {
          for (const auto& [which, due] : moves) p.peer->reschedule(p.handles[which], due);
        },
        [] {});
  }
}

// All n are due, and fire in order.
template <class Peer>
void BM_Events_Fire(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  Passes passes(n);
  if constexpr (requires { Peer::kSleeps; }) passes.in_block = 1;
  if constexpr (requires { Peer::kSleeps; })
    passes.blocks = std::min<std::size_t>(passes.blocks, 5);
  for (auto _ : state) {
    std::optional<Pending<Peer>> p;
    std::uint32_t seed =
        0;  // others for each pass: the processor remembers the branches of a thousand events
    bool all_fired = true;
    passes.time(
        state,
        [&] {
          p.emplace(n, 0s, ++seed);
          if constexpr (requires { p->peer->make_due(); }) p->peer->make_due();
          fired = 0;
        },
        [&] { p->peer->fire_all(); },
        [&] {
          all_fired = all_fired && fired == n;
          p.reset();
        });
    if (!all_fired) state.SkipWithError("not everything fired once");
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
  std::vector<std::vector<typename Peer::Handle>> handles(kProducers);
  Passes passes(kProducers * kEach);
  passes.blocks = 5;
  for (auto _ : state) {
    passes.time(
        state,
        [&] {
          for (auto& of_one : handles) of_one.reserve(kEach);
          fired = 0;
        },
        [&] {
          std::vector<std::thread> threads;
          for (std::size_t producer = 0; producer < kProducers; ++producer) {
            threads.emplace_back([&, producer] {
              for (std::size_t i = 0; i < kEach; ++i) {
                handles[producer].push_back(
                    peer->schedule(Nanoseconds(static_cast<std::int64_t>(i))));
              }
            });
          }
          while (fired < kProducers * kEach) peer->fire_all();
          for (std::thread& thread : threads) thread.join();
        },
        [&] {
          if constexpr (requires { peer->drop(handles[0][0]); }) {
            for (auto& of_one : handles) {
              for (auto& handle : of_one) peer->drop(handle);
            }
            if constexpr (requires { peer->settle(); }) peer->settle();
          }
          for (auto& of_one : handles) of_one.clear();
        });
  }
}

// The 100 events of one stretch in the middle, in order.
template <class Peer>
void BM_Events_Range100(benchmark::State& state) {
  Pending<Peer> p(static_cast<std::size_t>(state.range(0)));
  const Nanoseconds length = kDay / state.range(0) * 100;
  std::size_t found = 0;
  for (auto _ : state) {
    const Nanoseconds from = kLater + kDay / 4 + (p.due() - kLater) / 2;
    const auto begun = std::chrono::steady_clock::now();
    found += p.peer->range(from, from + length);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    state.SetIterationTime(took.count());  // the mean counts: each range reads other memory
  }
  const double mean = static_cast<double>(found) / static_cast<double>(state.iterations());
  if (mean < 80 || mean > 120) state.SkipWithError("not about 100 answers");
}

// Each row times its own passes, so one iteration is enough.
inline void once(benchmark::internal::Benchmark* b) { b->UseManualTime()->Iterations(1); }
inline void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1'000)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Apply(once);
}
inline void million(benchmark::internal::Benchmark* b) { b->Arg(1'000'000)->Apply(once); }
inline void ranges(benchmark::internal::Benchmark* b) { b->Apply(sizes)->Iterations(1'000); }

#define MASTERCLOCK_BENCH_EVENTS(library)                          \
  BENCHMARK_TEMPLATE(BM_Events_Schedule, library)->Apply(sizes);   \
  BENCHMARK_TEMPLATE(BM_Events_Cancel, library)->Apply(sizes);     \
  BENCHMARK_TEMPLATE(BM_Events_Reschedule, library)->Apply(sizes); \
  BENCHMARK_TEMPLATE(BM_Events_Fire, library)->Apply(sizes)

}  // namespace bench

#endif  // MASTERCLOCK_BENCH_EVENT_LOAD_H_
