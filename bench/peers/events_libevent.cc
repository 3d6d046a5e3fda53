// libevent.
#include <event2/event.h>
#include <event2/thread.h>
#include <sys/time.h>

#include <chrono>
#include <thread>
#include <vector>

#include "event_load.h"

namespace bench {
namespace {

class Libevent {
 public:
  static constexpr bool kSleeps = true;
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

MASTERCLOCK_BENCH_EVENTS(Libevent);
BENCHMARK_TEMPLATE(BM_Events_Memory, Libevent)->Apply(million);
BENCHMARK_TEMPLATE(BM_Events_Producers, Libevent)->Apply(once);

}  // namespace
}  // namespace bench
