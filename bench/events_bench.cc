// Compares the cost of an event with the timers that a playout engine would otherwise use.
//
// A day of automation is scheduled at once, is edited all day, and must fire on the frame. So each
// operation is timed with 1,000 to 1,000,000 pending events. Every peer that counts does the
// same work under a mutex, so that any thread may call it. It has a handle for each event, and an action
// that adds one to a counter. Each benchmark checks how many events fired.
//
//   build/bench/bench/events_bench --benchmark_filter='/1000000'
//   bench/run --group events
//
// `Libuv` holds the mutex while its callbacks run, because uv_run cannot release it: that is in its favour.
// std::priority_queue does less, and no goal counts it: it can neither cancel nor move an event.
//
// The program starts a second thread first. In a process that never had one, glibc's mutex leaves out
// its atomic instructions.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "event_load.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"

namespace bench {
namespace {

using Action = absl::AnyInvocable<void()>;

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
  void begin_due() { make_due(); }
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

// --- the rows ----------------------------------------------------------------------------------

MASTERCLOCK_BENCH_EVENTS(Masterclock);
MASTERCLOCK_BENCH_EVENTS(Multimap);
MASTERCLOCK_BENCH_EVENTS(BtreeMap);
BENCHMARK_TEMPLATE(BM_Events_Schedule, ByRequest)->Apply(sizes);
BENCHMARK_TEMPLATE(BM_Events_Schedule, PriorityQueue)->Apply(sizes);
BENCHMARK_TEMPLATE(BM_Events_Fire, PriorityQueue)->Apply(sizes);
BENCHMARK_TEMPLATE(BM_Events_Memory, Masterclock)->Apply(million);
BENCHMARK_TEMPLATE(BM_Events_Memory, Multimap)->Apply(million);
BENCHMARK_TEMPLATE(BM_Events_Memory, BtreeMap)->Apply(million);
BENCHMARK_TEMPLATE(BM_Events_Producers, Masterclock)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Producers, Multimap)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Producers, BtreeMap)->Apply(once);
BENCHMARK_TEMPLATE(BM_Events_Range100, Masterclock)->Apply(ranges);
BENCHMARK_TEMPLATE(BM_Events_Range100, QueueAlone)->Apply(ranges);
BENCHMARK_TEMPLATE(BM_Events_Range100, Multimap)->Apply(ranges);
BENCHMARK_TEMPLATE(BM_Events_Range100, BtreeMap)->Apply(ranges);

}  // namespace
}  // namespace bench
