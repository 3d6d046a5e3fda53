// A GStreamer clock that reads the steady timeline of a TimeSource: the station's time, or simulated time.
#ifndef MASTERCLOCK_EXAMPLES_ADAPTERS_GST_TIME_CLOCK_H_
#define MASTERCLOCK_EXAMPLES_ADAPTERS_GST_TIME_CLOCK_H_

#include <gst/gst.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "masterclock/time/time_source.h"

namespace adapters {

struct GstTimeClock {
  struct State {
    masterclock::TimeSource& source;
    std::function<void(std::chrono::nanoseconds left)> on_wait;
    std::mutex mutex = {};
    std::condition_variable changed = {};  // the source moved, or a wait was cancelled
    masterclock::TimeSubscription movements = {};
  };
  GstClock parent;  // first: this is a GObject
  State* state;

  static State& of(GstClock* clock) { return *reinterpret_cast<GstTimeClock*>(clock)->state; }

  static GstClockReturn wait(GstClock* clock, GstClockEntry* entry, GstClockTimeDiff* jitter) {
    State& state = of(clock);
    const auto left = [&] { return GST_CLOCK_DIFF(gst_clock_get_time(clock), entry->time); };
    if (jitter != nullptr) *jitter = -left();
    if (left() <= 0)
      return left() < 0 ? GST_CLOCK_EARLY : GST_CLOCK_OK;  // EARLY: the caller is late
    if (state.on_wait) state.on_wait(std::chrono::nanoseconds(left()));
    std::unique_lock lock(state.mutex);
    while (entry->status != GST_CLOCK_UNSCHEDULED) {
      if (left() <= 0) return GST_CLOCK_OK;
      state.changed.wait_for(lock, std::chrono::nanoseconds(left()));
    }
    return GST_CLOCK_UNSCHEDULED;
  }

  static void initialize(void* klass, void*) {
    GST_CLOCK_CLASS(klass)->get_internal_time = [](GstClock* clock) {
      return static_cast<GstClockTime>(of(clock).source.now_steady().time_since_epoch().count());
    };
    GST_CLOCK_CLASS(klass)->get_resolution = [](GstClock*) { return GstClockTime{1}; };
    GST_CLOCK_CLASS(klass)->wait = wait;
    GST_CLOCK_CLASS(klass)->unschedule = [](GstClock* clock, GstClockEntry* entry) {
      const std::lock_guard lock(of(clock).mutex);
      entry->status = GST_CLOCK_UNSCHEDULED;
      of(clock).changed.notify_all();  // else a pipeline that stops would hang
    };
    G_OBJECT_CLASS(klass)->finalize = [](GObject* object) {
      delete reinterpret_cast<GstTimeClock*>(object)->state;
      G_OBJECT_CLASS(g_type_class_peek(GST_TYPE_CLOCK))->finalize(object);
    };
  }
};

// Makes a clock, which the caller unrefs. `source` must outlive it. `on_wait` runs on the streaming thread that
// begins to wait: a simulation advances its time there.
inline GstClock* make_gst_clock(masterclock::TimeSource& source,
                                std::function<void(std::chrono::nanoseconds left)> on_wait = {}) {
  static const GType type = g_type_register_static_simple(
      GST_TYPE_CLOCK, "MasterclockTimeClock", sizeof(GstClockClass), GstTimeClock::initialize,
      sizeof(GstTimeClock), nullptr, static_cast<GTypeFlags>(0));
  auto* const clock = static_cast<GstTimeClock*>(gst_object_ref_sink(g_object_new(type, nullptr)));
  auto* const state = clock->state = new GstTimeClock::State{source, std::move(on_wait)};
  state->movements = source.subscribe([state](const auto&) {
    const std::lock_guard lock(state->mutex);
    state->changed.notify_all();
  });
  return &clock->parent;
}

}  // namespace adapters

#endif  // MASTERCLOCK_EXAMPLES_ADAPTERS_GST_TIME_CLOCK_H_
