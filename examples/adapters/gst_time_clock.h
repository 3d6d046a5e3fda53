// A GStreamer clock that reads the steady timeline of a TimeSource: the station's time, or simulated time.
#ifndef MASTERCLOCK_EXAMPLES_ADAPTERS_GST_TIME_CLOCK_H_
#define MASTERCLOCK_EXAMPLES_ADAPTERS_GST_TIME_CLOCK_H_

#include <gst/gst.h>

#include <cstdint>
#include <string>
#include <utility>

#include "gst_waits.h"
#include "masterclock/time/time_source.h"

namespace adapters {

struct GstTimeClock {
  struct State {
    masterclock::TimeSource& source;
    GstWaits waits;
    masterclock::TimeSubscription movements = {};
  };
  GstClock parent;  // first: this is a GObject
  State* state;

  static State& of(void* clock) { return *static_cast<GstTimeClock*>(clock)->state; }

  static void initialize(void* klass, void*) {
    GST_CLOCK_CLASS(klass)->get_internal_time = [](GstClock* clock) {
      return static_cast<GstClockTime>(of(clock).source.now_steady().time_since_epoch().count());
    };
    GST_CLOCK_CLASS(klass)->get_resolution = [](GstClock*) { return GstClockTime{1}; };
    GST_CLOCK_CLASS(klass)->wait = [](GstClock* clock, GstClockEntry* entry,
                                      GstClockTimeDiff* jitter) {
      return of(clock).waits.wait(clock, entry, jitter);
    };
    GST_CLOCK_CLASS(klass)->unschedule = [](GstClock* clock, GstClockEntry* entry) {
      of(clock).waits.cancel(entry);
    };
    G_OBJECT_CLASS(klass)->finalize = [](GObject* object) {
      delete &of(object);
      G_OBJECT_CLASS(g_type_class_peek(GST_TYPE_CLOCK))->finalize(object);
    };
  }
};

// Makes a clock, which the caller unrefs. `source` must outlive it. The clock has no asynchronous waits.
//
// A simulation advances its time in `on_wait`, which runs each time that all `sinks` wait. Streams of
// different lengths do not end on such a clock: a sink that has ended waits no more.
inline GstClock* make_gst_clock(masterclock::TimeSource& source, OnWait on_wait = {},
                                int sinks = 1) {
  static const GType type = g_type_register_static_simple(
      GST_TYPE_CLOCK,  // two plugins of a process need two names
      ("MasterclockTimeClock" + std::to_string(reinterpret_cast<std::uintptr_t>(&type))).c_str(),
      sizeof(GstClockClass), GstTimeClock::initialize, sizeof(GstTimeClock), nullptr,
      static_cast<GTypeFlags>(0));
  auto* const clock = static_cast<GstTimeClock*>(gst_object_ref_sink(g_object_new(type, nullptr)));
  auto* const state = clock->state = new GstTimeClock::State{source, {std::move(on_wait), sinks}};
  state->movements = source.subscribe([state](const auto&) { state->waits.look_again(); });
  return &clock->parent;
}

}  // namespace adapters

#endif  // MASTERCLOCK_EXAMPLES_ADAPTERS_GST_TIME_CLOCK_H_
