// The names and meanings that programs rely on, each used once as a program would: what compiles here
// goes on compiling. The tests of each part prove that it is right; these prove that it is there.
#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

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
static_assert(std::is_abstract_v<mc::TimeSource> && std::is_final_v<mc::SystemTimeSource>);
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
  mc::CountingTimeSource counted(source);
  EXPECT_EQ(counted.now_utc(), base.now_utc());

  const std::string text = mc::to_rfc3339(base.now_utc());
  const absl::StatusOr<mc::UtcTime> read = mc::parse_rfc3339(std::string_view(text));
  EXPECT_EQ(read.value(), base.now_utc());

  const mc::TaiTime tai = mc::to_tai(base.now_utc());
  EXPECT_EQ(tai.time_since_epoch() - base.now_utc().time_since_epoch(), 37s);
  const mc::UtcTime utc = mc::to_utc(tai);
  EXPECT_EQ(utc, base.now_utc());
  EXPECT_EQ(mc::to_utc(mc::to_tai(utc)), utc);
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
  cache.clear();

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
              std::is_final_v<mc::DisciplinedTimeSource>);

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
  const mc::ClockMetrics metrics = reader.metrics();
  EXPECT_TRUE(metrics.zone_hits > 0 && metrics.zone_misses == 2 && metrics.events_scheduled == 1 &&
              metrics.events_fired == 0 && metrics.events_cancelled == 1 &&
              metrics.events_late == 0 && metrics.events_failed == 0 &&
              metrics.events_pending == 0);
}

}  // namespace
