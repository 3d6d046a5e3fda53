// Fires events from a Boost.Asio loop, which waits for the first of them and for nothing else.
//
//   fired preroll
//   fired opening, which another thread scheduled
//   fired closing
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include "masterclock/master_clock.h"

using namespace std::chrono;

// Fires the events of `clock` on the thread that runs `context`. Both must outlive the loop. The loop must outlive
// each run of `context`, whose functions refer to it.
class EventLoop {
 public:
  EventLoop(boost::asio::io_context& context, masterclock::MasterClock& clock)
      : context_(context),
        clock_(clock),
        timer_(context),
        attached_(clock.scheduler().attach([this] { wait_again(); })),
        steps_(clock.source().subscribe([this](const auto&) { wait_again(); })) {
    wait_again();
  }

 private:
  // On any thread: another event is the first, or UTC has stepped.
  void wait_again() {
    boost::asio::post(context_, [this] { wait(); });
  }

  void wait() {
    const auto left = clock_.until_next_event();
    if (!left) return;
    timer_.expires_after(std::max(*left, 0ns));  // ends the wait before
    timer_.async_wait([this](boost::system::error_code ended) {
      if (ended) return;
      clock_.run_due();
      wait();
    });
  }

  boost::asio::io_context& context_;
  masterclock::MasterClock& clock_;
  boost::asio::steady_timer timer_;
  masterclock::EventSubscription attached_;
  masterclock::TimeSubscription steps_;
};

int main() {
  masterclock::MasterClock clock;
  boost::asio::io_context context;
  const auto work = boost::asio::make_work_guard(context);
  const EventLoop loop(context, clock);
  const auto now = clock.now_utc();
  (void)clock.schedule_event(now + 10ms, [](const auto&) { std::cout << "fired preroll\n"; });
  (void)clock.schedule_event(now + 300ms, [&](const auto&) {
    std::cout << "fired closing\n";
    context.stop();
  });
  std::thread other([&] {
    (void)clock.schedule_event(now + 100ms, [](const auto&) {
      std::cout << "fired opening, which another thread scheduled\n";
    });
  });
  context.run();
  other.join();
}
