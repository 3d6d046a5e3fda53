// Runs GStreamer pipelines on a TimeSource, and converts their time to UTC and back.
//
//   25 frames in real time: 1 s
//   90000 frames of a simulated hour, <under 2> s
//   40 ms five times: 5 frames
//   the frame at 3.000 s is on the air at 2026-11-27T20:00:03.000Z; back: 3.000 s
#include <cstdio>
#include <memory>
#include <semaphore>
#include <string>

#include "gst_time_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/system_time_source.h"

using namespace std::chrono;
using masterclock::SteadyTime;
using Element = std::unique_ptr<GstElement, decltype(&gst_object_unref)>;

// Plays black pictures, 25 a second, from construction to destruction.
struct Player {
  Player(GstClock* clock, int frames)
      : pipeline(
            gst_parse_launch(("videotestsrc pattern=black num-buffers=" + std::to_string(frames) +
                              " ! video/x-raw,width=16,height=16,framerate=25/1 ! fakesink"
                              " name=sink sync=true signal-handoffs=true")
                                 .c_str(),
                             nullptr),
            gst_object_unref) {
    gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), clock);
    gst_object_unref(clock);
    const Element sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"), gst_object_unref);
    const auto count = +[](GstElement*, GstBuffer*, GstPad*, int* n) { g_atomic_int_inc(n); };
    g_signal_connect(sink.get(), "handoff", G_CALLBACK(count), &shown);
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  }
  ~Player() { gst_element_set_state(pipeline.get(), GST_STATE_NULL); }

  int finish() {  // waits for the end of the stream, or for an error
    const std::unique_ptr<GstBus, decltype(&gst_object_unref)> bus(
        gst_element_get_bus(pipeline.get()), gst_object_unref);
    const auto wanted = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    GstMessage* const end = gst_bus_timed_pop_filtered(bus.get(), GST_CLOCK_TIME_NONE, wanted);
    const bool good = GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS;
    gst_message_unref(end);
    return good ? shown : -1;
  }

  int shown = 0;
  Element pipeline;
};

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  auto& system = masterclock::SystemTimeSource::shared();
  SteadyTime began = system.now_steady();
  const auto took = [&] { return duration<double>(system.now_steady() - began).count(); };
  const int real = Player(adapters::make_gst_clock(system), 25).finish();
  std::printf("%d frames in real time: %.0f s\n", real, took());
  masterclock::testing::ManualTimeSource time(sys_days(2026y / November / 27) + 20h);
  began = system.now_steady();
  const auto at_once = [&](nanoseconds left) { time.advance(left); };
  const int hour = Player(adapters::make_gst_clock(time, at_once), 90'000).finish();
  std::printf("%d frames of a simulated hour, %.2f s\n", hour, took());

  time.set_utc(sys_days(2026y / November / 27) + 20h);
  std::counting_semaphore<> waits(0);
  Player player(adapters::make_gst_clock(time, [&](auto) { waits.release(); }), 100);
  waits.acquire();  // the first frame is on the air, the second waits
  for (int i = 0; i < 5; ++i, waits.acquire()) time.advance(40ms);
  std::printf("40 ms five times: %d frames\n", player.shown - 1);

  const SteadyTime base(nanoseconds(gst_element_get_base_time(player.pipeline.get())));
  const masterclock::UtcTime utc = time.read().to_utc(base + 3s);  // 3 s of running time: a pts
  const auto back = time.read().to_steady(utc) - base;
  std::printf("the frame at 3.000 s is on the air at %s; back: %.3f s\n",
              masterclock::to_rfc3339(utc, 3).c_str(), duration<double>(back).count());
}
