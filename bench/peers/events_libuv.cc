// libuv, under a mutex: a loop of libuv belongs to one thread.
#include <uv.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

#include "event_load.h"

namespace bench {
namespace {

// Runs on the real clock: what is due within kDay is due once that long has passed.
class Libuv {
 public:
  static constexpr bool kSleeps = true;
  static constexpr std::size_t kActionSize = sizeof(uv_timer_cb);
  using Handle = uv_timer_t*;
  Libuv() { uv_loop_init(&loop_); }
  Libuv(const Libuv&) = delete;
  Libuv& operator=(const Libuv&) = delete;
  ~Libuv() {
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
  std::mutex mutex_;
  uv_loop_t loop_;
};

MASTERCLOCK_BENCH_EVENTS(Libuv);
BENCHMARK_TEMPLATE(BM_Events_Memory, Libuv)->Apply(million);
BENCHMARK_TEMPLATE(BM_Events_Producers, Libuv)->Apply(once);

}  // namespace
}  // namespace bench
