#include "masterclock_c.h"

#include <cxxabi.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "masterclock/events/dispatcher.h"
#include "masterclock/events/simulate.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/frames/timecode.h"
#include "masterclock/master_clock.h"
#include "masterclock/sync/providers/chrony.h"
#include "masterclock/sync/providers/kernel.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"

namespace mc = masterclock;
using std::chrono::nanoseconds;

struct mc_clock {
  mc_clock(std::unique_ptr<mc::testing::ManualTimeSource> simulated_time,
           std::unique_ptr<mc::SyncProvider> sync, mc::MasterClockOptions options)
      : simulated(std::move(simulated_time)),
        provider(std::move(sync)),
        clock(simulated ? static_cast<mc::TimeSource&>(*simulated) : mc::SystemTimeSource::shared(),
              (options.sync = provider.get(), std::move(options))),
        dispatcher(clock.scheduler()) {}

  const std::unique_ptr<mc::testing::ManualTimeSource> simulated;  // null on the system's time
  const std::unique_ptr<mc::SyncProvider> provider;
  mc::MasterClock clock;
  mc::Dispatcher dispatcher;  // ends first
};

namespace {

// A fixed size, so that a failure to allocate can be reported.
thread_local char last_error[512];

mc_status fail(mc_status status, absl::string_view message) noexcept {
  const std::size_t size = std::min(message.size(), sizeof last_error - 1);
  std::memcpy(last_error, message.data(), size);
  last_error[size] = '\0';
  return status;
}

mc_status status_of(absl::StatusCode code) noexcept {
  switch (code) {
    case absl::StatusCode::kOk: return MC_OK;
    case absl::StatusCode::kInvalidArgument: return MC_INVALID_ARGUMENT;
    case absl::StatusCode::kNotFound: return MC_NOT_FOUND;
    case absl::StatusCode::kAlreadyExists: return MC_ALREADY_EXISTS;
    case absl::StatusCode::kFailedPrecondition: return MC_FAILED_PRECONDITION;
    case absl::StatusCode::kOutOfRange: return MC_OUT_OF_RANGE;
    case absl::StatusCode::kResourceExhausted: return MC_RESOURCE_EXHAUSTED;
    case absl::StatusCode::kDataLoss: return MC_DATA_LOSS;
    default: return MC_INTERNAL;
  }
}

mc_status fail(const absl::Status& status) noexcept {
  return status.ok() ? MC_OK : fail(status_of(status.code()), status.message());
}

// Calls `body`, which returns an mc_status or a Status. No exception leaves the library, except the one
// that unwinds a thread whose callback has called pthread_exit.
template <class Body>
mc_status guarded(Body&& body) {
  try {
    if constexpr (std::is_same_v<decltype(body()), absl::Status>) {
      return fail(body());
    } else {
      return body();
    }
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (const std::bad_alloc&) {
    return fail(MC_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::system_error& error) {
    const bool own_thread = error.code() == std::errc::resource_deadlock_would_occur;
    return fail(own_thread ? MC_FAILED_PRECONDITION : MC_RESOURCE_EXHAUSTED, error.what());
  } catch (...) {
    return fail(MC_INTERNAL, "an unexpected exception");
  }
}

absl::Status null(const char* name) {
  return absl::InvalidArgumentError(std::string(name) + " is null");
}

// Returns the failure of a null pointer or of a struct of another version.
template <class Struct>
std::optional<mc_status> refused(const Struct* given, const char* name) {
  if (given == nullptr) return fail(null(name));
  if (given->version != MC_VERSION_OF(Struct)) {
    const auto text = [](uint32_t version) {
      return "interface " + std::to_string(version >> 16) + " and " +
             std::to_string(version & 0xffff) + " bytes";
    };
    return fail(MC_WRONG_VERSION, std::string(name) + ": `version` says " + text(given->version) +
                                      ", expected " + text(MC_VERSION_OF(Struct)));
  }
  return std::nullopt;
}

mc::UtcTime utc_of(int64_t count) { return mc::UtcTime(nanoseconds(count)); }
int64_t count_of(mc::UtcTime utc) { return utc.time_since_epoch().count(); }
mc::FrameRate rate_of(mc_rate rate) { return {rate.numerator, rate.denominator}; }

template <class Value, class Out>
absl::Status take(const absl::StatusOr<Value>& value, Out&& out) {
  if (value.ok()) out(*value);
  return value.status();
}

absl::Status copy_text(std::string_view text, char* buffer, size_t size) {
  if (buffer == nullptr) return null("buffer");
  if (size <= text.size()) {
    return absl::OutOfRangeError("the buffer has " + std::to_string(size) + " bytes, needed are " +
                                 std::to_string(text.size() + 1));
  }
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  return absl::OkStatus();
}

absl::Status check_digits(int digits) {
  if (digits >= 0 && digits <= 9) return absl::OkStatus();
  return absl::InvalidArgumentError("digits is " + std::to_string(digits) + ", expected 0 to 9");
}

absl::StatusOr<mc::Resolve> resolve_of(int32_t policy) {
  switch (policy) {
    case MC_REJECT: return mc::Resolve::kReject;
    case MC_COMPATIBLE: return mc::Resolve::kCompatible;
    case MC_EARLIER: return mc::Resolve::kEarlier;
    case MC_LATER: return mc::Resolve::kLater;
    case MC_SNAP: return mc::Resolve::kSnap;
    default:
      return absl::InvalidArgumentError("no mc_resolve has the number " + std::to_string(policy));
  }
}

absl::StatusOr<mc::Weekdays> weekdays_of(uint32_t bits) {
  if (bits > 0x7f) return absl::InvalidArgumentError("weekdays has a bit above 6");
  mc::Weekdays days = {};
  bool first = true;
  for (unsigned day = 0; day < 7; ++day) {
    if ((bits >> day & 1) == 0) continue;
    const mc::Weekdays one = {std::chrono::weekday(day)};
    days = std::exchange(first, false) ? one : days | one;
  }
  return days;
}

absl::AnyInvocable<void(const mc::FiredEvent&)> action_of(mc_callback callback, void* user) {
  return [callback, user](const mc::FiredEvent& event) {
    const mc_fired fired = {.version = MC_VERSION_OF(mc_fired),
                            .reserved = 0,
                            .id = event.id.c_str(),
                            .due = count_of(event.due),
                            .fired = count_of(event.fired),
                            .lateness = event.lateness.count(),
                            .skipped = event.skipped};
    callback(&fired, user);
  };
}

// Reads the members that a plain due time does not need.
absl::StatusOr<mc::EventRequest> request_of(mc_clock& clock, const mc_event_request& given) {
  mc::EventRequest request;
  if (given.callback == nullptr) return null("callback");
  if (given.reserved != 0) return absl::InvalidArgumentError("reserved is not 0");
  if (given.id != nullptr) request.id = given.id;
  if ((given.local == nullptr) != (given.zone == nullptr)) {
    return absl::InvalidArgumentError("a local time needs both `local` and `zone`");
  }
  request.due = utc_of(given.due);
  if (given.local != nullptr) {
    const absl::StatusOr<mc::LocalTime> local = mc::parse_local_time(given.local);
    if (!local.ok()) return local.status();
    const absl::StatusOr<mc::Zone> zone = clock.clock.zone(given.zone);
    if (!zone.ok()) return zone.status();
    const absl::StatusOr<mc::Resolve> resolve = resolve_of(given.resolve);
    if (!resolve.ok()) return resolve.status();
    request.due = mc::LocalDue{*local, *zone, *resolve};
  }
  if (given.weekdays != 0) {
    if (given.every != 0) {
      return absl::InvalidArgumentError("an event repeats by `every` or by `weekdays`, not both");
    }
    const absl::StatusOr<mc::Weekdays> days = weekdays_of(given.weekdays);
    if (!days.ok()) return days.status();
    request.repeat = mc::Daily{*days};
  } else if (given.every != 0) {
    request.repeat = mc::Every{nanoseconds(given.every)};
  }
  if (given.max_lateness < 0) return absl::InvalidArgumentError("max_lateness is negative");
  if (given.max_lateness > 0) request.max_lateness = nanoseconds(given.max_lateness);
  request.action = action_of(given.callback, given.user);
  return request;
}

absl::Status check(const mc_clock_options& options) {
  if (options.reserved != 0) return absl::InvalidArgumentError("reserved is not 0");
  if (options.sync < MC_SYNC_NONE || options.sync > MC_SYNC_CHRONY) {
    return absl::InvalidArgumentError("no mc_sync has the number " + std::to_string(options.sync));
  }
  if (options.simulated != 0 && options.sync != MC_SYNC_NONE) {
    return absl::InvalidArgumentError("a simulated clock has no provider");
  }
  return absl::OkStatus();
}

std::unique_ptr<mc::SyncProvider> provider_of(int32_t sync) {
  if (sync == MC_SYNC_KERNEL) return std::make_unique<mc::KernelSyncProvider>();
  if (sync == MC_SYNC_CHRONY) return std::make_unique<mc::ChronySyncProvider>();
  return nullptr;
}

absl::StatusOr<mc::testing::ManualTimeSource*> simulated_time(mc_clock* clock) {
  if (clock == nullptr) return null("clock");
  if (clock->simulated) return clock->simulated.get();
  return absl::FailedPreconditionError("the clock is not simulated");
}

}  // namespace

uint32_t mc_abi_version(void) { return MC_ABI_VERSION; }

const char* mc_status_name(mc_status status) {
  switch (status) {
    case MC_OK: return "OK";
    case MC_INVALID_ARGUMENT: return "INVALID_ARGUMENT";
    case MC_NOT_FOUND: return "NOT_FOUND";
    case MC_ALREADY_EXISTS: return "ALREADY_EXISTS";
    case MC_FAILED_PRECONDITION: return "FAILED_PRECONDITION";
    case MC_OUT_OF_RANGE: return "OUT_OF_RANGE";
    case MC_RESOURCE_EXHAUSTED: return "RESOURCE_EXHAUSTED";
    case MC_DATA_LOSS: return "DATA_LOSS";
    case MC_WRONG_VERSION: return "WRONG_VERSION";
    case MC_INTERNAL: return "INTERNAL";
  }
  return "UNKNOWN";
}

const char* mc_last_error(void) { return last_error; }

mc_status mc_clock_create(const mc_clock_options* options, mc_clock** clock) {
  return guarded([&]() -> mc_status {
    static const mc_clock_options defaults = MC_CLOCK_OPTIONS_INIT;
    if (options == nullptr) options = &defaults;
    if (const auto failure = refused(options, "options")) return *failure;
    if (clock == nullptr) return fail(null("clock"));
    if (const absl::Status wrong = check(*options); !wrong.ok()) return fail(wrong);
    mc::MasterClockOptions clock_options;
    if (options->max_pending > 0) clock_options.max_pending = options->max_pending;
    auto simulated = options->simulated != 0
                         ? std::make_unique<mc::testing::ManualTimeSource>(utc_of(options->start))
                         : nullptr;
    *clock =
        new mc_clock(std::move(simulated), provider_of(options->sync), std::move(clock_options));
    return MC_OK;
  });
}

void mc_clock_destroy(mc_clock* clock) { delete clock; }

int64_t mc_now_utc(const mc_clock* clock) { return count_of(clock->clock.now_utc()); }

int64_t mc_now_steady(const mc_clock* clock) {
  return clock->clock.source().now_steady().time_since_epoch().count();
}

mc_status mc_now_bounded(const mc_clock* clock, mc_bounds* bounds) {
  return guarded([&]() -> mc_status {
    if (clock == nullptr) return fail(null("clock"));
    if (const auto failure = refused(bounds, "bounds")) return *failure;
    const mc::TimeBounds now = clock->clock.now_bounded();
    bounds->earliest = count_of(now.earliest);
    bounds->latest = count_of(now.latest);
    switch (now.state) {
      case mc::SyncState::kUnknown: bounds->state = MC_UNKNOWN; break;
      case mc::SyncState::kSynchronized: bounds->state = MC_SYNCHRONIZED; break;
      case mc::SyncState::kFreeRunning: bounds->state = MC_FREE_RUNNING; break;
      case mc::SyncState::kDisrupted: bounds->state = MC_DISRUPTED; break;
    }
    return MC_OK;
  });
}

mc_status mc_refresh_sync(mc_clock* clock) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    clock->clock.refresh_sync();
    return absl::OkStatus();
  });
}

mc_status mc_advance(mc_clock* clock, int64_t elapsed) {
  return guarded([&] {
    const auto time = simulated_time(clock);
    if (!time.ok()) return time.status();
    if ((*time)->advance(nanoseconds(elapsed))) return absl::OkStatus();
    return absl::InvalidArgumentError("elapsed is negative: " + std::to_string(elapsed));
  });
}

mc_status mc_simulate_until(mc_clock* clock, int64_t until, size_t* fired) {
  return guarded([&] {
    const auto time = simulated_time(clock);
    if (!time.ok()) return time.status();
    const std::size_t count = mc::simulate_until(**time, clock->clock.scheduler(), utc_of(until));
    if (fired != nullptr) *fired = count;
    return absl::OkStatus();
  });
}

mc_status mc_step_utc(mc_clock* clock, int64_t size) {
  return guarded([&] {
    return take(simulated_time(clock), [&](auto* time) { time->step_utc(nanoseconds(size)); });
  });
}

mc_status mc_local_at(mc_clock* clock, int64_t utc, const char* zone, mc_local* local) {
  return guarded([&]() -> mc_status {
    if (clock == nullptr) return fail(null("clock"));
    if (zone == nullptr) return fail(null("zone"));
    if (const auto failure = refused(local, "local")) return *failure;
    const absl::StatusOr<mc::Zone> found = clock->clock.zone(zone);
    if (!found.ok()) return fail(found.status());
    const mc::ZoneOffset offset = found->offset_at(utc_of(utc));
    const mc::LocalTime time = found->to_local(utc_of(utc));
    const auto days = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(days);
    const std::chrono::hh_mm_ss<nanoseconds> of_day(time - days);
    local->utc_offset = static_cast<int32_t>(offset.offset.count());
    local->year = static_cast<int>(date.year());
    local->month = static_cast<int32_t>(static_cast<unsigned>(date.month()));
    local->day = static_cast<int32_t>(static_cast<unsigned>(date.day()));
    local->hour = static_cast<int32_t>(of_day.hours().count());
    local->minute = static_cast<int32_t>(of_day.minutes().count());
    local->second = static_cast<int32_t>(of_day.seconds().count());
    local->nanosecond = static_cast<int32_t>(of_day.subseconds().count());
    local->weekday = static_cast<int32_t>(std::chrono::weekday(days).c_encoding());
    local->daylight = offset.daylight ? 1 : 0;
    const std::string_view name = offset.abbreviation.substr(0, sizeof local->abbreviation - 1);
    std::memcpy(local->abbreviation, name.data(), name.size());
    local->abbreviation[name.size()] = '\0';
    local->next_change = count_of(offset.end);
    return MC_OK;
  });
}

mc_status mc_local_text(mc_clock* clock, int64_t utc, const char* zone, int digits, char* buffer,
                        size_t size) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    if (zone == nullptr) return null("zone");
    if (absl::Status wrong = check_digits(digits); !wrong.ok()) return wrong;
    const absl::StatusOr<mc::Zone> found = clock->clock.zone(zone);
    if (!found.ok()) return found.status();
    char text[mc::kRfc3339Size];
    return copy_text(mc::write_rfc3339(text, mc::ZonedTime(utc_of(utc), *found), digits), buffer,
                     size);
  });
}

mc_status mc_utc_of_local(mc_clock* clock, const char* text, const char* zone, mc_resolve policy,
                          int64_t* utc) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    if (text == nullptr) return null("text");
    if (zone == nullptr) return null("zone");
    if (utc == nullptr) return null("utc");
    const absl::StatusOr<mc::Resolve> resolve = resolve_of(policy);
    if (!resolve.ok()) return resolve.status();
    const absl::StatusOr<mc::LocalTime> local = mc::parse_local_time(text);
    if (!local.ok()) return local.status();
    const absl::StatusOr<mc::Zone> found = clock->clock.zone(zone);
    if (!found.ok()) return found.status();
    return take(found->to_utc(*local, *resolve), [&](mc::UtcTime at) { *utc = count_of(at); });
  });
}

mc_status mc_utc_text(int64_t utc, int digits, char* buffer, size_t size) {
  return guarded([&] {
    if (absl::Status wrong = check_digits(digits); !wrong.ok()) return wrong;
    char text[mc::kRfc3339Size];
    return copy_text(mc::write_rfc3339(text, utc_of(utc), digits), buffer, size);
  });
}

mc_status mc_parse_utc(const char* text, int64_t* utc) {
  return guarded([&] {
    if (text == nullptr) return null("text");
    if (utc == nullptr) return null("utc");
    return take(mc::parse_rfc3339(text), [&](mc::UtcTime at) { *utc = count_of(at); });
  });
}

mc_status mc_reload_zones(mc_clock* clock) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    return clock->clock.reload_timezones().status();
  });
}

mc_status mc_schedule_at(mc_clock* clock, int64_t due, mc_callback callback, void* user,
                         mc_event* event) {
  mc_event_request request = MC_EVENT_REQUEST_INIT;
  request.due = due;
  request.callback = callback;
  request.user = user;
  return mc_schedule(clock, &request, event);
}

mc_status mc_schedule(mc_clock* clock, const mc_event_request* request, mc_event* event) {
  return guarded([&]() -> mc_status {
    if (clock == nullptr) return fail(null("clock"));
    if (const auto failure = refused(request, "request")) return *failure;
    absl::StatusOr<mc::EventRequest> wanted = request_of(*clock, *request);
    if (!wanted.ok()) return fail(wanted.status());
    return fail(take(clock->clock.schedule_event(*std::move(wanted)), [&](mc::EventHandle handle) {
      if (event != nullptr) *event = handle.to_uint64();
    }));
  });
}

mc_status mc_cancel(mc_clock* clock, mc_event event) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    if (clock->clock.cancel_event(mc::EventHandle::from_uint64(event))) return absl::OkStatus();
    return absl::NotFoundError("the event is not pending");
  });
}

mc_status mc_reschedule(mc_clock* clock, mc_event event, int64_t due) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    return clock->clock.reschedule_event(mc::EventHandle::from_uint64(event), utc_of(due));
  });
}

mc_status mc_trigger(mc_clock* clock, size_t* fired) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    const std::size_t count = clock->clock.run_due();
    if (fired != nullptr) *fired = count;
    return absl::OkStatus();
  });
}

mc_status mc_until_next(mc_clock* clock, int64_t* left) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    if (left == nullptr) return null("left");
    const std::optional<nanoseconds> next = clock->clock.until_next_event();
    if (!next) return absl::NotFoundError("no event is pending");
    *left = next->count();
    return absl::OkStatus();
  });
}

mc_status mc_start_dispatcher(mc_clock* clock) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    clock->dispatcher.start();
    return absl::OkStatus();
  });
}

mc_status mc_stop_dispatcher(mc_clock* clock) {
  return guarded([&] {
    if (clock == nullptr) return null("clock");
    clock->dispatcher.stop();
    return absl::OkStatus();
  });
}

mc_status mc_parse_rate(const char* text, mc_rate* rate) {
  return guarded([&] {
    if (text == nullptr) return null("text");
    if (rate == nullptr) return null("rate");
    return take(mc::parse_frame_rate(text), [&](mc::FrameRate read) {
      *rate = {read.numerator, read.denominator};
    });
  });
}

mc_status mc_join_at(int64_t start, int64_t now, mc_rate rate, mc_join* join) {
  return guarded([&]() -> mc_status {
    if (const auto failure = refused(join, "join")) return *failure;
    if (!rate_of(rate).valid()) {
      return fail(absl::InvalidArgumentError("the frame rate is not positive"));
    }
    const mc::JoinPoint found = mc::join_at(utc_of(start), utc_of(now), rate_of(rate));
    join->offset = found.offset.count();
    join->frame = found.frame;
    join->into_frame = found.into_frame.count();
    join->until_next_frame = found.until_next_frame.count();
    return MC_OK;
  });
}

mc_status mc_timecode_text(int64_t frame, mc_rate rate, int drop_frame, char* buffer, size_t size) {
  return guarded([&] {
    const auto drop = drop_frame != 0 ? mc::DropFrame::kYes : mc::DropFrame::kNo;
    const auto code = mc::Timecode::from_frame(frame, rate_of(rate), drop);
    if (!code.ok()) return code.status();
    return copy_text(code->to_string(), buffer, size);
  });
}

mc_status mc_parse_timecode(const char* text, mc_rate rate, int64_t* frame) {
  return guarded([&] {
    if (text == nullptr) return null("text");
    if (frame == nullptr) return null("frame");
    return take(mc::Timecode::parse(text, rate_of(rate)),
                [&](mc::Timecode code) { *frame = code.frame(); });
  });
}
