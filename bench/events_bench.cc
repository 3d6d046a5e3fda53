// Compares the cost of an event with the timers that a playout engine would otherwise use.
//
// A day of automation is scheduled at once, is edited all day, and must fire on the frame. So each
// operation is timed with 1,000, 100,000 and 1,000,000 pending events. Every peer that counts does the
// same work under a mutex, so that any thread may call it. It has a handle for each event, and an action
// that adds one to a counter. Each benchmark checks how many events fired.
//
//   build/bench/bench/events_bench --benchmark_filter='/1000000'
//   bench/run --group events
//
// Two peers do less, and no bound counts them:
//
// - libuv alone (`Bare`): a loop belongs to one thread. `Libuv` is the same under a mutex. It holds the
//   mutex while its callbacks run, because uv_run cannot release it: that is in its favour.
// - std::priority_queue: it has no handles, and can neither cancel nor move an event.
//
// The program starts a second thread first. In a process that never had one, glibc's mutex leaves out
// its atomic instructions.

#include <benchmark/benchmark.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <malloc.h>
#include <sys/time.h>
#include <uv.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"

namespace {

using namespace std::chrono_literals;
using Action = absl::AnyInvocable<void()>;
using Nanoseconds = std::chrono::nanoseconds;

// Due times lie within the first second; two of the peers only know the real clock.
constexpr Nanoseconds kDay = 1s;

std::uint64_t fired = 0;  // what the actions count

[[maybe_unused]] const bool kHadAnotherThread = (std::thread([] {}).join(), true);

// --- this library ------------------------------------------------------------------------------

class Masterclock {
 public:
  static constexpr std::size_t kActionSize = sizeof(masterclock::EventRequest::action);
  using Handle = masterclock::EventHandle;
  Handle schedule(Nanoseconds due) {
    return *scheduler_.schedule(masterclock::UtcTime(due), [](auto&) { ++fired; });
  }
  void cancel(Handle& handle) { scheduler_.cancel(handle); }
  void reschedule(Handle& handle, Nanoseconds due) {
    (void)scheduler_.reschedule(handle, masterclock::UtcTime(due));
  }
  void make_due() { source_.advance(kDay); }
  void fire_all() { scheduler_.run_due(); }
  std::size_t range(Nanoseconds from, Nanoseconds until) {
    return scheduler_.pending(masterclock::UtcTime(from), masterclock::UtcTime(until)).size();
  }

 protected:
  masterclock::testing::ManualTimeSource source_{masterclock::UtcTime{}};
  masterclock::EventScheduler scheduler_{source_};
};

// By a request, which could name the event, repeat it and more.
class ByRequest : public Masterclock {
 public:
  Handle schedule(Nanoseconds due) {
    return *scheduler_.schedule(
        {.due = masterclock::UtcTime(due), .action = [](auto&) { ++fired; }});
  }
};

// The queue alone: the cost of a range without the description of each event.
class QueueAlone {
 public:
  using Handle = std::uint32_t;
  Handle schedule(Nanoseconds due) {
    queue_.reserve(slot_);
    queue_.push(due, slot_ + 1, slot_);
    return slot_++;
  }
  std::size_t range(Nanoseconds from, Nanoseconds until) {
    std::vector<masterclock::internal::QueueEntry> found;
    queue_.for_each(from, until, [&](const auto& entry) { found.push_back(entry); });
    return found.size();
  }

 private:
  masterclock::internal::LazyQueue queue_;
  std::uint32_t slot_ = 0;
};

// --- an ordered map under a mutex --------------------------------------------------------------

template <class Map>
class Mapped {
 public:
  static constexpr std::size_t kActionSize = sizeof(Action);
  // A place in a B-tree does not stay valid, so the key is the handle there.
  using Key = std::pair<Nanoseconds, std::uint64_t>;
  using Handle = Key;
  Handle schedule(Nanoseconds due) {
    const std::lock_guard lock(mutex_);
    const Key key(due, ++serial_);
    map_.emplace(key, [] { ++fired; });
    return key;
  }
  void cancel(Handle& handle) {
    Action gone;
    const std::lock_guard lock(mutex_);
    const auto found = map_.find(handle);
    gone = std::move(found->second);
    map_.erase(found);
  }
  void reschedule(Handle& handle, Nanoseconds due) {
    const std::lock_guard lock(mutex_);
    const auto found = map_.find(handle);
    Action action = std::move(found->second);
    map_.erase(found);
    handle.first = due;
    map_.emplace(handle, std::move(action));
  }
  void fire_all() {
    for (;;) {
      Action action;
      {
        const std::lock_guard lock(mutex_);
        if (map_.empty() || map_.begin()->first.first > kDay) return;
        action = std::move(map_.begin()->second);
        map_.erase(map_.begin());
      }
      action();
    }
  }
  std::size_t range(Nanoseconds from, Nanoseconds until) {
    std::vector<Key> found;
    const std::lock_guard lock(mutex_);
    for (auto i = map_.lower_bound({from, 0}); i != map_.end() && i->first.first < until; ++i) {
      found.push_back(i->first);
    }
    return found.size();
  }

 private:
  std::mutex mutex_;
  std::uint64_t serial_ = 0;
  Map map_;
};
using BtreeMap = Mapped<absl::btree_map<std::pair<Nanoseconds, std::uint64_t>, Action>>;

class Multimap {
 public:
  static constexpr std::size_t kActionSize = sizeof(Action);
  using Map = std::multimap<Nanoseconds, Action>;
  using Handle = Map::iterator;
  Handle schedule(Nanoseconds due) {
    const std::lock_guard lock(mutex_);
    return map_.emplace(due, [] { ++fired; });
  }
  void cancel(Handle& handle) {
    const std::lock_guard lock(mutex_);
    map_.erase(handle);
  }
  void reschedule(Handle& handle, Nanoseconds due) {
    const std::lock_guard lock(mutex_);
    auto node = map_.extract(handle);
    node.key() = due;
    handle = map_.insert(std::move(node));
  }
  void fire_all() {
    for (;;) {
      Map::node_type node;
      {
        const std::lock_guard lock(mutex_);
        if (map_.empty() || map_.begin()->first > kDay) return;
        node = map_.extract(map_.begin());
      }
      node.mapped()();
    }
  }
  std::size_t range(Nanoseconds from, Nanoseconds until) {
    std::vector<Nanoseconds> found;
    const std::lock_guard lock(mutex_);
    for (auto i = map_.lower_bound(from); i != map_.end() && i->first < until; ++i) {
      found.push_back(i->first);
    }
    return found.size();
  }

 private:
  std::mutex mutex_;
  Map map_;
};

class PriorityQueue {
 public:
  using Handle = std::uint64_t;
  Handle schedule(Nanoseconds due) {
    const std::lock_guard lock(mutex_);
    queue_.push({due, ++serial_, [] { ++fired; }});
    return serial_;
  }
  void fire_all() {
    for (;;) {
      Action action;
      {
        const std::lock_guard lock(mutex_);
        if (queue_.empty() || queue_.top().due > kDay) return;
        action = std::move(queue_.top().action);
        queue_.pop();
      }
      action();
    }
  }

 private:
  struct Event {
    Nanoseconds due;
    std::uint64_t serial;
    mutable Action action;
    bool operator<(const Event& other) const {
      return due != other.due ? due > other.due : serial > other.serial;
    }
  };
  std::mutex mutex_;
  std::uint64_t serial_ = 0;
  std::priority_queue<Event> queue_;
};

// --- event loops -------------------------------------------------------------------------------

class Asio {
 public:
  static constexpr std::size_t kActionSize = 1;  // a lambda that holds nothing
  // Its timers ask their clock through a static now(), which here is moved by hand.
  struct Clock {
    using duration = Nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;
    static inline time_point current{};
    static time_point now() { return current; }
  };
  using Timer = boost::asio::basic_waitable_timer<Clock>;
  using Handle = std::unique_ptr<Timer>;
  Asio() { Clock::current = {}; }
  Handle schedule(Nanoseconds due) {
    auto timer = std::make_unique<Timer>(context_, Clock::time_point(due));
    wait(*timer);
    return timer;
  }
  // The loop reports the cancellation to the wait.
  void cancel(Handle& handle) {
    handle->cancel();
    context_.poll_one();
  }
  void reschedule(Handle& handle, Nanoseconds due) {
    handle->expires_at(Clock::time_point(due));
    context_.poll_one();
    wait(*handle);
  }
  // Moves the clock. Asio reads its timers when the kernel's timer expires, which runs in real time.
  // One more timer, due long ago, makes that happen at once.
  void make_due() {
    Clock::current += kDay;
    bell_.expires_at(Clock::time_point::min());
    bell_.async_wait([](const boost::system::error_code&) {});
  }
  void fire_all() {
    context_.restart();
    context_.poll();
  }

 private:
  static void wait(Timer& timer) {
    timer.async_wait([](const boost::system::error_code& error) { fired += error ? 0 : 1; });
  }
  boost::asio::io_context context_;
  Timer bell_{context_};
};

// Runs on the real clock: what is due within kDay is due once that long has passed.
template <class Mutex>
class UvTimers {
 public:
  static constexpr std::size_t kActionSize = sizeof(uv_timer_cb);
  using Handle = uv_timer_t*;
  UvTimers() { uv_loop_init(&loop_); }
  UvTimers(const UvTimers&) = delete;
  UvTimers& operator=(const UvTimers&) = delete;
  ~UvTimers() {
    uv_walk(
        &loop_, [](uv_handle_t* handle, void*) { uv_close(handle, release); }, nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }
  Handle schedule(Nanoseconds due) {
    auto* const timer = new uv_timer_t;
    const std::lock_guard lock(mutex_);
    uv_timer_init(&loop_, timer);
    start(timer, due);
    return timer;
  }
  void cancel(Handle& handle) {
    const std::lock_guard lock(mutex_);
    uv_timer_stop(handle);
    uv_close(reinterpret_cast<uv_handle_t*>(handle), release);
  }
  void reschedule(Handle& handle, Nanoseconds due) {
    const std::lock_guard lock(mutex_);
    start(handle, due);
  }
  void drop(Handle& fired_timer) { cancel(fired_timer); }
  void settle() { uv_run(&loop_, UV_RUN_NOWAIT); }  // releases closed timers
  void make_due() { std::this_thread::sleep_for(kDay + 10ms); }
  void fire_all() {
    const std::lock_guard lock(mutex_);
    uv_run(&loop_, UV_RUN_NOWAIT);
  }

 private:
  static void release(uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); }
  static void start(uv_timer_t* timer, Nanoseconds due) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(due).count();
    uv_timer_start(
        timer, [](uv_timer_t*) { ++fired; }, static_cast<std::uint64_t>(ms), 0);
  }
  Mutex mutex_;
  uv_loop_t loop_;
};
struct NoMutex {
  void lock() {}
  void unlock() {}
};
using Libuv = UvTimers<std::mutex>;
using LibuvBare = UvTimers<NoMutex>;

class Libevent {
 public:
  static constexpr std::size_t kActionSize = sizeof(event_callback_fn);
  using Handle = event*;
  Libevent() {
    evthread_use_pthreads();
    base_ = event_base_new();
  }
  Libevent(const Libevent&) = delete;
  Libevent& operator=(const Libevent&) = delete;
  ~Libevent() {
    for (event* const e : events_) event_free(e);
    event_base_free(base_);
  }
  Handle schedule(Nanoseconds due) {
    event* const e = evtimer_new(
        base_, [](evutil_socket_t, short, void*) { ++fired; }, nullptr);
    add(e, due);
    return e;
  }
  void cancel(Handle& handle) { event_free(handle); }
  void reschedule(Handle& handle, Nanoseconds due) { add(handle, due); }
  void make_due() { std::this_thread::sleep_for(kDay + 10ms); }
  void fire_all() { event_base_loop(base_, EVLOOP_NONBLOCK); }
  void keep(Handle handle) { events_.push_back(handle); }
  void drop(Handle& fired_event) { event_free(fired_event); }

 private:
  static void add(event* e, Nanoseconds due) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(due).count();
    const timeval wait{us / 1'000'000, us % 1'000'000};
    evtimer_add(e, &wait);
  }
  event_base* base_;
  std::vector<event*> events_;
};

// --- the operations ----------------------------------------------------------------------------

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
    if constexpr (std::is_same_v<Peer, Asio>) handles.clear();
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

std::size_t pass_size(const benchmark::State& state) {
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
  if constexpr (std::is_base_of_v<Masterclock, Peer>) peer->make_due();
  if constexpr (std::is_same_v<Peer, Asio>) Asio::Clock::current += kDay;
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
    time_pass(state, 1, [&] { found += p.peer->range(from, from + length); });
  }
  const double mean = static_cast<double>(found) / static_cast<double>(state.iterations());
  if (mean < 80 || mean > 120) state.SkipWithError("not about 100 answers");
}

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1'000)->Arg(100'000)->Arg(1'000'000)->UseManualTime()->Unit(benchmark::kNanosecond);
}
void few(benchmark::internal::Benchmark* b) {
  sizes(b);
  b->Iterations(8);
}
void once(benchmark::internal::Benchmark* b) { b->Arg(1'000'000)->UseManualTime()->Iterations(1); }
void producers(benchmark::internal::Benchmark* b) { b->UseManualTime()->Iterations(8); }
void thousand(benchmark::internal::Benchmark* b) {
  sizes(b);
  b->Iterations(200);
}

#define BENCH_EVERY(operation)                            \
  BENCHMARK_TEMPLATE(operation, Masterclock)->Apply(few); \
  BENCHMARK_TEMPLATE(operation, Multimap)->Apply(few);    \
  BENCHMARK_TEMPLATE(operation, BtreeMap)->Apply(few);    \
  BENCHMARK_TEMPLATE(operation, Asio)->Apply(few);        \
  BENCHMARK_TEMPLATE(operation, Libuv)->Apply(few);       \
  BENCHMARK_TEMPLATE(operation, LibuvBare)->Apply(few);   \
  BENCHMARK_TEMPLATE(operation, Libevent)->Apply(few)

BENCH_EVERY(BM_Events_Schedule);
BENCHMARK_TEMPLATE(BM_Events_Schedule, ByRequest)->Apply(few);
BENCHMARK_TEMPLATE(BM_Events_Schedule, PriorityQueue)->Apply(few);
BENCH_EVERY(BM_Events_Cancel);
BENCH_EVERY(BM_Events_Reschedule);
BENCH_EVERY(BM_Events_Fire);
BENCHMARK_TEMPLATE(BM_Events_Fire, PriorityQueue)->Apply(few);
BENCHMARK_TEMPLATE(BM_Events_Memory, Masterclock)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Memory, Multimap)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Memory, BtreeMap)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Memory, Asio)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Memory, Libuv)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Memory, Libevent)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Producers, Masterclock)->Apply(producers);
BENCHMARK_TEMPLATE(BM_Events_Producers, Multimap)->Apply(producers);
BENCHMARK_TEMPLATE(BM_Events_Producers, BtreeMap)->Apply(producers);
BENCHMARK_TEMPLATE(BM_Events_Producers, Asio)->Apply(producers);
BENCHMARK_TEMPLATE(BM_Events_Producers, Libuv)->Apply(producers);
BENCHMARK_TEMPLATE(BM_Events_Producers, Libevent)->Apply(producers);
BENCHMARK_TEMPLATE(BM_Events_Range100, Masterclock)->Apply(thousand);
BENCHMARK_TEMPLATE(BM_Events_Range100, QueueAlone)->Apply(thousand);
BENCHMARK_TEMPLATE(BM_Events_Range100, Multimap)->Apply(thousand);
BENCHMARK_TEMPLATE(BM_Events_Range100, BtreeMap)->Apply(thousand);

}  // namespace
