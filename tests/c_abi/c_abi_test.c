/* Tests the C interface from C. Prints each failure; exits with 1 after any. */
#define _POSIX_C_SOURCE 200809L
#include "masterclock_c.h"

#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int failures = 0;

static void check(int condition, const char* text, int line) {
  if (condition) return;
  ++failures;
  fprintf(stderr, "c_abi_test.c:%d: %s (last error: %s)\n", line, text, mc_last_error());
}
#define CHECK(condition) check((condition), #condition, __LINE__)
#define CHECK_TEXT(text, expected) CHECK(strcmp((text), (expected)) == 0)

static const int64_t kSecond = 1000000000;

static int64_t utc(const char* text) {
  int64_t at = 0;
  CHECK(mc_parse_utc(text, &at) == MC_OK);
  return at;
}

static mc_clock* simulated(const char* start) {
  mc_clock_options options = MC_CLOCK_OPTIONS_INIT;
  mc_clock* clock = NULL;
  options.simulated = 1;
  options.start = utc(start);
  CHECK(mc_clock_create(&options, &clock) == MC_OK);
  return clock;
}

static int64_t system_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

static void refuses_another_version(void) {
  mc_clock_options options = MC_CLOCK_OPTIONS_INIT;
  mc_bounds bounds = MC_BOUNDS_INIT;
  mc_local local = MC_LOCAL_INIT;
  mc_join join = MC_JOIN_INIT;
  mc_event_request request = MC_EVENT_REQUEST_INIT;
  const mc_rate rate = {25, 1};
  mc_clock* clock = NULL;
  CHECK(mc_abi_version() == MC_ABI_VERSION);
  options.version += 1u << 16; /* a later interface */
  CHECK(mc_clock_create(&options, &clock) == MC_WRONG_VERSION && clock == NULL);
  CHECK_TEXT(mc_last_error(), "options: `version` says interface 2 and 32 bytes, "
                               "expected interface 1 and 32 bytes");
  options.version = MC_VERSION_OF(mc_clock_options) + 8; /* a larger struct */
  CHECK(mc_clock_create(&options, &clock) == MC_WRONG_VERSION && clock == NULL);
  options.version = 0;
  CHECK(mc_clock_create(&options, &clock) == MC_WRONG_VERSION && clock == NULL);

  CHECK(mc_clock_create(NULL, &clock) == MC_OK);
  bounds.version = 7;
  bounds.latest = 5;
  CHECK(mc_now_bounded(clock, &bounds) == MC_WRONG_VERSION && bounds.latest == 5);
  local.version = 7;
  local.year = 5;
  CHECK(mc_local_at(clock, 0, "UTC", &local) == MC_WRONG_VERSION && local.year == 5);
  join.version = 7;
  join.frame = 5;
  CHECK(mc_join_at(0, 0, rate, &join) == MC_WRONG_VERSION && join.frame == 5);
  request.version = 7;
  CHECK(mc_schedule(clock, &request, NULL) == MC_WRONG_VERSION);
  mc_clock_destroy(clock);
}

static void ignore(const mc_fired* fired, void* user) {
  (void)fired;
  (void)user;
}

static void refuses_null(void) {
  mc_clock* clock = NULL;
  mc_bounds bounds = MC_BOUNDS_INIT;
  mc_local local = MC_LOCAL_INIT;
  const mc_rate rate = {25, 1};
  char text[40];
  int64_t at = 0;
  CHECK(mc_clock_create(NULL, NULL) == MC_INVALID_ARGUMENT);
  CHECK_TEXT(mc_last_error(), "clock is null");
  CHECK(mc_now_bounded(NULL, &bounds) == MC_INVALID_ARGUMENT);
  CHECK(mc_refresh_sync(NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_advance(NULL, 1) == MC_INVALID_ARGUMENT);
  CHECK(mc_simulate_until(NULL, 1, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_step_utc(NULL, 1) == MC_INVALID_ARGUMENT);
  CHECK(mc_local_at(NULL, 0, "UTC", &local) == MC_INVALID_ARGUMENT);
  CHECK(mc_local_text(NULL, 0, "UTC", 0, text, sizeof text) == MC_INVALID_ARGUMENT);
  CHECK(mc_utc_of_local(NULL, "2026-01-01T00:00:00", "UTC", MC_REJECT, &at) == MC_INVALID_ARGUMENT);
  CHECK(mc_reload_zones(NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_schedule_at(NULL, 0, ignore, NULL, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_schedule(NULL, NULL, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_cancel(NULL, 1) == MC_INVALID_ARGUMENT);
  CHECK(mc_reschedule(NULL, 1, 0) == MC_INVALID_ARGUMENT);
  CHECK(mc_trigger(NULL, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_until_next(NULL, &at) == MC_INVALID_ARGUMENT);
  CHECK(mc_start_dispatcher(NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_stop_dispatcher(NULL) == MC_INVALID_ARGUMENT);
  mc_clock_destroy(NULL);

  CHECK(mc_clock_create(NULL, &clock) == MC_OK);
  CHECK(mc_now_bounded(clock, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_local_at(clock, 0, NULL, &local) == MC_INVALID_ARGUMENT);
  CHECK(mc_local_at(clock, 0, "UTC", NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_local_text(clock, 0, NULL, 0, text, sizeof text) == MC_INVALID_ARGUMENT);
  CHECK(mc_local_text(clock, 0, "UTC", 0, NULL, 40) == MC_INVALID_ARGUMENT);
  CHECK(mc_utc_of_local(clock, NULL, "UTC", MC_REJECT, &at) == MC_INVALID_ARGUMENT);
  CHECK(mc_utc_of_local(clock, "2026-01-01T00:00:00", NULL, MC_REJECT, &at) == MC_INVALID_ARGUMENT);
  CHECK(mc_utc_of_local(clock, "2026-01-01T00:00:00", "UTC", MC_REJECT, NULL) ==
        MC_INVALID_ARGUMENT);
  CHECK(mc_utc_text(0, 0, NULL, 40) == MC_INVALID_ARGUMENT);
  CHECK(mc_parse_utc(NULL, &at) == MC_INVALID_ARGUMENT);
  CHECK(mc_parse_utc("2026-01-01T00:00:00Z", NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_schedule_at(clock, 0, NULL, NULL, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_until_next(clock, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_parse_rate(NULL, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_parse_rate("25", NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_join_at(0, 0, rate, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_timecode_text(0, rate, 0, NULL, 40) == MC_INVALID_ARGUMENT);
  CHECK(mc_parse_timecode(NULL, rate, &at) == MC_INVALID_ARGUMENT);
  CHECK(mc_parse_timecode("00:00:00:00", rate, NULL) == MC_INVALID_ARGUMENT);
  mc_clock_destroy(clock);
}

static void refuses_bad_options(void) {
  mc_clock_options options = MC_CLOCK_OPTIONS_INIT;
  mc_clock* clock = NULL;
  options.sync = 3;
  CHECK(mc_clock_create(&options, &clock) == MC_INVALID_ARGUMENT);
  options.sync = MC_SYNC_KERNEL;
  options.simulated = 1;
  CHECK(mc_clock_create(&options, &clock) == MC_INVALID_ARGUMENT);
  CHECK_TEXT(mc_last_error(), "a simulated clock has no provider");
  options.sync = MC_SYNC_NONE;
  options.reserved = 1;
  CHECK(mc_clock_create(&options, &clock) == MC_INVALID_ARGUMENT);
  CHECK(clock == NULL);
}

static void reads_the_system_clock(void) {
  mc_clock* clock = NULL;
  int64_t before, now, after, steady;
  CHECK(mc_clock_create(NULL, &clock) == MC_OK);
  before = system_time();
  now = mc_now_utc(clock);
  after = system_time();
  CHECK(before <= now && now <= after);
  steady = mc_now_steady(clock);
  CHECK(steady <= mc_now_steady(clock));
  CHECK(mc_advance(clock, 1) == MC_FAILED_PRECONDITION);
  CHECK_TEXT(mc_last_error(), "the clock is not simulated");
  CHECK(mc_step_utc(clock, 1) == MC_FAILED_PRECONDITION);
  CHECK(mc_simulate_until(clock, 1, NULL) == MC_FAILED_PRECONDITION);
  mc_clock_destroy(clock);
}

static void knows_its_bounds(void) {
  mc_clock_options options = MC_CLOCK_OPTIONS_INIT;
  mc_bounds bounds = MC_BOUNDS_INIT;
  mc_clock* clock = NULL;
  options.sync = MC_SYNC_KERNEL;
  CHECK(mc_clock_create(&options, &clock) == MC_OK);
  CHECK(mc_now_bounded(clock, &bounds) == MC_OK && bounds.state == MC_UNKNOWN);
  CHECK(bounds.earliest == INT64_MIN && bounds.latest == INT64_MAX);
  CHECK(mc_refresh_sync(clock) == MC_OK);
  CHECK(mc_now_bounded(clock, &bounds) == MC_OK);
  CHECK(bounds.earliest <= system_time() || bounds.state == MC_UNKNOWN);
  CHECK(bounds.earliest < bounds.latest);
  mc_clock_destroy(clock);
}

static void shows_local_time(void) {
  mc_clock* clock = simulated("2026-03-29T00:59:59.5Z");
  mc_local local = MC_LOCAL_INIT;
  char text[36];
  CHECK(mc_local_text(clock, mc_now_utc(clock), "Europe/Dublin", 3, text, sizeof text) == MC_OK);
  CHECK_TEXT(text, "2026-03-29T00:59:59.500+00:00");
  CHECK(mc_advance(clock, kSecond / 2) == MC_OK);
  CHECK(mc_local_text(clock, mc_now_utc(clock), "Europe/Dublin", 0, text, sizeof text) == MC_OK);
  CHECK_TEXT(text, "2026-03-29T02:00:00+01:00");
  CHECK(mc_local_at(clock, mc_now_utc(clock), "Europe/Dublin", &local) == MC_OK);
  CHECK(local.year == 2026 && local.month == 3 && local.day == 29);
  CHECK(local.hour == 2 && local.minute == 0 && local.second == 0 && local.nanosecond == 0);
  CHECK(local.weekday == 0 && local.daylight == 1 && local.utc_offset == 3600);
  CHECK_TEXT(local.abbreviation, "IST");
  CHECK(local.next_change == utc("2026-10-25T01:00:00Z"));
  CHECK(mc_local_at(clock, 0, "UTC", &local) == MC_OK && local.next_change == INT64_MAX);
  CHECK(mc_local_at(clock, 0, "Mars/Base", &local) == MC_NOT_FOUND);
  CHECK_TEXT(mc_last_error(), "Invalid timezone 'Mars/Base'");
  CHECK(mc_local_text(clock, 0, "UTC", 10, text, sizeof text) == MC_INVALID_ARGUMENT);
  CHECK(mc_reload_zones(clock) == MC_OK);
  mc_clock_destroy(clock);
}

static void resolves_local_time(void) {
  mc_clock* clock = simulated("2026-01-01T00:00:00Z");
  static const struct {
    mc_resolve policy;
    const char* expected;
  } gap[] = {{MC_COMPATIBLE, "2026-03-29T01:30:00Z"},
             {MC_EARLIER, "2026-03-29T00:30:00Z"},
             {MC_LATER, "2026-03-29T01:30:00Z"},
             {MC_SNAP, "2026-03-29T01:00:00Z"}};
  int64_t at = 5;
  size_t i;
  for (i = 0; i < sizeof gap / sizeof gap[0]; ++i) {
    CHECK(mc_utc_of_local(clock, "2026-03-29T01:30:00", "Europe/London", gap[i].policy, &at) ==
          MC_OK);
    CHECK(at == utc(gap[i].expected));
  }
  at = 5;
  CHECK(mc_utc_of_local(clock, "2026-03-29T01:30:00", "Europe/London", MC_REJECT, &at) ==
        MC_FAILED_PRECONDITION);
  CHECK(mc_utc_of_local(clock, "2026-03-29T01:30:00", "Europe/London", (mc_resolve)9, &at) ==
        MC_INVALID_ARGUMENT);
  CHECK(mc_utc_of_local(clock, "29 March", "Europe/London", MC_SNAP, &at) == MC_INVALID_ARGUMENT);
  CHECK(at == 5);
  mc_clock_destroy(clock);
}

static void writes_into_a_buffer_of_its_size(void) {
  const char* const expected = "2026-03-29T01:00:00.250Z";
  const int64_t at = utc("2026-03-29T02:00:00.25+01:00");
  char text[36];
  const size_t needed = strlen(expected) + 1;
  memset(text, 'x', sizeof text);
  CHECK(mc_utc_text(at, 3, text, needed - 1) == MC_OUT_OF_RANGE);
  CHECK_TEXT(mc_last_error(), "the buffer has 24 bytes, needed are 25");
  CHECK(text[0] == 'x');
  CHECK(mc_utc_text(at, 3, text, 0) == MC_OUT_OF_RANGE);
  CHECK(mc_utc_text(at, 3, text, needed) == MC_OK);
  CHECK_TEXT(text, expected);
  CHECK(text[needed] == 'x');
  CHECK(mc_utc_text(INT64_MIN, 9, text, sizeof text) == MC_OK);
  CHECK(mc_utc_text(INT64_MAX, 9, text, sizeof text) == MC_OK);
  CHECK_TEXT(text, "2262-04-11T23:47:16.854775807Z");
}

struct journal {
  mc_clock* clock;
  char ids[64];
  int64_t due[16];
  int64_t lateness[16];
  size_t count;
};

static void record(const mc_fired* fired, void* user) {
  struct journal* const journal = user;
  CHECK(fired->version == MC_VERSION_OF(mc_fired));
  if (journal->count == sizeof journal->due / sizeof journal->due[0]) return;
  journal->due[journal->count] = fired->due;
  journal->lateness[journal->count++] = fired->lateness;
  strncat(journal->ids, fired->id, sizeof journal->ids - strlen(journal->ids) - 1);
}

static void schedule_another(const mc_fired* fired, void* user) {
  struct journal* const journal = user;
  record(fired, user);
  CHECK(mc_schedule_at(journal->clock, fired->due + kSecond, record, user, NULL) == MC_OK);
}

static void fires_events(void) {
  mc_clock* clock = simulated("2026-11-27T20:00:00Z");
  const int64_t start = mc_now_utc(clock);
  struct journal journal = {0};
  mc_event first = 0, second = 0;
  size_t fired = 9;
  int64_t left = 0;
  journal.clock = clock;
  CHECK(mc_until_next(clock, &left) == MC_NOT_FOUND);
  CHECK(mc_schedule_at(clock, start + 10 * kSecond, schedule_another, &journal, &first) == MC_OK);
  CHECK(mc_schedule_at(clock, start + 5 * kSecond, record, &journal, &second) == MC_OK);
  CHECK(first != 0 && second != 0 && first != second);
  CHECK(mc_until_next(clock, &left) == MC_OK && left == 5 * kSecond);
  CHECK(mc_reschedule(clock, second, start + 30 * kSecond) == MC_OK);
  CHECK(mc_trigger(clock, &fired) == MC_OK && fired == 0);
  CHECK(mc_advance(clock, 12 * kSecond) == MC_OK);
  CHECK(mc_trigger(clock, &fired) == MC_OK && fired == 2); /* and the one that it scheduled */
  CHECK(journal.count == 2 && journal.due[0] == start + 10 * kSecond);
  CHECK(journal.lateness[0] == 2 * kSecond && journal.lateness[1] == kSecond);
  CHECK(mc_cancel(clock, second) == MC_OK);
  CHECK(mc_cancel(clock, second) == MC_NOT_FOUND);
  CHECK(mc_reschedule(clock, first, start) == MC_NOT_FOUND);
  CHECK(mc_cancel(clock, 0) == MC_NOT_FOUND);
  CHECK(mc_until_next(clock, &left) == MC_NOT_FOUND);
  mc_clock_destroy(clock);
}

static void schedules_by_request(void) {
  mc_clock* clock = simulated("2026-03-26T12:00:00Z"); /* a Thursday */
  struct journal journal = {0};
  mc_event_request request = MC_EVENT_REQUEST_INIT;
  size_t fired = 0;
  request.id = "n";
  request.local = "2026-03-26T06:00:00";
  request.zone = "Europe/Dublin";
  request.weekdays = 0x3e; /* Monday to Friday */
  request.callback = record;
  request.user = &journal;
  CHECK(mc_schedule(clock, &request, NULL) == MC_OK);
  CHECK(mc_schedule(clock, &request, NULL) == MC_ALREADY_EXISTS);
  request.every = kSecond;
  CHECK(mc_schedule(clock, &request, NULL) == MC_INVALID_ARGUMENT);
  request.every = 0;
  request.weekdays = 0x80;
  CHECK(mc_schedule(clock, &request, NULL) == MC_INVALID_ARGUMENT);
  request.weekdays = 0;
  request.zone = NULL;
  CHECK(mc_schedule(clock, &request, NULL) == MC_INVALID_ARGUMENT);
  CHECK_TEXT(mc_last_error(), "a local time needs both `local` and `zone`");

  CHECK(mc_simulate_until(clock, utc("2026-03-31T12:00:00Z"), &fired) == MC_OK);
  CHECK(fired == journal.count);
  CHECK_TEXT(journal.ids, "nnnn"); /* today's is late: the last that was due fires once */
  CHECK(journal.due[0] == utc("2026-03-26T06:00:00Z"));
  CHECK(journal.due[1] == utc("2026-03-27T06:00:00Z"));
  CHECK(journal.due[2] == utc("2026-03-30T05:00:00Z")); /* summer time */
  CHECK(journal.due[3] == utc("2026-03-31T05:00:00Z"));
  mc_clock_destroy(clock);
}

static void repeats_and_drops(void) {
  mc_clock* clock = simulated("2026-11-27T20:00:00Z");
  const int64_t start = mc_now_utc(clock);
  struct journal every = {0}, dropped = {0};
  mc_event_request request = MC_EVENT_REQUEST_INIT;
  request.due = start + kSecond;
  request.every = 15 * kSecond;
  request.callback = record;
  request.user = &every;
  CHECK(mc_schedule(clock, &request, NULL) == MC_OK);
  request.every = 0;
  request.max_lateness = kSecond;
  request.user = &dropped;
  CHECK(mc_schedule(clock, &request, NULL) == MC_OK);
  CHECK(mc_advance(clock, 40 * kSecond) == MC_OK);
  CHECK(mc_trigger(clock, NULL) == MC_OK);
  CHECK(dropped.count == 0);
  CHECK(every.count == 1 && every.due[0] == start + 31 * kSecond);
  request.max_lateness = -1;
  CHECK(mc_schedule(clock, &request, NULL) == MC_INVALID_ARGUMENT);
  request.max_lateness = 0;
  request.every = -1;
  CHECK(mc_schedule(clock, &request, NULL) == MC_INVALID_ARGUMENT);
  CHECK(mc_advance(clock, -1) == MC_INVALID_ARGUMENT);
  mc_clock_destroy(clock);
}

static void a_dispatcher_fires_on_simulated_time(void) {
  mc_clock* clock = simulated("2026-11-27T20:00:00Z");
  const int64_t start = mc_now_utc(clock);
  struct journal journal = {0};
  CHECK(mc_start_dispatcher(clock) == MC_OK);
  CHECK(mc_schedule_at(clock, start + 5, record, &journal, NULL) == MC_OK);
  CHECK(mc_advance(clock, 5) == MC_OK);
  CHECK(journal.count == 1 && journal.lateness[0] == 0);
  CHECK(mc_stop_dispatcher(clock) == MC_OK);
  CHECK(mc_schedule_at(clock, start + 6, record, &journal, NULL) == MC_OK);
  CHECK(mc_advance(clock, 5) == MC_OK);
  CHECK(journal.count == 1);
  mc_clock_destroy(clock);
}

struct meeting {
  mc_clock* clock;
  sem_t entered, leave;
  int finished;
  mc_status stopped, started;
};

static void meet(const mc_fired* fired, void* user) {
  struct meeting* const meeting = user;
  (void)fired;
  sem_post(&meeting->entered);
  sem_wait(&meeting->leave);
  meeting->finished = 1;
}

/* The callback of a cancelled event may run on. It has ended once the dispatcher has stopped. */
static void stopping_waits_for_a_cancelled_callback(void) {
  mc_clock* clock = simulated("2026-11-27T20:00:00Z");
  struct meeting meeting = {0};
  mc_event_request request = MC_EVENT_REQUEST_INIT;
  mc_event event = 0;
  sem_init(&meeting.entered, 0, 0);
  sem_init(&meeting.leave, 0, 0);
  request.due = mc_now_utc(clock);
  request.every = kSecond;
  request.callback = meet;
  request.user = &meeting;
  CHECK(mc_start_dispatcher(clock) == MC_OK);
  CHECK(mc_schedule(clock, &request, &event) == MC_OK);
  sem_wait(&meeting.entered);
  CHECK(mc_cancel(clock, event) == MC_OK);
  sem_post(&meeting.leave);
  CHECK(mc_stop_dispatcher(clock) == MC_OK);
  CHECK(meeting.finished == 1);
  mc_clock_destroy(clock);
}

static void restart(const mc_fired* fired, void* user) {
  struct meeting* const meeting = user;
  (void)fired;
  meeting->stopped = mc_stop_dispatcher(meeting->clock);
  meeting->started = mc_start_dispatcher(meeting->clock);
}

static void a_callback_cannot_restart_its_dispatcher(void) {
  mc_clock* clock = simulated("2026-11-27T20:00:00Z");
  struct meeting meeting = {0};
  struct journal journal = {0};
  meeting.clock = clock;
  CHECK(mc_start_dispatcher(clock) == MC_OK);
  CHECK(mc_schedule_at(clock, mc_now_utc(clock) + 5, restart, &meeting, NULL) == MC_OK);
  CHECK(mc_advance(clock, 5) == MC_OK);
  CHECK(mc_stop_dispatcher(clock) == MC_OK);
  CHECK(meeting.stopped == MC_OK && meeting.started == MC_FAILED_PRECONDITION);
  CHECK(mc_start_dispatcher(clock) == MC_OK);
  CHECK(mc_schedule_at(clock, mc_now_utc(clock) + 5, record, &journal, NULL) == MC_OK);
  CHECK(mc_advance(clock, 5) == MC_OK);
  CHECK(journal.count == 1);
  mc_clock_destroy(clock);
}

static void leave_thread(const mc_fired* fired, void* user) {
  (void)fired;
  pthread_exit(user);
}

static void* trigger_until_exit(void* clock) {
  mc_trigger(clock, NULL);
  return NULL;
}

static void a_callback_may_end_its_thread(void) {
  mc_clock* clock = simulated("2026-11-27T20:00:00Z");
  struct journal journal = {0};
  pthread_t thread;
  void* result = NULL;
  CHECK(mc_schedule_at(clock, mc_now_utc(clock), leave_thread, &journal, NULL) == MC_OK);
  CHECK(mc_schedule_at(clock, mc_now_utc(clock), record, &journal, NULL) == MC_OK);
  pthread_create(&thread, NULL, trigger_until_exit, clock);
  pthread_join(thread, &result);
  CHECK(result == &journal && journal.count == 0);
  CHECK(mc_trigger(clock, NULL) == MC_OK);
  CHECK(journal.count == 1);
  mc_clock_destroy(clock);
}

struct user_of_a_clock {
  mc_clock* clock;
  int64_t at;
  int good;
};

static void* use_clock(void* argument) {
  struct user_of_a_clock* const user = argument;
  const int64_t start = user->at;
  mc_event first = 0, second = 0;
  char text[36];
  int i;
  for (i = 0; i < 200; ++i) {
    user->good += mc_schedule_at(user->clock, start + i, ignore, NULL, &first) == MC_OK;
    user->good += mc_schedule_at(user->clock, start + kSecond, ignore, NULL, &second) == MC_OK;
    user->good += mc_local_text(user->clock, start, "Europe/Dublin", 0, text, sizeof text) == MC_OK;
    user->good += mc_cancel(user->clock, second) == MC_OK;
    user->good += mc_trigger(user->clock, NULL) == MC_OK;
  }
  return NULL;
}

static void two_threads_share_a_clock(void) {
  mc_clock* clock = simulated("2026-11-27T20:00:00Z");
  struct user_of_a_clock users[2] = {{0}, {0}};
  pthread_t threads[2];
  int64_t left = 0;
  size_t i;
  for (i = 0; i < 2; ++i) {
    users[i].clock = clock;
    users[i].at = mc_now_utc(clock) - 200;
    if (i == 1) users[i].at -= kSecond / 2;
    pthread_create(&threads[i], NULL, use_clock, &users[i]);
  }
  for (i = 0; i < 2; ++i) {
    pthread_join(threads[i], NULL);
    CHECK(users[i].good == 1000);
  }
  CHECK(mc_until_next(clock, &left) == MC_NOT_FOUND);
  mc_clock_destroy(clock);
}

static void counts_frames(void) {
  mc_join join = MC_JOIN_INIT;
  mc_rate rate = {0, 0};
  char text[13];
  int64_t frame = 0;
  CHECK(mc_parse_rate("29.97", &rate) == MC_OK);
  CHECK(rate.numerator == 30000 && rate.denominator == 1001);
  CHECK(mc_parse_rate("59.94i", &rate) == MC_INVALID_ARGUMENT && rate.numerator == 30000);
  /* 1.001 s are 30 frames exactly. */
  CHECK(mc_join_at(0, 1001000000, rate, &join) == MC_OK);
  CHECK(join.frame == 30 && join.into_frame == 0 && join.offset == 1001000000);
  CHECK(mc_join_at(0, 1000999999, rate, &join) == MC_OK);
  CHECK(join.frame == 29 && join.until_next_frame == 1);
  CHECK(mc_join_at(10, 0, rate, &join) == MC_OK && join.offset == 0 && join.frame == 0);
  /* SMPTE ST 12-1: drop-frame omits the labels ;00 and ;01 of the first minute. */
  CHECK(mc_timecode_text(1800, rate, 1, text, sizeof text) == MC_OK);
  CHECK_TEXT(text, "00:01:00;02");
  CHECK(mc_timecode_text(1800, rate, 0, text, sizeof text) == MC_OK);
  CHECK_TEXT(text, "00:01:00:00");
  CHECK(mc_timecode_text(1800, rate, 1, text, 11) == MC_OUT_OF_RANGE);
  CHECK(mc_parse_timecode("01:00:00;00", rate, &frame) == MC_OK && frame == 107892);
  CHECK(mc_parse_timecode("00:01:00;00", rate, &frame) == MC_INVALID_ARGUMENT);
  rate.denominator = 0;
  CHECK(mc_join_at(0, 0, rate, &join) == MC_INVALID_ARGUMENT);
  CHECK(mc_timecode_text(0, rate, 0, text, sizeof text) == MC_INVALID_ARGUMENT);
}

static void* read_error(void* ignored) {
  static char copy[8];
  (void)ignored;
  strncpy(copy, mc_last_error(), sizeof copy - 1);
  return copy;
}

static void an_error_belongs_to_its_thread(void) {
  pthread_t thread;
  void* found = NULL;
  CHECK(mc_parse_utc("today", NULL) == MC_INVALID_ARGUMENT);
  pthread_create(&thread, NULL, read_error, NULL);
  pthread_join(thread, &found);
  CHECK_TEXT((const char*)found, "");
  CHECK_TEXT(mc_last_error(), "utc is null");
  CHECK_TEXT(mc_status_name(MC_WRONG_VERSION), "WRONG_VERSION");
  CHECK_TEXT(mc_status_name((mc_status)99), "UNKNOWN");
}

int main(void) {
  refuses_another_version();
  refuses_null();
  refuses_bad_options();
  reads_the_system_clock();
  knows_its_bounds();
  shows_local_time();
  resolves_local_time();
  writes_into_a_buffer_of_its_size();
  fires_events();
  schedules_by_request();
  repeats_and_drops();
  a_dispatcher_fires_on_simulated_time();
  stopping_waits_for_a_cancelled_callback();
  a_callback_cannot_restart_its_dispatcher();
  a_callback_may_end_its_thread();
  two_threads_share_a_clock();
  counts_frames();
  an_error_belongs_to_its_thread();
  if (failures == 0) printf("the C interface agrees\n");
  return failures == 0 ? 0 : 1;
}
