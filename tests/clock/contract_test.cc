// Uses each public name once, as a program does. The tests of each part prove that it is right; these
// tests prove that it exists, with its signature.
#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "masterclock/masterclock.h"

namespace {

namespace mc = masterclock;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

template <class Expected, class Actual>
constexpr bool is = std::is_same_v<Expected, Actual>;

// time/
static_assert(is<mc::UtcTime, std::chrono::sys_time<nanoseconds>>);
static_assert(is<mc::LocalTime, std::chrono::local_time<nanoseconds>>);
static_assert(is<mc::SteadyTime, std::chrono::time_point<std::chrono::steady_clock, nanoseconds>>);
static_assert(is<mc::TaiTime, std::chrono::time_point<mc::TaiTimescale, nanoseconds>>);
static_assert(mc::PrecisionPolicy<mc::SecondPrecision> &&
              mc::PrecisionPolicy<mc::MillisecondPrecision> &&
              mc::PrecisionPolicy<mc::MicrosecondPrecision> &&
              mc::PrecisionPolicy<mc::NanosecondPrecision>);
static_assert(mc::SecondPrecision::quantize(mc::UtcTime(-1ns)) == std::chrono::sys_seconds(-1s));
static_assert(std::is_abstract_v<mc::TimeSource> && std::is_final_v<mc::SystemTimeSource>);
static_assert(MASTERCLOCK_VERSION > 0);
static_assert(is<mc::SystemTimeSource&, decltype(mc::SystemTimeSource::shared())>);

TEST(Contract, Time) {
  mc::testing::ManualTimeSource source(mc::UtcTime(1'774'746'000s));
  source.advance(1s);
  source.step_utc(-1s);
  source.set_utc(mc::UtcTime(1'774'746'000s));
  const mc::TimeSource& base = source;
  static_assert(noexcept(base.now_utc())&& noexcept(base.now_steady()));
  EXPECT_EQ(base.now_utc(), mc::UtcTime(1'774'746'000s));
  EXPECT_EQ(base.now_steady(), mc::SteadyTime(1s));
  static_assert(noexcept(base.read()));
  const mc::TimeReading reading = base.read();
  const auto [read_utc, read_steady] = reading;
  EXPECT_EQ(reading.to_utc(read_steady + 1s), read_utc + 1s);
  EXPECT_EQ(reading.to_steady(read_utc - 1s), read_steady - 1s);
  std::vector<mc::TimeChange::Kind> changes;
  {
    const mc::TimeSubscription subscription =
        source.subscribe([&](const mc::TimeChange& change) { changes.push_back(change.kind); });
    source.step_utc(0s);
    EXPECT_FALSE(source.advance(-1ns));
  }
  source.advance(0s);
  EXPECT_EQ(changes, std::vector{mc::TimeChange::Kind::kStep});
  mc::CountingTimeSource counted(source);
  EXPECT_EQ(counted.now_utc(), base.now_utc());

  const std::string text = mc::to_rfc3339(base.now_utc());
  const absl::StatusOr<mc::UtcTime> read = mc::parse_rfc3339(std::string_view(text));
  EXPECT_EQ(read.value(), base.now_utc());
  EXPECT_EQ(mc::to_rfc3339(base.now_utc(), 0), "2026-03-29T01:00:00Z");
  char buffer[mc::kRfc3339Size];
  EXPECT_EQ(mc::write_rfc3339(buffer, base.now_utc()), text);
  const absl::StatusOr<mc::LocalTime> wall = mc::parse_local_time("2026-03-29 06:00");
  EXPECT_EQ(mc::to_rfc3339(wall.value()), "2026-03-29T06:00:00.000000000");
  const absl::StatusOr<nanoseconds> duration = mc::parse_duration("1h30m");
  EXPECT_EQ(duration.value(), mc::parse_duration("PT1H30M").value());

  const mc::TaiTime tai = mc::to_tai(base.now_utc());
  EXPECT_EQ(tai.time_since_epoch() - base.now_utc().time_since_epoch(), 37s);
  const mc::UtcTime utc = mc::to_utc(tai);
  EXPECT_EQ(utc, base.now_utc());
  EXPECT_EQ(mc::to_utc(mc::to_tai(utc)), utc);
  EXPECT_FALSE(mc::to_utc(tai).leap_second);
  EXPECT_EQ(mc::to_utc(tai).coverage, mc::LeapCoverage::kCovered);
  const mc::UtcTime expiry = mc::leap_seconds_expiry();
  EXPECT_GT(expiry, utc);
}

// zones/
static_assert(sizeof(mc::Zone) == sizeof(void*) && std::is_trivially_copyable_v<mc::Zone>);

TEST(Contract, Zones) {
  mc::ZoneCache cache;
  const absl::StatusOr<mc::Zone> found = cache.find(std::string_view("Europe/Dublin"));
  const mc::Zone zone = *found;
  const mc::UtcTime t(1'774'746'000s);  // 2026-03-29T01:00:00Z
  static_assert(noexcept(zone.name())&& noexcept(zone.offset_at(t))&& noexcept(zone.to_local(t)));
  static_assert(is<std::string_view, decltype(zone.name())>);
  const auto [offset, daylight, abbreviation, begin, end] = zone.offset_at(t);
  EXPECT_EQ(offset, 1h);
  EXPECT_TRUE(daylight);
  EXPECT_EQ(abbreviation, "IST");
  EXPECT_TRUE(begin <= t && t < end);
  const mc::LocalTime local = zone.to_local(t);
  const mc::LocalResolution resolution = zone.resolve(local);
  static_assert(noexcept(zone.resolve(local)));
  EXPECT_EQ(resolution.kind, mc::LocalResolution::kUnique);
  EXPECT_NE(mc::LocalResolution::kFold, resolution.kind);
  EXPECT_EQ(resolution.earlier, resolution.later);
  EXPECT_EQ(zone.resolve(local - 30min).kind, mc::LocalResolution::kGap);
  EXPECT_EQ(zone.resolve(local - 30min).transition, t);
  for (const mc::Resolve policy :
       {mc::Resolve::kReject, mc::Resolve::kCompatible, mc::Resolve::kEarlier, mc::Resolve::kLater,
        mc::Resolve::kSnap}) {
    const absl::StatusOr<mc::UtcTime> utc = zone.to_utc(local, policy);
    EXPECT_EQ(utc.value(), t);
  }
  static_assert(noexcept(cache.find_or_utc("Mars/Base")));
  EXPECT_EQ(cache.find_or_utc("Mars/Base").name(), "UTC");
  EXPECT_EQ(cache.find("Mars/Base").status().message(), "Invalid timezone 'Mars/Base'");
  EXPECT_TRUE(cache.hits() == 0 && cache.misses() == 3 && cache.fallbacks() == 1);
  cache.clear();
  EXPECT_EQ(zone.offset_at(t).offset, 1h);

  const mc::ZonedTime time{t, zone};
  static_assert(is<mc::ZonedTime, mc::BasicZonedTime<nanoseconds>>);
  EXPECT_EQ(time.utc, t);
  EXPECT_EQ(time.zone, zone);
  EXPECT_EQ(time.offset, 1h);
  EXPECT_EQ(time.local(), local);
  EXPECT_EQ(time.abbreviation(), "IST");
  EXPECT_EQ(mc::to_rfc3339(time), "2026-03-29T02:00:00.000000000+01:00");
  const std::string text = mc::to_rfc9557(time);
  const absl::StatusOr<mc::ZonedTime> read = mc::parse_rfc9557(text, cache);
  EXPECT_EQ(read.value(), time);

  const mc::BroadcastDay day = mc::broadcast_day_at(t, zone, 6h);
  static_assert(is<std::chrono::year_month_day, decltype(day.date)>);
  EXPECT_EQ(day.end - day.begin, 23h);
}

// frames/
TEST(Contract, Frames) {
  const mc::FrameRate rate{30000, 1001};
  EXPECT_EQ(rate, mc::k29_97);
  for (const mc::FrameRate preset :
       {mc::k23_976, mc::k24, mc::k25, mc::k29_97, mc::k30, mc::k47_95, mc::k48, mc::k50,
        mc::k59_94, mc::k60, mc::k100, mc::k119_88, mc::k120}) {
    EXPECT_GT(preset.numerator, 0);
    EXPECT_GT(preset.denominator, 0);
    const std::int64_t index = mc::frame_index(nanoseconds(1h), preset);
    const nanoseconds start = mc::frame_start(index, preset);
    EXPECT_EQ(mc::frame_index(start, preset), index);
  }
  const std::int64_t since_ptp_epoch = mc::frame_index(mc::TaiTime(1'790'510'437s), mc::k25);
  EXPECT_EQ(since_ptp_epoch, std::int64_t{1'790'510'437} * 25);
  EXPECT_EQ(mc::frame_start<mc::TaiTime>(since_ptp_epoch, mc::k25), mc::TaiTime(1'790'510'437s));

  const absl::StatusOr<mc::Timecode> parsed = mc::Timecode::parse("01:00:00;00", mc::k29_97);
  const absl::StatusOr<mc::Timecode> made =
      mc::Timecode::make(1, 0, 0, 0, mc::k29_97, mc::DropFrame::kYes);
  const absl::StatusOr<mc::Timecode> counted =
      mc::Timecode::from_frame(107'892, mc::k29_97, mc::DropFrame::kYes);
  EXPECT_EQ(*parsed, *made);
  EXPECT_EQ(*parsed, *counted);
  EXPECT_EQ(parsed->frame(), 107'892);
  EXPECT_EQ(parsed->to_string(), "01:00:00;00");
  EXPECT_EQ((*parsed + 1).frame(), 107'893);
  EXPECT_EQ((*parsed - 1).frame(), 107'891);
  EXPECT_EQ(*parsed + 1 - *parsed, 1);
  EXPECT_EQ(parsed->since_midnight(), mc::frame_start(107'892, mc::k29_97));
  constexpr mc::Timecode literal = mc::timecode("01:00:00;00", mc::k29_97);
  static_assert(noexcept(literal.frame())&& noexcept(literal.since_midnight()));
  EXPECT_EQ(literal, *parsed);
  EXPECT_EQ(mc::timecode("00:00:00:000", mc::k120).to_string(), "00:00:00:000");
  EXPECT_TRUE(*parsed < *parsed + 1);
  mc::ZoneCache zones;
  const mc::Timecode house =
      mc::time_of_day_timecode(mc::UtcTime(1'774'746'000s), zones.find("Europe/Dublin").value(),
                               mc::k25, mc::DropFrame::kNo, 0h);
  EXPECT_EQ(house.to_string().size(), 11u);

  const mc::UtcTime start(1'000s);
  const mc::JoinPoint join = mc::join_at(start, start + 90min + 1ms, mc::k25);
  EXPECT_EQ(join.offset, 90min + 1ms);
  EXPECT_EQ(join.frame, 135'000);
  EXPECT_EQ(join.into_frame, 1ms);
  EXPECT_EQ(join.until_next_frame, 39ms);
}

// events/
static_assert(std::is_trivially_copyable_v<mc::EventHandle>);
static_assert(!std::is_copy_constructible_v<mc::ScopedEvent> &&
              std::is_nothrow_move_constructible_v<mc::ScopedEvent>);
static_assert(is<mc::DueTime, std::variant<mc::UtcTime, mc::After, mc::SteadyTime, mc::LocalDue>>);
static_assert(is<mc::Repeat, std::variant<mc::Every, mc::Daily>>);

TEST(Contract, Events) {
  mc::testing::ManualTimeSource source(mc::UtcTime(1'000s));
  mc::EventScheduler scheduler(source);
  mc::EventRequest request;
  request.id = "news";
  request.due = source.now_utc() + 1s;
  request.type = "programme";
  request.payload = "{}";
  request.action = [](const mc::FiredEvent&) {};
  request.on_duplicate = mc::OnDuplicate::kReplace;
  ASSERT_TRUE(scheduler.schedule(std::move(request)).ok());
  EXPECT_EQ(scheduler.schedule({.id = "news", .due = source.now_utc()}).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(scheduler.schedule({.due = mc::After{-1ns}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(scheduler.schedule({.due = source.now_utc(), .repeat = mc::Daily{}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(scheduler
                  .schedule({.due = source.now_steady() + 1h,
                             .repeat = mc::Every{1h},
                             .on_misfire = mc::OnMisfire::kSkip})
                  .ok());
  const mc::LocalDue wall{mc::LocalTime(2'000s), mc::Zone(), mc::Resolve::kReject};
  ASSERT_TRUE(scheduler.schedule({.id = "wall", .due = wall}).ok());
  {
    mc::Dispatcher dispatcher(scheduler);
    dispatcher.start();
    source.advance(1s);
    dispatcher.stop();
  }
  EXPECT_EQ(scheduler.counters().fired, 1u);
}

TEST(Contract, EventsOfALoop) {
  mc::testing::ManualTimeSource source(mc::UtcTime(1'000s));
  mc::EventScheduler scheduler(source);
  int earlier = 0;
  const auto attached = scheduler.attach(std::function<void()>([&] { ++earlier; }));
  std::vector<mc::EventRequest> requests(2);
  requests[0] = {.due = mc::After{2s}, .max_lateness = 1s, .on_duplicate = mc::OnDuplicate::kKeep};
  requests[1] = {
      .due = mc::LocalDue{.local = mc::LocalTime(1'003s), .zone = mc::Zone()},
      .repeat =
          mc::Daily{.days = mc::kEveryDay, .gap = mc::OnGap::kResolve, .fold = mc::OnFold::kOnce},
      .on_misfire = mc::OnMisfire::kRunLast};
  const absl::StatusOr<std::vector<mc::EventHandle>> handles =
      scheduler.schedule_all(std::move(requests));
  ASSERT_EQ(handles->size(), 2u);
  EXPECT_GT(earlier, 0);
  const mc::EventHandle first = handles->front();
  EXPECT_EQ(mc::EventHandle::from_uint64(first.to_uint64()), first);
  {
    absl::StatusOr<mc::ScopedEvent> scoped = scheduler.schedule_scoped({.due = mc::After{1s}});
    const mc::ScopedEvent owner = *std::move(scoped);
    EXPECT_EQ(scheduler.until_next(), 1s);
  }
  EXPECT_EQ(scheduler.until_next(), 2s);
  ASSERT_TRUE(scheduler.reschedule(first, mc::UtcTime(1'001s)).ok());
  const std::vector<mc::ScheduledEvent> pending =
      scheduler.pending(mc::UtcTime(1'001s), mc::UtcTime(1'003s));
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].due, mc::UtcTime(1'001s));
  source.advance(1s);
  EXPECT_EQ(scheduler.run_due(), 1u);
  EXPECT_TRUE(scheduler.trigger().empty());
  const std::size_t fired = mc::simulate_until(source, scheduler, mc::UtcTime(1'003s) + 48h,
                                               [](const mc::SimulationProgress&) { return true; });
  EXPECT_EQ(fired, 3u);
  EXPECT_TRUE(scheduler.cancel(handles->back()));
}

// sync/
static_assert(std::is_abstract_v<mc::SyncProvider>);
static_assert(std::is_base_of_v<mc::SyncProvider, mc::KernelSyncProvider> &&
              std::is_base_of_v<mc::SyncProvider, mc::ChronySyncProvider> &&
              std::is_base_of_v<mc::SyncProvider, mc::LinuxPtpSyncProvider> &&
              std::is_base_of_v<mc::SyncProvider, mc::SimulatedSyncProvider>);
static_assert(std::is_default_constructible_v<mc::KernelSyncProvider> &&
              std::is_default_constructible_v<mc::ChronySyncProvider> &&
              std::is_default_constructible_v<mc::LinuxPtpSyncProvider>);
static_assert(std::is_base_of_v<mc::TimeSource, mc::DisciplinedTimeSource> &&
              std::is_final_v<mc::DisciplinedTimeSource> &&
              std::is_base_of_v<mc::TimeSource, mc::TscTimeSource>);
static_assert(mc::TscOptions{}.ordering == mc::TscOrdering::kUnordered);

TEST(Contract, Sync) {
  const mc::SyncReading reading;
  static_assert(is<mc::SyncState, decltype(reading.state)>);
  static_assert(is<nanoseconds, decltype(reading.error_bound)>);
  static_assert(is<std::optional<int>, decltype(reading.tai_offset)>);
  static_assert(is<std::string_view, decltype(reading.provenance)>);
  for (const mc::SyncState state : {mc::SyncState::kUnknown, mc::SyncState::kSynchronized,
                                    mc::SyncState::kFreeRunning, mc::SyncState::kDisrupted}) {
    const mc::TimeBounds early{mc::UtcTime(1s), mc::UtcTime(2s), state};
    const mc::TimeBounds late{mc::UtcTime(2s) + 1ns, mc::UtcTime(3s), state};
    EXPECT_TRUE(mc::definitely_before(early, late));
    EXPECT_FALSE(mc::definitely_before({early.earliest, late.earliest, state}, late));
  }

  mc::testing::ManualTimeSource machine(mc::UtcTime(1'000s));
  mc::SimulatedSyncProvider provider;
  mc::SyncProvider& asked = provider;
  mc::DisciplinedTimeSource source(machine, asked);
  mc::MasterClock clock(source, {.sync = &asked, .holdover = {.drift = mc::drift_ppm(1)}});
  provider.set({.state = mc::SyncState::kSynchronized, .error_bound = 10us});
  source.refresh();
  clock.refresh_sync();
  const mc::MasterClock& reader = clock;
  static_assert(noexcept(reader.now_bounded()));
  static_assert(is<mc::TimeBounds, decltype(reader.now_bounded())>);
  {
    mc::SyncThread polling(source);
    polling.start();
    polling.stop();
  }
  machine.advance(2s);
  EXPECT_EQ(reader.now_bounded().state, mc::SyncState::kSynchronized);
  EXPECT_EQ(reader.now_bounded().earliest, mc::UtcTime(1'002s) - 12us);
  EXPECT_EQ(reader.now_bounded().latest, mc::UtcTime(1'002s) + 12us);
}

// master_clock.h
template <class P>
using Clock = mc::BasicMasterClock<P>;
template <class P>
using Utc = decltype(std::declval<const Clock<P>&>().now_utc());
static_assert(is<mc::MasterClock, mc::BasicMasterClock<mc::NanosecondPrecision>>);
static_assert(is<std::chrono::sys_seconds, Utc<mc::SecondPrecision>>);
static_assert(is<mc::UtcTime, Utc<mc::NanosecondPrecision>>);

TEST(Contract, MasterClock) {
  const mc::MasterClock of_the_machine;
  EXPECT_EQ(&of_the_machine.source(), &mc::SystemTimeSource::shared());

  mc::testing::ManualTimeSource source(mc::UtcTime(1'774'746'000s));
  mc::MasterClock clock(source, mc::MasterClockOptions{});
  const mc::MasterClock& reader = clock;
  const mc::Zone dublin = reader.zone("Europe/Dublin").value();
  static_assert(noexcept(reader.now_utc())&& noexcept(reader.now_local(dublin)));
  const mc::UtcTime past;
  static_assert(noexcept(reader.seconds_since(past))&& noexcept(reader.elapsed_since(past)));
  const mc::ZonedTime wall = reader.now_local(dublin);
  const absl::StatusOr<mc::ZonedTime> by_name = reader.now_local(std::string_view("Europe/Dublin"));
  EXPECT_EQ(wall, *by_name);
  const double seconds = reader.seconds_since(source.now_utc() + 1s);
  EXPECT_EQ(seconds, 0.0);
  const nanoseconds elapsed = reader.elapsed_since(source.now_utc() + 1s);
  EXPECT_EQ(elapsed, -1s);
  const absl::StatusOr<mc::ZonedTime> local =
      reader.convert_timezone(mc::LocalTime(0s), "Europe/Dublin", "Asia/Tokyo");
  EXPECT_EQ(local->offset, 9h);
  const absl::StatusOr<mc::ZonedTime> utc = reader.convert_timezone(mc::UtcTime(0s), "Asia/Tokyo");
  EXPECT_EQ(utc->offset, 9h);
  const absl::StatusOr<mc::TimezoneInfo> info = reader.get_timezone_info("Europe/Dublin");
  EXPECT_TRUE(info->offset == 1h && info->abbreviation == "IST" && info->daylight);
  EXPECT_TRUE(info->next_change.has_value());

  {
    const absl::StatusOr<mc::ScopedEvent> scoped =
        clock.schedule_scoped_event({.due = source.now_utc()});
    EXPECT_TRUE(scoped.ok());
    EXPECT_EQ(reader.until_next_event(), 0s);
  }
  ASSERT_TRUE(clock.schedule_event(source.now_utc(), [](const mc::FiredEvent&) {}).ok());
  EXPECT_EQ(clock.run_due(), 1u);
  const absl::StatusOr<mc::EventHandle> handle =
      clock.schedule_event({.id = "a", .due = source.now_utc() + 1s});
  const absl::Status by_handle = clock.reschedule_event(*handle, source.now_utc() + 2s);
  const absl::Status by_id = clock.reschedule_event("a", source.now_utc() + 3s);
  EXPECT_TRUE(by_handle.ok() && by_id.ok());
  const std::vector<mc::ScheduledEvent> pending =
      reader.get_scheduled_events(source.now_utc(), source.now_utc() + 1h);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_TRUE(pending[0].handle == *handle && pending[0].id == "a");
  const std::optional<mc::UtcTime> next = reader.next_event_time();
  EXPECT_EQ(next, source.now_utc() + 3s);
  EXPECT_EQ(clock.cancel_events(source.now_utc(), source.now_utc() + 1s), 0u);
  EXPECT_TRUE(clock.cancel_event(*handle));
  EXPECT_FALSE(clock.cancel_event(std::string_view("a")));
  const std::vector<mc::FiredEvent> fired = clock.trigger_scheduled_events();
  EXPECT_TRUE(fired.empty());
  const std::vector<std::string> cached = reader.cached_timezones();
  EXPECT_EQ(cached.size(), 2u);
  clock.clear_timezone_cache();
  const mc::ConsistencyReport report = reader.validate_time_consistency();
  EXPECT_FALSE(report.checks.empty());
  EXPECT_EQ(clock.zones().find_or_utc("Mars/Base"), mc::Zone());
  const mc::ClockMetrics metrics = reader.metrics();
  EXPECT_GT(metrics.zone_hits, 0u);
  EXPECT_EQ(metrics.zone_misses, 3u);
  EXPECT_EQ(metrics.zone_fallbacks, 1u);
  EXPECT_EQ(metrics.events_scheduled, 3u);
  EXPECT_EQ(metrics.events_fired, 1u);
  EXPECT_EQ(metrics.events_cancelled, 2u);
  EXPECT_EQ(metrics.events_late, 0u);
  EXPECT_EQ(metrics.events_dropped, 0u);
  EXPECT_EQ(metrics.events_skipped, 0u);
  EXPECT_EQ(metrics.events_failed, 0u);
  EXPECT_EQ(metrics.events_pending, 0u);
}

// Values

// Abseil before 2023 has no AbslStringify. A newer one calls it with such a sink.
struct Sink {
  std::string text;
  void Append(std::string_view more) { text += more; }
};

template <class T>
void expect_prints(const T& value, std::string_view text) {
  std::ostringstream stream;
  stream << value;
  EXPECT_EQ(stream.str(), text);
  EXPECT_EQ(to_string(value), text);
  Sink sink;
  AbslStringify(sink, value);
  EXPECT_EQ(sink.text, text);
}

// Returns the number of different keys, which each container counts alike.
template <class T>
std::size_t count_keys(const std::vector<T>& values) {
  const std::size_t ordered = std::set<T>(values.begin(), values.end()).size();
  EXPECT_EQ((std::unordered_set<T>(values.begin(), values.end()).size()), ordered);
  EXPECT_EQ((absl::flat_hash_set<T>(values.begin(), values.end()).size()), ordered);
  return ordered;
}

TEST(Contract, Values) {
  mc::ZoneCache zones;
  const mc::Zone dublin = zones.find("Europe/Dublin").value();
  const mc::UtcTime t(1'774'746'000s);
  const mc::ZonedTime zoned(t, dublin);
  const mc::BroadcastDay day = mc::broadcast_day_at(t, dublin, 6h);
  const mc::Timecode code = mc::timecode("10:00:00:00", mc::k25);

  expect_prints(dublin, "Europe/Dublin");
  expect_prints(dublin.offset_at(t),
                "+01:00 IST daylight from 2026-03-29T01:00:00Z to 2026-10-25T01:00:00Z");
  expect_prints(zoned, "2026-03-29T02:00:00.000000000+01:00[Europe/Dublin]");
  expect_prints(day, "2026-03-28 from 2026-03-28T06:00:00Z to 2026-03-29T05:00:00Z");
  expect_prints(mc::k29_97, "29.97");
  expect_prints(code, "10:00:00:00");
  expect_prints(mc::join_at(t, t + 1s, mc::k25), "frame 25 + 0 ns, at 1000000000 ns");
  expect_prints(mc::EventHandle::from_uint64(7), "7");
  expect_prints(mc::bounds_around(t, 0s, mc::SyncState::kSynchronized),
                "2026-03-29T01:00:00.000000000Z/2026-03-29T01:00:00.000000000Z synchronized");
  expect_prints(mc::SyncState::kFreeRunning, "free-running");
  expect_prints(mc::Resolve::kSnap, "snap");
  expect_prints(mc::LocalResolution::kGap, "gap");
  expect_prints(mc::DropFrame::kYes, "drop-frame");
  expect_prints(mc::OnMisfire::kRunLast, "run-last");
  expect_prints(mc::OnDuplicate::kKeep, "keep");
  expect_prints(mc::OnGap::kSkip, "skip");
  expect_prints(mc::OnFold::kTwice, "twice");
  expect_prints(mc::LeapCoverage::kCovered, "covered");
  expect_prints(mc::TimeChange::Kind::kStep, "step");
  expect_prints(mc::TscOrdering::kOrdered, "ordered");
  expect_prints(mc::BackwardStep::kHold, "hold");

  EXPECT_EQ(count_keys<mc::Zone>({dublin, mc::Zone(), dublin}), 2u);
  EXPECT_EQ(count_keys<mc::ZonedTime>({zoned, {t, mc::Zone()}, zoned}), 2u);
  EXPECT_EQ(count_keys<mc::BroadcastDay>({day, day}), 1u);
  EXPECT_EQ(count_keys<mc::FrameRate>({mc::k25, {50, 2}, mc::k24}), 2u);
  EXPECT_EQ(count_keys<mc::Timecode>({code, code, code + 1}), 2u);
  EXPECT_EQ(count_keys<mc::EventHandle>({mc::EventHandle(), mc::EventHandle::from_uint64(7)}), 2u);
}

}  // namespace
