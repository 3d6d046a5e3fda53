// Calls every public function of a time or a span at the ends of the range, and across.
//
// The program is compiled with UndefinedBehaviorSanitizer, so a result that wraps around ends it. kCalls has
// a row for each function. A test calls each row with all combinations of two instants and a span. The other
// tests compare results with 128-bit arithmetic, or with the documented error.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "masterclock/internal/int128.h"
#include "masterclock/masterclock.h"

namespace masterclock::ends_of_time_test {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;
using internal::Int128;
using internal::saturate;
using testing::ManualTimeSource;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kCounts[] = {kMin, kMin + 1, -86'400'000'000'001, -1, 0, 1, kMax - 1, kMax};

ZoneCache& zones() {
  static auto* const cache = new ZoneCache();
  return *cache;
}
std::vector<Zone> some_zones() {
  return {Zone(), zones().find("Europe/Dublin").value(), zones().find("Pacific/Kiritimati").value(),
          zones().find("America/Los_Angeles").value()};
}
constexpr FrameRate kRates[] = {k25, k29_97, k120, {kMax, 1}, {1, kMax}, {kMax, kMax - 1}, {0, 1}};

TaiTime tai(UtcTime t) { return TaiTime(t.time_since_epoch()); }
LocalTime local(UtcTime t) { return LocalTime(t.time_since_epoch()); }
SteadyTime steady(UtcTime t) { return SteadyTime(t.time_since_epoch()); }
SmearedTime smeared(UtcTime t) { return SmearedTime(t.time_since_epoch()); }

// Keeps the compiler from removing a call.
template <class... T>
void use(T&&... values) {
  (static_cast<void>(values), ...);
}

struct Call {
  const char* name;
  void (*call)(UtcTime a, UtcTime b, nanoseconds d);
};

template <class Duration>
void coarse(std::int64_t count) {
  const sys_time<Duration> utc{Duration(count)};
  char text[kRfc3339Size];
  use(write_rfc3339(text, utc), to_rfc3339(utc), to_rfc3339(utc, 9), leap_second_ended_at(utc));
  use(to_rfc3339(local_time<Duration>(Duration(count))));
  for (const Zone zone : some_zones()) {
    const BasicZonedTime<Duration> time(utc, zone);
    use(zone.utc_offset(utc), time.local(), time.abbreviation(), to_rfc3339(time),
        to_rfc3339(time, 9), to_rfc9557(time), to_string(time));
  }
}

constexpr Call kTime[] = {
    {"saturating_add, _subtract, _difference, _move",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       use(saturating_add(a, d), saturating_add(d, d), saturating_subtract(a, d),
           saturating_subtract(b.time_since_epoch(), d), saturating_difference(a, b),
           saturating_move(a, b, UtcTime(d)));
     }},
    {"PrecisionPolicy::quantize",
     [](UtcTime a, UtcTime, nanoseconds) {
       use(SecondPrecision::quantize(a), MillisecondPrecision::quantize(a),
           MicrosecondPrecision::quantize(a), NanosecondPrecision::quantize(a));
     }},
    {"TimeReading::to_utc, to_steady; TimeChange::size; TimeSource::read",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       const TimeReading reading{a, steady(b)};
       use(reading.to_utc(SteadyTime(d)), reading.to_steady(UtcTime(d)),
           TimeChange{TimeChange::Kind::kStep, a, b}.size(), ManualTimeSource(a, steady(b)).read());
     }},
    {"CountingTimeSource",
     [](UtcTime a, UtcTime b, nanoseconds) {
       ManualTimeSource source(a, steady(b));
       const CountingTimeSource counting(source);
       use(counting.now_utc(), counting.now_steady(), counting.now_utc_coarse(), counting.read());
     }},
    {"ManualTimeSource::advance, drift, step_utc, set_utc, suspend, insert_leap_second",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       ManualTimeSource source(a, steady(b));
       use(source.advance(d), source.drift(d, a.time_since_epoch()), source.suspend(d));
       source.step_utc(d);
       source.insert_leap_second();
       source.set_utc(b);
     }},
    {"write_rfc3339, to_rfc3339, parse_rfc3339, parse_local_time",
     [](UtcTime a, UtcTime, nanoseconds d) {
       EXPECT_EQ(parse_rfc3339(to_rfc3339(a)).value(), a);
       EXPECT_EQ(parse_local_time(to_rfc3339(local(a))).value(), local(a));
       use(to_rfc3339(a, static_cast<int>(d.count() % 100)));
     }},
    {"to_rfc3339, utc_offset, local, abbreviation of coarse times",
     [](UtcTime a, UtcTime, nanoseconds) {
       const std::int64_t count = a.time_since_epoch().count();
       coarse<microseconds>(count);
       coarse<milliseconds>(count);
       coarse<seconds>(count);
       coarse<minutes>(count);
       coarse<hours>(count);
     }},
    {"to_string, parse_duration",
     [](UtcTime, UtcTime, nanoseconds d) { EXPECT_EQ(parse_duration(to_string(d)).value(), d); }},
    {"to_tai, to_utc, si_elapsed, posix_elapsed, leap_second_ended_at",
     [](UtcTime a, UtcTime b, nanoseconds) {
       use(to_tai(a), to_utc(tai(a)), si_elapsed(a, b), posix_elapsed(a, b),
           leap_second_ended_at(a));
     }},
    {"LeapTable with entries at the ends",
     [](UtcTime a, UtcTime b, nanoseconds) {
       const LeapSecond changes[] = {
           {UtcTime::min(), 10s}, {UtcTime(), 11s}, {UtcTime::max(), 12s}};
       const LeapTable table{changes, b};
       use(to_tai(a, table), to_utc(tai(a), table), si_elapsed(a, b, table), to_smeared(a, table),
           to_tai(smeared(a), table), leap_second_ended_at(a, table));
     }},
    {"to_smeared, to_tai, to_utc of smeared time",
     [](UtcTime a, UtcTime, nanoseconds) {
       use(to_smeared(a), to_smeared(tai(a)), to_tai(smeared(a)), to_utc(smeared(a)));
     }},
};

constexpr Call kZones[] = {
    {"Zone::offset_at, utc_offset, to_local, next_transition, timezone_info",
     [](UtcTime a, UtcTime, nanoseconds) {
       for (const Zone zone : some_zones()) {
         use(to_string(zone.offset_at(a)), zone.utc_offset(a), zone.to_local(a),
             zone.next_transition(a), timezone_info(zone, a));
       }
     }},
    {"Zone::resolve, to_utc",
     [](UtcTime a, UtcTime, nanoseconds) {
       for (const Zone zone : some_zones()) {
         use(to_string(zone.resolve(local(a))));
         for (const Resolve policy : {Resolve::kReject, Resolve::kCompatible, Resolve::kEarlier,
                                      Resolve::kLater, Resolve::kSnap}) {
           const auto utc = zone.to_utc(local(a), policy);
           if (utc.ok()) {
             EXPECT_EQ(zone.to_local(*utc), local(a));
           } else {
             EXPECT_EQ(utc.status().code(), absl::StatusCode::kOutOfRange) << utc.status();
           }
         }
       }
     }},
    {"ZonedTime, to_rfc9557, parse_rfc9557",
     [](UtcTime a, UtcTime, nanoseconds) {
       for (const Zone zone : some_zones()) {
         const ZonedTime time(a, zone);
         use(time.local(), time.abbreviation(), to_rfc3339(time, 3));
         EXPECT_EQ(parse_rfc9557(to_rfc9557(time), zones()).value(), time);
       }
     }},
    {"broadcast_day_at",
     [](UtcTime a, UtcTime, nanoseconds d) {
       for (const Zone zone : some_zones()) {
         for (const seconds day_start : {seconds(d.count()), floor<seconds>(d), seconds(6h)}) {
           use(to_string(broadcast_day_at(a, zone, day_start)));
         }
       }
     }},
    {"RecurringLocalTime::next_after",
     [](UtcTime a, UtcTime, nanoseconds d) {
       for (const Zone zone : some_zones()) {
         const auto next = RecurringLocalTime(zone, d).next_after(a);
         EXPECT_GT(next.value_or(UtcTime::max()), UtcTime::min());
         EXPECT_TRUE(!next || *next > a);
       }
     }},
};

constexpr Call kFrames[] = {
    {"frame_index, frame_start, first_frame_at_or_after",
     [](UtcTime a, UtcTime, nanoseconds d) {
       for (const FrameRate rate : kRates) {
         use(frame_index(d, rate), frame_index(tai(a), rate), frame_start(d.count(), rate),
             frame_start<TaiTime>(d.count(), rate), first_frame_at_or_after(d, rate),
             first_frame_at_or_after(tai(a), rate));
       }
     }},
    {"join_at, join_at_offset",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const FrameRate rate : kRates) {
         const JoinPoint join = join_at(a, b, rate);
         EXPECT_GE(join.offset, 0ns);
         EXPECT_GE(join.into_frame, 0ns);
         EXPECT_GE(join.until_next_frame, 0ns);
         use(to_string(join), join_at_offset(d, rate));
       }
     }},
    {"alignment_phase, rtp_timestamp, rtp_timestamp_of_frame",
     [](UtcTime a, UtcTime, nanoseconds d) {
       for (const FrameRate rate : kRates) {
         use(alignment_phase(tai(a), rate), rtp_timestamp(tai(a), d.count()),
             rtp_timestamp_of_frame(a.time_since_epoch().count(), rate, d.count()),
             rtp_timestamp_of_frame(d.count(), rate, 90'000));
       }
     }},
    {"Timecode::from_frame, make, +, -, since_midnight",
     [](UtcTime a, UtcTime, nanoseconds d) {
       const Timecode code = Timecode::from_frame(d.count(), k29_97, DropFrame::kYes).value();
       const std::int64_t frames = a.time_since_epoch().count();
       use(code.to_string(), code.since_midnight(), (code + frames).to_string(),
           (code - frames).to_string(), (code + frames) - code);
       const int field = static_cast<int>(std::clamp<std::int64_t>(
           frames, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
       use(Timecode::make(field, field, field, field, k25, DropFrame::kNo));
     }},
    {"TimeOfDayTimecode::at, last_jam, time_of_day_timecode",
     [](UtcTime a, UtcTime, nanoseconds d) {
       for (const Zone zone : some_zones()) {
         for (const FrameRate rate : {k25, k59_94, k120}) {
           const auto house = TimeOfDayTimecode::make(zone, rate, DropFrame::kNo, 2h).value();
           use(house.at(a).to_string(), house.at(tai(a)).to_string(), house.last_jam(tai(a)));
         }
         use(TimeOfDayTimecode::make(zone, k25, DropFrame::kNo, seconds(d.count())));
         use(time_of_day_timecode(a, zone, k25, DropFrame::kNo));
       }
     }},
    {"ItemList::make, join, join_looping, join_at, join_looping_at of a list",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       const nanoseconds lengths[] = {d, 1ns, a.time_since_epoch()};
       const auto list = ItemList::make(lengths);
       const nanoseconds plain[] = {25s, 5s};
       for (const ItemList& items :
            {ItemList::make(plain).value(), list.ok() ? *list : ItemList::make({}).value()}) {
         for (const FrameRate rate : kRates) {
           use(items.join(d, rate), items.join_looping(d, rate), join_at(items, a, b, rate),
               join_looping_at(items, a, b, rate));
         }
       }
     }},
    {"FramePacer::poll, wait, stop",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const FrameRate rate : kRates) {
         ManualTimeSource source(UtcTime(), steady(b));
         FramePacer pacer(source, rate, steady(a), {.first_frame = d.count(), .tolerance = d});
         use(pacer.poll(), pacer.next_deadline());
         source.advance(nanoseconds::max());
         use(pacer.poll());
         pacer.stop();
         use(pacer.wait(), pacer.poll());
       }
     }},
};

// Fires at most `most` events: OnMisfire::kRunAll may have more than a test can wait for.
struct StopAfter {
  const std::size_t& fired;
  std::size_t most;
  [[nodiscard]] bool stop_requested() const noexcept { return fired >= most; }
};

void schedule_all_kinds(ManualTimeSource& source, UtcTime a, nanoseconds d, OnMisfire on_misfire) {
  std::size_t fired = 0;
  EventScheduler scheduler(source, {.late_after = d});
  const auto count = [&](const FiredEvent& event) {
    ++fired;
    EXPECT_GE(event.lateness, 0ns);
    EXPECT_GE(event.skipped, 0);
  };
  const nanoseconds interval = std::max(d, 1ns);
  const auto none = [] { return std::optional<Repeat>(); };
  std::vector<EventRequest> requests;
  for (const auto& repeat : {none(), std::optional<Repeat>(Every{interval}),
                             std::optional<Repeat>(Every{1ns}), std::optional<Repeat>(Daily{})}) {
    const bool daily = repeat && std::holds_alternative<Daily>(*repeat);
    for (const DueTime& due : std::vector<DueTime>{a, After{std::max(d, 0ns)}, steady(a),
                                                   LocalDue{local(a), some_zones()[1]}}) {
      if (daily && !std::holds_alternative<LocalDue>(due)) continue;
      requests.push_back({.due = due,
                          .repeat = repeat,
                          .on_misfire = on_misfire,
                          .max_lateness = daily ? std::optional(std::max(d, 0ns)) : std::nullopt,
                          .action = count});
    }
  }
  std::vector<EventHandle> handles;
  for (EventRequest& request : requests) {
    const auto handle = scheduler.schedule(std::move(request));
    if (handle.ok()) handles.push_back(*handle);
  }
  use(scheduler.pending(UtcTime::min(), UtcTime::max()), scheduler.next_due(),
      scheduler.until_next());
  use(scheduler.run_due(StopAfter{fired, fired + 20}));
  source.advance(std::max(d, 0ns));
  use(scheduler.trigger(StopAfter{fired, fired + 20}));
  source.step_utc(d);
  use(scheduler.run_due(StopAfter{fired, fired + 20}), scheduler.until_next());
  for (const EventHandle handle : handles) use(scheduler.reschedule(handle, UtcTime(d)));
  use(scheduler.run_due(StopAfter{fired, fired + 20}), scheduler.next_due());
  use(scheduler.cancel_between(a, UtcTime(d)), scheduler.counters());
}

constexpr Call kEvents[] = {
    {"EventScheduler, all kinds of due times and repetitions",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const OnMisfire on_misfire :
            {OnMisfire::kRunAll, OnMisfire::kRunLast, OnMisfire::kSkip}) {
         ManualTimeSource source(b, steady(a));
         schedule_all_kinds(source, a, d, on_misfire);
       }
     }},
    {"simulate_until",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       ManualTimeSource source(a);
       EventScheduler scheduler(source);
       EXPECT_TRUE(scheduler.schedule({.due = UtcTime(d)}).ok());
       EXPECT_TRUE(scheduler.schedule({.due = UtcTime(), .repeat = Every{100h * 24 * 365}}).ok());
       use(simulate_until(source, scheduler, b));
       EXPECT_EQ(source.now_utc(), std::max(a, b));
     }},
    {"Dispatcher",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       ManualTimeSource source(a, steady(b));
       EventScheduler scheduler(source);
       Dispatcher dispatcher(scheduler, {.max_wait = d, .spin = std::min(d, nanoseconds(1ms))});
       EXPECT_TRUE(scheduler.schedule({.due = UtcTime::max()}).ok());
       EXPECT_TRUE(scheduler.schedule({.due = SteadyTime::max()}).ok());
       dispatcher.start();
       source.set_utc(b);
       source.advance(std::max(d, 0ns));
       source.set_utc(UtcTime::max());
       for (int i = 0; i < 3; ++i) source.advance(nanoseconds::max());  // from min to max
       EXPECT_EQ(scheduler.counters().pending, 0);
     }},
};

// Counts the nanoseconds of a simulated steady clock.
struct SteadyCounter {
  const ManualTimeSource* source;
  [[nodiscard]] static absl::Status available() { return absl::OkStatus(); }
  [[nodiscard]] std::uint64_t read() const noexcept {
    return static_cast<std::uint64_t>(source->now_steady().time_since_epoch().count());
  }
  [[nodiscard]] std::uint64_t read_in_order() const noexcept { return read(); }
  template <class T>
  [[nodiscard]] const T& after(std::uint64_t, const T& what) const noexcept {
    return what;
  }
};

constexpr Call kSync[] = {
    {"drift_ppm, drifted, held_over",
     [](UtcTime a, UtcTime, nanoseconds d) {
       const std::int64_t parts = a.time_since_epoch().count();
       use(drift_ppm(parts), drifted(d, {parts}), held_over(d, a.time_since_epoch(), {parts}));
     }},
    {"bounds_around, TimeBounds::uncertainty, contains, require, definitely_before",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       const TimeBounds bounds = bounds_around(a, d, SyncState::kSynchronized);
       use(bounds.uncertainty(), bounds.contains(b), bounds.require(d), to_string(bounds),
           definitely_before(bounds, TimeBounds{a, b}), TimeBounds{a, b}.uncertainty());
     }},
    {"ptp_time",
     [](UtcTime a, UtcTime, nanoseconds d) {
       use(ptp_time(a, {.tai_offset = static_cast<int>(d.count() % INT32_MAX)}));
     }},
    {"BoundedClock, DisciplinedTimeSource",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const BackwardStep backward : {BackwardStep::kHold, BackwardStep::kStep}) {
         ManualTimeSource machine(a, steady(b));
         SimulatedSyncProvider provider;
         DisciplinedTimeSource source(machine, provider,
                                      {.slew = {d.count()},
                                       .step_threshold = d,
                                       .backward = backward,
                                       .holdover = {.drift = {d.count()},
                                                    .fresh_for = d,
                                                    .lost_after = nanoseconds::max(),
                                                    .distrust_for = d}});
         BoundedClock bounded(machine, &provider, {.drift = {d.count()}, .lost_after = d});
         for (const nanoseconds as_of : {a.time_since_epoch(), b.time_since_epoch(), d}) {
           for (const nanoseconds error : {0ns, nanoseconds::max(), d}) {
             provider.set({.state = SyncState::kSynchronized,
                           .error_bound = error,
                           .as_of = SteadyTime(as_of),
                           .correction = d});
             source.refresh();
             bounded.refresh();
             use(source.now_utc(), source.remaining(), source.now_bounded(), bounded.now_bounded(),
                 bounded.estimate(steady(a)), bounded.estimate(SteadyTime(d)));
             machine.advance(std::max(d, 0ns));
             machine.step_utc(d);
             use(source.now_utc(), source.remaining(), source.now_bounded(), bounded.now_bounded());
             provider.set({});
             bounded.refresh();
             source.refresh();
           }
         }
       }
     }},
    {"CalibratedLine::at, gained, span; AffineCalibration",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       CalibratedLine line;
       line.local = line.first = steady(a);
       line.last = steady(b);
       line.reference = b;
       line.rate = line.growth.parts_per_billion = d.count();
       line.bound = d;
       use(line.at(SteadyTime(d)), line.at(steady(b)), line.gained(d), line.span());
       AffineCalibration calibration({.wander = {d.count()}});
       use(calibration.add({steady(a), b, d}));
       use(calibration.add({steady(b), a, d}));
       use(calibration.add({SteadyTime(d), UtcTime(d), 1ns}));
       use(calibration.add(
           {saturating_add(SteadyTime(d), 1s), saturating_add(UtcTime(d), 1s), 1ns}));
       use(calibration.line());
     }},
    {"the rules of chronyd, ptp4l, the kernel and a card",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       const nanoseconds e = b.time_since_epoch();
       for (const bool corrects : {false, true}) {
         internal::ChronyRule chrony({.corrects_the_clock = corrects,
                                      .reference_error = d,
                                      .update_interval = d,
                                      .lost_after = e});
         internal::LinuxPtpRule ptp4l(
             {.corrects_the_clock = corrects, .unstated_accuracy = e, .lost_after = d});
         internal::ChronyTracking tracking;
         tracking.reference_id = 1;
         tracking.leap = internal::ChronyTracking::Leap::kNormal;
         tracking.last_update = b;
         tracking.slow_by = tracking.root_delay = tracking.root_dispersion = d;
         tracking.update_interval = e;
         internal::PtpStatus ptp;
         ptp.port_state = internal::PtpPortState::kSlave;
         ptp.grandmaster_present = true;
         ptp.offset = d;
         ptp.last_sync = ptp.mean_path_delay = e;
         ptp.sync_interval = d;
         ptp.utc_offset = static_cast<int>(d.count() % INT32_MAX);
         const PhcReading card{d, e, a.time_since_epoch()};
         use(chrony.answered(tracking, a, steady(b)), ptp4l.answered(ptp, {}, a, steady(b)));
         ptp.software_clock = false;
         ptp.ptp_timescale = true;
         use(ptp4l.answered(ptp, card, a, steady(b)));
         for (const SteadyTime now : {steady(a), SteadyTime(d)}) {
           use(chrony.silent(now, absl::UnavailableError("")),
               ptp4l.silent(now, absl::DataLossError("")));
         }
       }
       timex kernel{};
       kernel.maxerror = d.count();
       kernel.tai = static_cast<int>(e.count() % INT32_MAX);
       use(sync_reading(kernel, steady(a), {.synchronized_within = e}));
       ptp_clock_time stamp{};
       stamp.sec = d.count();
       stamp.nsec = ~0U;
       use(internal::phc_between(a.time_since_epoch(), e, d), internal::phc_time(stamp),
           internal::chrony_seconds(static_cast<std::uint32_t>(d.count())));
     }},
    {"BasicTscTimeSource",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       ManualTimeSource kernel(a, steady(b));
       auto source = BasicTscTimeSource<SteadyCounter>::make(kernel, {}, {&kernel}).value();
       for (int i = 0; i < 4; ++i) {
         use(source->refresh(), source->now_utc(), source->now_steady(), source->error_bound());
         kernel.advance(i == 2 ? std::max(d, 0ns) : 200ms);
       }
       kernel.step_utc(d);
       kernel.set_utc(b);
       use(source->refresh(), source->now_utc(), source->now_steady(), source->stats());
     }},
    {"SyncThread",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       ManualTimeSource machine(a, steady(b));
       SyncThread polling([] {}, {.interval = d}, machine);
       polling.start();
       machine.advance(std::max(d, 0ns));
       machine.step_utc(d);
     }},
};

// Wall clocks of an embedder: one with an offset of any size, and some that answer nonsense.
struct Shifted {
  nanoseconds by;
  [[nodiscard]] LocalTime to_local(UtcTime utc) const {
    return LocalTime(saturating_add(utc.time_since_epoch(), by));
  }
  [[nodiscard]] absl::StatusOr<UtcTime> to_utc(LocalTime wall, Resolve) const {
    return UtcTime(saturating_subtract(wall.time_since_epoch(), by));
  }
};
struct Stuck {
  nanoseconds at;
  [[nodiscard]] LocalTime to_local(UtcTime) const { return LocalTime(at); }
  [[nodiscard]] absl::StatusOr<UtcTime> to_utc(LocalTime, Resolve) const { return UtcTime(at); }
};
struct Refuses {
  nanoseconds at;
  [[nodiscard]] LocalTime to_local(UtcTime) const { return LocalTime(at); }
  [[nodiscard]] absl::StatusOr<UtcTime> to_utc(LocalTime, Resolve) const {
    return absl::OutOfRangeError("no such time");
  }
};

constexpr Call kWallClocks[] = {
    {"AnyWallClock, LocalDue and Daily",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const AnyWallClock& wall :
            {AnyWallClock(Shifted{d}), AnyWallClock(Stuck{d}), AnyWallClock(Refuses{d})}) {
         use(wall.to_local(a), wall.to_utc(local(b), Resolve::kCompatible));
         for (const Daily& daily : {Daily{}, Daily{.days = Weekdays{}}}) {
           std::size_t fired = 0;
           ManualTimeSource source(a, steady(b));
           EventScheduler scheduler(source);
           const auto handle =
               scheduler.schedule({.due = LocalDue{local(b), wall},
                                   .repeat = daily,
                                   .on_misfire = OnMisfire::kRunAll,
                                   .action = [&fired](const FiredEvent&) { ++fired; }});
           use(scheduler.run_due(StopAfter{fired, fired + 20}), scheduler.until_next());
           source.advance(std::max(d, 0ns));
           source.step_utc(d);
           use(scheduler.run_due(StopAfter{fired, fired + 20}), scheduler.next_due());
           if (handle.ok()) use(scheduler.reschedule(*handle, b));
         }
       }
     }},
    {"TimeOfDayTimecode of a custom wall clock",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const AnyWallClock& wall :
            {AnyWallClock(Shifted{d}), AnyWallClock(Stuck{d}), AnyWallClock(Refuses{d})}) {
         const auto house = TimeOfDayTimecode::make(wall, k29_97, DropFrame::kYes, 2h).value();
         use(house.at(a).to_string(), house.at(tai(b)).to_string(), house.last_jam(tai(a)));
       }
     }},
};

// Rules of clocks with a limit of `limit`, as far as a clock can have them.
std::vector<ClockRules> some_rules(nanoseconds limit) {
  std::vector<ClockRules> all;
  for (const CountDirection direction : {CountDirection::kDown, CountDirection::kUp}) {
    for (const AtEnd at_end : {AtEnd::kStop, AtEnd::kRunOver}) {
      for (const auto& maximum : {std::optional<nanoseconds>(), std::optional(limit)}) {
        const ClockRules rules{direction, std::max(limit, 0ns), maximum, at_end};
        if (CountClock::make(rules).ok()) all.push_back(rules);
      }
    }
  }
  return all;
}

std::vector<ClockCommand> some_commands(nanoseconds value, const ClockRules& rules) {
  return {ClockCommand::start(),         ClockCommand::adjust(value),     ClockCommand::set(value),
          ClockCommand::restart(),       ClockCommand::restart_at(value), ClockCommand::pause(),
          ClockCommand::reset_to(value), ClockCommand::configure(rules),  ClockCommand::restart(),
          ClockCommand::adjust(-1ns)};
}

void use_reading(const CountClock& clock, SteadyTime at) {
  const ClockReading reading = clock.reading(at);
  for (const nanoseconds step :
       {nanoseconds(1s), 1ns, 0ns, nanoseconds::max(), nanoseconds::min()}) {
    const auto next = clock.next_boundary(at, step);
    EXPECT_TRUE(!next || *next > at || at < clock.anchor().at) << to_string(reading);
  }
  use(to_string(reading), clock_text(reading.value, clock.rules().direction));
}

constexpr Call kTimers[] = {
    {"Backoff::delay_after",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       const Backoff backoff{d, a.time_since_epoch()};
       for (const int failures : {std::numeric_limits<int>::min(), 0, 1, 70, INT32_MAX}) {
         const auto delay = backoff.delay_after(failures, b.time_since_epoch());
         EXPECT_GE(delay.value_or(0ns), 0ns);
       }
     }},
    {"clock_text, shown_seconds, display_phase",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       const nanoseconds value = b.time_since_epoch();
       for (const CountDirection direction : {CountDirection::kDown, CountDirection::kUp}) {
         use(shown_seconds(d, direction),
             clock_text(d, direction, {.tenths_below = value, .phase = a.time_since_epoch()}));
       }
       for (const ClockRules& rules : some_rules(d)) {
         CountClock one = CountClock::make(rules).value(), other = one;
         use(one.apply(steady(a), ClockCommand::start()),
             other.apply(steady(b), ClockCommand::start()));
         use(display_phase(one, other, steady(a)), display_phase(other, one, SteadyTime(d)));
       }
     }},
    {"period_clock, stage_timer",
     [](UtcTime, UtcTime, nanoseconds d) {
       for (const int period : {std::numeric_limits<int>::min(), 1, 2, INT32_MAX}) {
         use(period_clock(CountDirection::kUp, d, period, PeriodCount::kCumulative),
             period_clock(CountDirection::kDown, d, period), stage_timer(d));
       }
     }},
    {"CountClock",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const ClockRules& rules : some_rules(d)) {
         for (const ClockState state :
              {ClockState::kStopped, ClockState::kRunning, ClockState::kPaused}) {
           const auto restored =
               CountClock::restore(rules, {steady(a), b.time_since_epoch(), state});
           CountClock clock = restored.ok() ? *restored : CountClock::make(rules).value();
           const nanoseconds value = a.time_since_epoch();
           for (const ClockCommand& command : some_commands(value, rules)) {
             use(clock.apply(steady(b), command), to_string(command));
             for (const SteadyTime at : {steady(a), steady(b), SteadyTime(d)}) {
               use_reading(clock, at);
               use_reading(clock.rebased(at, steady(b)), at);
             }
           }
         }
       }
     }},
    {"ClockBoard",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       const ClockKey key{"play", std::numeric_limits<std::int64_t>::min()};
       for (const ClockRules& rules : some_rules(d)) {
         ManualTimeSource source(a, steady(b));
         EventScheduler scheduler(source);
         ClockBoard board(scheduler, [](const ClockReport& report) {
           EXPECT_GE(report.missed, 0);
           use(to_string(report));
         });
         ASSERT_TRUE(board.add(key, rules).ok());
         for (const ClockCommand& command : some_commands(d, rules)) {
           const KeyedCommand keyed[] = {{key, command}};
           use(board.apply(key, command), board.apply_at(steady(a), keyed),
               board.apply_at(SteadyTime(d), keyed));
           source.advance(std::max(d, 0ns));
           use(scheduler.run_due(), board.reading(key), board.readings());
         }
         board.put(
             key,
             CountClock::restore(rules, {steady(a), rules.initial, ClockState::kRunning}).value());
         source.advance(nanoseconds::max());
         use(scheduler.run_due(), board.readings());
       }
     }},
    {"ClockLog",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       const ClockKey key{"game", 1};
       for (const BootPolicy policy :
            {BootPolicy::kContinue, BootPolicy::kFreeze, BootPolicy::kAsk}) {
         for (const ClockRules& rules : some_rules(d)) {
           ClockLog log({{key, rules}}, policy);
           std::uint64_t sequence = 0;
           const LogTime times[] = {
               {steady(a), b, "one"}, {SteadyTime(d), a, "two"}, {steady(b), UtcTime(d), "two"}};
           for (const LogTime& at : times) {
             for (const ClockCommand& command : {ClockCommand::start(), ClockCommand::adjust(d)}) {
               use(log.append({++sequence, at, "", {{key, command}}}));
             }
             use(log.append({.sequence = ++sequence, .at = at, .verb = LogVerb::kFreeze}));
             use(log.append({.sequence = ++sequence, .at = at, .verb = LogVerb::kUndo}));
             use(log.append({.sequence = ++sequence, .at = at, .verb = LogVerb::kRedo}));
             for (const LogTime& now : times) {
               use_reading(log.clock(key, now).value(), now.steady);
               use_reading(ClockLog(log.snapshot(1)).clock(key, now).value(), now.steady);
             }
           }
         }
       }
     }},
    {"IntervalSchedule",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const Overlap overlap : {Overlap::kBufferOne, Overlap::kSkip}) {
         for (const nanoseconds interval : {std::max(d, 1ns), 1ns, nanoseconds::max()}) {
           const nanoseconds jitter = interval - 1ns;
           IntervalSchedule schedule;
           const std::map<std::string, IntervalOptions> jobs{
               {"plain", {.interval = interval, .overlap = overlap}},
               {"late", {.interval = interval, .overlap = overlap, .jitter = jitter}},
               {"retried", {interval, overlap, Backoff{d, nanoseconds::max()}}}};
           ASSERT_TRUE(schedule.update(steady(a), jobs).ok());
           for (const SteadyTime now : {steady(b), SteadyTime(d), SteadyTime::max()}) {
             const std::vector<DueRun> runs = schedule.take_due(now);
             for (const DueRun& run : runs) {
               EXPECT_GE(run.missed, 0);
               use(schedule.finished(saturating_add(now, d), run.id, run.name != "retried"));
             }
             for (const IntervalHealth& health : schedule.health(now, INT32_MAX)) {
               EXPECT_GE(health.overlapped, 0);
             }
             use(schedule.next_due());
             if (const auto run = schedule.trigger(now, "plain"); run.ok()) {
               use(schedule.finished(SteadyTime::max(), run->id, true));
             }
           }
           use(schedule.update(steady(b), {{"plain", {.interval = 2s}}}), schedule.next_due());
         }
       }
     }},
    {"Rundown",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const bool looping : {false, true}) {
         for (const nanoseconds length : {1ns, std::max(d, 1ns)}) {
           Rundown rundown;
           const std::vector<Scene> scenes{{"intro", length}, {"main", 1ns, b.time_since_epoch()}};
           if (!rundown.configure(steady(a), scenes, {.looping = looping}).ok()) {
             const auto shorter = rundown.configure(steady(a), {{"intro", length}}, {looping});
             ASSERT_TRUE(shorter.ok()) << shorter;
           }
           const auto look = [&](SteadyTime now) {
             const RundownReading reading = rundown.reading(now);
             EXPECT_GE(reading.position, 0ns);
             use(to_string(reading), rundown.next_change(now));
           };
           for (const SteadyTime now : {steady(a), steady(b), SteadyTime(d), SteadyTime::max()}) {
             use(rundown.start(now), rundown.correct(now, d), rundown.hold(now), rundown.go(now));
             look(now);
             use(rundown.force(now, "slate", ForceUntil::kBoundary), rundown.pause(now),
                 rundown.resume(now), rundown.skip(now), rundown.take(now, "intro"));
             look(now);
             look(saturating_add(now, d));
             use(rundown.advance(now), rundown.release(now));
           }
           use(rundown.stop(steady(b)), rundown.reset(SteadyTime::max()));
           look(SteadyTime::max());
         }
       }
     }},
    {"TimecodeChase::observe",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       for (const nanoseconds option : {d, 0ns, nanoseconds::max()}) {
         TimecodeChase chase({option, option, option, nanoseconds::max()});
         for (const SteadyTime now : {steady(a), steady(b), SteadyTime(d)}) {
           for (const nanoseconds code : {d, a.time_since_epoch()}) {
             use(chase.observe(now, b.time_since_epoch(), code), chase.observe(now, d, code));
           }
         }
       }
     }},
};

constexpr Call kClock[] = {
    {"MasterClock",
     [](UtcTime a, UtcTime b, nanoseconds d) {
       struct Observer final : MasterClockObserver {
         void clock_step(const TimeChange& change) override { use(change.size()); }
       };
       ManualTimeSource source(a, steady(b));
       MasterClock clock(source, {.observer = std::make_shared<Observer>(), .late_after = d});
       use(clock.now_utc(), clock.elapsed_since(b), clock.seconds_since(b), clock.now_bounded());
       for (const Zone zone : some_zones()) {
         use(clock.now_local(zone), clock.convert_timezone(local(b), zone, Zone()),
             clock.convert_timezone(b, zone.name()), clock.get_timezone_info(zone.name()));
       }
       EXPECT_TRUE(clock.schedule_event(b, [](const FiredEvent&) {}).ok());
       use(clock.get_scheduled_events(a, b), clock.next_event_time(), clock.until_next_event());
       use(clock.run_due(), clock.trigger_scheduled_events(), clock.cancel_events(a, b));
       use(clock.reschedule_event("none", a), clock.cancel_event("none"));
       source.step_utc(d);
       use(clock.validate_time_consistency());
     }},
    {"BasicMasterClock<SecondPrecision>",
     [](UtcTime a, UtcTime, nanoseconds) {
       ManualTimeSource source(a);
       const BasicMasterClock<SecondPrecision> clock(source);
       for (const Zone zone : some_zones()) {
         const auto now = clock.now_local(zone);
         use(now.local(), now.abbreviation(), to_rfc9557(now));
       }
     }},
};

void call_all(std::span<const Call> calls) {
  for (const Call& call : calls) {
    SCOPED_TRACE(call.name);
    for (const std::int64_t a : kCounts) {
      for (const std::int64_t b : kCounts) {
        for (const std::int64_t d : kCounts) {
          call.call(UtcTime(nanoseconds(a)), UtcTime(nanoseconds(b)), nanoseconds(d));
        }
      }
    }
  }
}

TEST(EndsOfTime, OfTime) { call_all(kTime); }
TEST(EndsOfTime, OfZones) { call_all(kZones); }
TEST(EndsOfTime, OfFrames) { call_all(kFrames); }
TEST(EndsOfTime, OfEvents) { call_all(kEvents); }
TEST(EndsOfTime, OfSync) { call_all(kSync); }
TEST(EndsOfTime, OfWallClocks) { call_all(kWallClocks); }
TEST(EndsOfTime, OfTimers) { call_all(kTimers); }
TEST(EndsOfTime, OfClock) { call_all(kClock); }

// 128-bit integers hold every exact result.
TEST(EndsOfTime, SumsAreTheNearestValueOfTheExactResult) {
  for (const std::int64_t a : kCounts) {
    for (const std::int64_t b : kCounts) {
      for (const std::int64_t c : kCounts) {
        const auto exact = [](Int128 value) { return saturate(value); };
        const UtcTime t{nanoseconds(a)}, u{nanoseconds(b)};
        const nanoseconds d(c);
        EXPECT_EQ(saturating_move(t, u, UtcTime(d)).time_since_epoch().count(),
                  exact(Int128{a} - b + c));
        EXPECT_EQ((TimeReading{t, steady(u)}.to_utc(SteadyTime(d)).time_since_epoch().count()),
                  exact(Int128{a} - b + c));
        EXPECT_EQ(
            si_elapsed(t, u).count(),
            exact(Int128{b} - a + (b > 0 && b > 1'000'000 ? 37 - 10 : 0) * Int128{1'000'000'000} -
                  (a > 1'000'000 ? 37 - 10 : 0) * Int128{1'000'000'000}));
        EXPECT_EQ(bounds_around(t, d, {}).earliest.time_since_epoch().count(),
                  exact(Int128{a} - c));
        EXPECT_EQ(bounds_around(t, d, {}).latest.time_since_epoch().count(), exact(Int128{a} + c));
        CalibratedLine line;
        line.local = steady(u);
        line.reference = t;
        EXPECT_EQ(line.at(SteadyTime(d)).utc.time_since_epoch().count(), exact(Int128{a} + c - b));
        ManualTimeSource source(t, steady(u));
        EXPECT_EQ(source.advance(d), c >= 0);
        if (c < 0) continue;
        EXPECT_EQ(source.now_utc().time_since_epoch().count(), exact(Int128{a} + c));
        EXPECT_EQ(source.now_steady().time_since_epoch().count(), exact(Int128{b} + c));
      }
    }
  }
}

TEST(EndsOfTime, AnIntervalOfAllTimeIsUncertainByHalfOfIt) {
  EXPECT_EQ(TimeBounds().uncertainty(), nanoseconds::max());
  EXPECT_EQ((TimeBounds{UtcTime(), UtcTime::max()}).uncertainty(), nanoseconds::max() / 2 + 1ns);
  EXPECT_FALSE(TimeBounds{.state = SyncState::kFreeRunning}.require(nanoseconds::max() - 1ns).ok());
}

TEST(EndsOfTime, ALocalTimeInSecondsStopsAtTheEnd) {
  const Zone kiritimati = zones().find("Pacific/Kiritimati").value();
  EXPECT_EQ((BasicZonedTime<seconds>(sys_seconds::max(), kiritimati)).local(),
            local_seconds::max());
  const Zone los_angeles = zones().find("America/Los_Angeles").value();
  EXPECT_EQ((BasicZonedTime<seconds>(sys_seconds::min(), los_angeles)).local(),
            local_seconds::min());
}

TEST(EndsOfTime, TheFirstAndTheLastBroadcastDayEndWithTheRange) {
  const BroadcastDay first = broadcast_day_at(UtcTime::min(), Zone(), 6h);
  EXPECT_EQ(first.date, 1677y / September / 20);
  EXPECT_EQ(first.begin, UtcTime::min());
  EXPECT_EQ(first.end, sys_days(1677y / September / 21) + 6h);
  const BroadcastDay last = broadcast_day_at(UtcTime::max(), Zone(), 6h);
  EXPECT_EQ(last.date, 2262y / April / 11);
  EXPECT_EQ(last.begin, sys_days(2262y / April / 11) + 6h);
  EXPECT_EQ(last.end, UtcTime::max());
}

// The distance from 1700 to 2026 does not fit in a duration.
TEST(EndsOfTime, ASimulationRunsFrom1700To2026) {
  const UtcTime from = sys_days(1700y / January / 1), to = sys_days(2026y / January / 1);
  ManualTimeSource source(from);
  EventScheduler scheduler(source);
  std::vector<UtcTime> fired;
  for (const UtcTime due : {from, to}) {
    ASSERT_TRUE(
        scheduler
            .schedule({.due = due,
                       .action = [&](const FiredEvent&) { fired.push_back(source.now_utc()); }})
            .ok());
  }
  EXPECT_EQ(simulate_until(source, scheduler, to), 2);
  EXPECT_EQ(fired, (std::vector{from, to}));
}

// The next occurrence after the last one that fits would lie outside the range: there is none.
TEST(EndsOfTime, ARepetitionEndsWithTheRange) {
  for (const bool on_steady : {false, true}) {
    const nanoseconds last = nanoseconds::max() - 10ns;
    ManualTimeSource source{UtcTime(last - 20ns), SteadyTime(last - 20ns)};
    EventScheduler scheduler(source);
    const DueTime due = on_steady ? DueTime(SteadyTime(last - 20ns)) : UtcTime(last - 20ns);
    ASSERT_TRUE(
        scheduler.schedule({.due = due, .repeat = Every{20ns}, .on_misfire = OnMisfire::kRunAll})
            .ok());
    source.advance(nanoseconds::max());
    const std::vector<FiredEvent> fired = scheduler.trigger();
    ASSERT_EQ(fired.size(), 2);
    EXPECT_EQ(fired[1].due, UtcTime(last));
    EXPECT_EQ(scheduler.counters().pending, 0);
  }
}

TEST(EndsOfTime, ADelayBeyondTheEndIsDueAtTheEnd) {
  ManualTimeSource source(UtcTime(), SteadyTime(1s));
  EventScheduler scheduler(source);
  ASSERT_TRUE(scheduler.schedule({.due = After{nanoseconds::max()}}).ok());
  EXPECT_EQ(scheduler.until_next(), nanoseconds::max() - 1s);
  source.advance(nanoseconds::max());
  EXPECT_EQ(scheduler.run_due(), 1);
}

TEST(EndsOfTime, TextOutsideTheRangeIsAnError) {
  for (const char* const text : {"1677-09-21T00:12:43.145224191Z", "2262-04-11T23:47:16.854775808Z",
                                 "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"}) {
    EXPECT_EQ(parse_rfc3339(text).status().code(), absl::StatusCode::kOutOfRange) << text;
  }
  EXPECT_EQ(parse_local_time("9999-12-31T23:59").status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(parse_duration("2562047h47m16.854775808s").status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(parse_duration("-2562047h47m16.854775808s").value(), nanoseconds::min());
}

}  // namespace
}  // namespace masterclock::ends_of_time_test
