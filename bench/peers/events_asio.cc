// Boost.Asio.
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>

#include "event_load.h"

namespace bench {
namespace {

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
  void begin_due() { Clock::current += kDay; }
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

MASTERCLOCK_BENCH_EVENTS(Asio);
BENCHMARK_TEMPLATE(BM_Events_Memory, Asio)->Apply(million);
BENCHMARK_TEMPLATE(BM_Events_Producers, Asio)->Apply(once);

}  // namespace
}  // namespace bench
