// Plays a simulated minute of pictures and sound: both sinks wait for the one clock, and drop nothing.
#include <cstdio>

#include "gst_time_clock.h"
#include "masterclock/testing/manual_time_source.h"

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  masterclock::testing::ManualTimeSource time(masterclock::UtcTime{});
  const auto at_once = [&](std::chrono::nanoseconds left) { time.advance(left); };
  GstClock* const clock = adapters::make_gst_clock(time, at_once, 2);
  GstElement* const pipeline = gst_parse_launch(
      "videotestsrc pattern=black num-buffers=1500 ! video/x-raw,width=16,height=16,framerate=25/1"
      " ! queue ! fakesink name=pictures sync=true qos=true max-lateness=20000000"
      " audiotestsrc num-buffers=3000 samplesperbuffer=960 ! audio/x-raw,rate=48000"
      " ! queue ! fakesink name=sound sync=true qos=true max-lateness=20000000",
      nullptr);
  gst_pipeline_use_clock(GST_PIPELINE(pipeline), clock);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* const bus = gst_element_get_bus(pipeline);
  GstMessage* const end = gst_bus_timed_pop_filtered(
      bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  bool good = GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS;
  for (const auto& [name, expected] : {std::pair("pictures", 1500U), std::pair("sound", 3000U)}) {
    GstElement* const sink = gst_bin_get_by_name(GST_BIN(pipeline), name);
    GstStructure* stats = nullptr;
    g_object_get(sink, "stats", &stats, nullptr);
    guint64 rendered = 0, dropped = 0;
    gst_structure_get_uint64(stats, "rendered", &rendered);
    gst_structure_get_uint64(stats, "dropped", &dropped);
    std::printf("%s: %u rendered, %u dropped\n", name, unsigned(rendered), unsigned(dropped));
    good = good && rendered == expected && dropped == 0;
    gst_structure_free(stats);
    gst_object_unref(sink);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_message_unref(end);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  gst_object_unref(clock);
  return good ? 0 : 1;
}
