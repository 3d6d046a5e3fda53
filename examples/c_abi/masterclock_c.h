/* masterclock for a program in C, in C++17, or in a language with a foreign function interface.
 *
 * A time is the number of nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, from 1677 to 2262.
 * A duration is a number of nanoseconds.
 *
 * Status:  a function that can fail returns MC_OK or the cause. mc_last_error() then says it in one line.
 *          On failure a function writes to no other argument, unless its comment says so. A null pointer
 *          is MC_INVALID_ARGUMENT; it is never read.
 * Structs: set the member `version` by the macro that stands below each struct. A struct of another
 *          version or size is MC_WRONG_VERSION, and is not read or written further.
 * Text:    a `text` argument is UTF-8 and ends with a zero. A function that writes text into `buffer` also
 *          writes the zero. A buffer that is too small is MC_OUT_OF_RANGE.
 * Threads: any, also for one clock, except mc_clock_destroy, mc_start_dispatcher and mc_stop_dispatcher:
 *          one owner.
 * Memory:  no object but mc_clock needs a destroy function. No exception leaves the library.
 * Unload:  dlclose leaves the library in the process, because its thread watches the system clock for steps.
 */
#ifndef MASTERCLOCK_C_H_
#define MASTERCLOCK_C_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Increases when a struct or the meaning of a function changes. A new function does not change it. */
#define MC_ABI_VERSION 1u
#define MC_VERSION_OF(type) (((uint32_t)MC_ABI_VERSION << 16) | (uint32_t)sizeof(type))

#if defined(__GNUC__)
#define MC_API __attribute__((visibility("default")))
#else
#define MC_API
#endif

typedef enum mc_status {
  MC_OK = 0,
  MC_INVALID_ARGUMENT = 1,
  MC_NOT_FOUND = 2,
  MC_ALREADY_EXISTS = 3,
  MC_FAILED_PRECONDITION = 4,
  MC_OUT_OF_RANGE = 5,
  MC_RESOURCE_EXHAUSTED = 6, /* max_pending, memory, threads */
  MC_DATA_LOSS = 7,          /* a file of the time zone database is damaged, or cannot be opened */
  MC_WRONG_VERSION = 8,
  MC_INTERNAL = 9
} mc_status;

typedef struct mc_clock mc_clock;
typedef uint64_t mc_event; /* 0 is no event. A stale number is harmless: no number returns. */

/* The provider that bounds the error of the clock. */
typedef enum mc_sync { MC_SYNC_NONE = 0, MC_SYNC_KERNEL = 1, MC_SYNC_CHRONY = 2 } mc_sync;

typedef struct mc_clock_options {
  uint32_t version;
  int32_t simulated;    /* not 0: the time moves by mc_advance and mc_step_utc only */
  int64_t start;        /* of a simulated clock */
  int32_t sync;         /* an mc_sync; a simulated clock has MC_SYNC_NONE */
  uint32_t reserved;    /* 0 */
  uint64_t max_pending; /* 0: no limit */
} mc_clock_options;
#define MC_CLOCK_OPTIONS_INIT \
  { MC_VERSION_OF(mc_clock_options), 0, 0, MC_SYNC_NONE, 0, 0 }

typedef enum mc_state {
  MC_UNKNOWN = 0, /* no provider, or none has answered: the bounds contain every time */
  MC_SYNCHRONIZED = 1,
  MC_FREE_RUNNING = 2, /* nothing corrects the clock; the bound grows by a stated drift */
  MC_DISRUPTED = 3     /* the clock was set, slept or is contradicted */
} mc_state;

typedef struct mc_bounds {
  uint32_t version;
  int32_t state;            /* an mc_state */
  int64_t earliest, latest; /* true UTC is between them */
} mc_bounds;
#define MC_BOUNDS_INIT \
  { MC_VERSION_OF(mc_bounds), MC_UNKNOWN, 0, 0 }

typedef struct mc_local {
  uint32_t version;
  int32_t utc_offset; /* in seconds, positive east of Greenwich */
  int32_t year, month, day, hour, minute, second, nanosecond;
  int32_t weekday;       /* 0 is Sunday */
  int32_t daylight;      /* 1: ahead of standard time */
  char abbreviation[12]; /* "GMT", "EDT", "+0530" */
  int64_t next_change;   /* of the offset; INT64_MAX when there is none */
} mc_local;
#define MC_LOCAL_INIT \
  { MC_VERSION_OF(mc_local), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", 0 }

/* The instant of a local time that occurs twice or never, when the clocks change. */
typedef enum mc_resolve {
  MC_REJECT = 0,     /* MC_FAILED_PRECONDITION; the message names both instants */
  MC_COMPATIBLE = 1, /* the first pass; in a gap, later by the length of the gap */
  MC_EARLIER = 2,    /* the first pass; in a gap, earlier by the length of the gap */
  MC_LATER = 3,      /* the second pass; in a gap, as MC_COMPATIBLE */
  MC_SNAP = 4        /* the first pass; in a gap, the instant of the change */
} mc_resolve;

typedef struct mc_fired {
  uint32_t version;
  uint32_t reserved;
  const char* id; /* "" without an id; valid until the callback returns */
  int64_t due, fired;
  int64_t lateness; /* never negative: nothing fires early */
  int64_t skipped;  /* occurrences that were due at the same time and did not fire */
} mc_fired;

/* Runs on the thread that calls mc_trigger, or on the dispatcher's thread, with no lock held. May call
 * pthread_exit, and any function but mc_clock_destroy. After mc_stop_dispatcher, mc_start_dispatcher returns
 * MC_FAILED_PRECONDITION in the same callback. Must not throw. */
typedef void (*mc_callback)(const mc_fired* fired, void* user);

typedef struct mc_event_request {
  uint32_t version;
  int32_t resolve;      /* an mc_resolve, for `local` */
  const char* id;       /* unique among the pending events, or null */
  int64_t due;          /* used when `local` and `zone` are null; 0 is 1970: fires at once */
  const char* local;    /* "2026-03-29T06:00:00", in `zone` */
  const char* zone;     /* "Europe/Dublin" */
  int64_t every;        /* repeats after this much elapsed time; 0: does not */
  uint32_t weekdays;    /* repeats at the time of day of `local`: bit 0 is Sunday; 0: does not */
  uint32_t reserved;    /* 0 */
  int64_t max_lateness; /* an event later than this is dropped; 0: never */
  mc_callback callback;
  void* user; /* must be valid until the last callback of the event has returned: see mc_cancel */
} mc_event_request;
#define MC_EVENT_REQUEST_INIT \
  { MC_VERSION_OF(mc_event_request), MC_COMPATIBLE, NULL, 0, NULL, NULL, 0, 0, 0, 0, NULL, NULL }

/* Frames a second as a ratio: {30000, 1001} is 29.97. */
typedef struct mc_rate {
  int64_t numerator, denominator;
} mc_rate;

typedef struct mc_join {
  uint32_t version;
  uint32_t reserved;
  int64_t offset; /* since the start of the programme, in SI time; 0 before the start */
  int64_t frame;  /* the frame that is on */
  int64_t into_frame, until_next_frame;
} mc_join;
#define MC_JOIN_INIT \
  { MC_VERSION_OF(mc_join), 0, 0, 0, 0, 0 }

/* ---- The library ------------------------------------------------------------------------------------- */

/* Returns the MC_ABI_VERSION of the library that is loaded. */
MC_API uint32_t mc_abi_version(void);
/* Returns "NOT_FOUND" and so on; "UNKNOWN" for a number that is no status. */
MC_API const char* mc_status_name(mc_status status);
/* Returns the message of the last failure on this thread, until the next failure on it. */
MC_API const char* mc_last_error(void);

/* ---- The clock --------------------------------------------------------------------------------------- */

/* `options` may be null: the system's clock without a provider. Writes the clock, which the caller destroys. */
MC_API mc_status mc_clock_create(const mc_clock_options* options, mc_clock** clock);
/* Stops the dispatcher, cancels the events, and frees the clock. Null does nothing. */
MC_API void mc_clock_destroy(mc_clock* clock);
/* Returns UTC. `clock` is not null. Cost: one reading of the system's clock, without a lock. */
MC_API int64_t mc_now_utc(const mc_clock* clock);
/* Returns the time since an arbitrary instant, which no step of UTC moves. `clock` is not null. */
MC_API int64_t mc_now_steady(const mc_clock* clock);
/* Writes the interval that contains true UTC. Asks no provider. */
MC_API mc_status mc_now_bounded(const mc_clock* clock, mc_bounds* bounds);
/* Asks the provider, and may wait a second for a daemon. A program calls it once a second. */
MC_API mc_status mc_refresh_sync(mc_clock* clock);
/* Advances a simulated clock. Fires nothing itself: see mc_trigger. A dispatcher that runs has fired what
 * became due when the function returns. Requires that the caller holds no lock that a callback takes.
 * MC_FAILED_PRECONDITION for the system's clock. */
MC_API mc_status mc_advance(mc_clock* clock, int64_t elapsed);
/* Moves a simulated clock to `until`, from one due event to the next, and fires each at its instant.
 * `fired` receives the number, and may be null. */
MC_API mc_status mc_simulate_until(mc_clock* clock, int64_t until, size_t* fired);
/* Steps the UTC of a simulated clock by `size`, which may be negative. */
MC_API mc_status mc_step_utc(mc_clock* clock, int64_t size);

/* ---- Zones and text ---------------------------------------------------------------------------------- */

/* Writes the local time of `utc` in `zone`. MC_NOT_FOUND for an unknown zone. */
MC_API mc_status mc_local_at(mc_clock* clock, int64_t utc, const char* zone, mc_local* local);
/* Writes "2026-03-29T02:00:00.000+01:00" with 0 to 9 `digits`. 36 bytes are enough. */
MC_API mc_status mc_local_text(mc_clock* clock, int64_t utc, const char* zone, int digits,
                               char* buffer, size_t size);
/* Reads "2026-03-29T02:30:00" as a local time of `zone`. */
MC_API mc_status mc_utc_of_local(mc_clock* clock, const char* text, const char* zone,
                                 mc_resolve policy, int64_t* utc);
/* Writes RFC 3339 with "Z". 36 bytes are enough. */
MC_API mc_status mc_utc_text(int64_t utc, int digits, char* buffer, size_t size);
/* Reads RFC 3339 with "Z" or an offset. */
MC_API mc_status mc_parse_utc(const char* text, int64_t* utc);
/* Reads the time zone database from the disk again, without a restart. */
MC_API mc_status mc_reload_zones(mc_clock* clock);

/* ---- Events ------------------------------------------------------------------------------------------ */

/* Schedules a callback for `due`. `event` may be null. The function writes `event` last. A dispatcher
 * may run the callback before that. */
MC_API mc_status mc_schedule_at(mc_clock* clock, int64_t due, mc_callback callback, void* user,
                                mc_event* event);
/* Schedules an event with an id, a local time or a repetition. MC_ALREADY_EXISTS for an id that is
 * pending. `event` may be null. */
MC_API mc_status mc_schedule(mc_clock* clock, const mc_event_request* request, mc_event* event);
/* MC_NOT_FOUND when the event is not pending. After either answer the callback may still run on another
 * thread, also for the last time of an event that repeats. mc_stop_dispatcher waits for a callback on its
 * thread. Free `user` after that, or in the callback itself. */
MC_API mc_status mc_cancel(mc_clock* clock, mc_event event);
/* Moves a pending event. MC_NOT_FOUND when it is not pending. */
MC_API mc_status mc_reschedule(mc_clock* clock, mc_event event, int64_t due);
/* Fires what is due now, in order, on this thread. `fired` receives the number, and may be null. */
MC_API mc_status mc_trigger(mc_clock* clock, size_t* fired);
/* Writes the time until the first event is due: zero or negative when it is due. MC_NOT_FOUND when no
 * event is pending. */
MC_API mc_status mc_until_next(mc_clock* clock, int64_t* left);
/* Starts a thread that fires each event when it is due. Does nothing when the thread runs. */
MC_API mc_status mc_start_dispatcher(mc_clock* clock);
/* Waits for the callback that runs, and ends the thread. */
MC_API mc_status mc_stop_dispatcher(mc_clock* clock);

/* ---- Frames ------------------------------------------------------------------------------------------ */

/* Reads "25", "29.97" or "30000/1001". */
MC_API mc_status mc_parse_rate(const char* text, mc_rate* rate);
/* Writes where a viewer joins at `now` a programme that began at `start`. */
MC_API mc_status mc_join_at(int64_t start, int64_t now, mc_rate rate, mc_join* join);
/* Writes "10:00:00;00" for a frame counted from midnight. `drop_frame` not 0 labels with drop-frame. 13
 * bytes are enough. */
MC_API mc_status mc_timecode_text(int64_t frame, mc_rate rate, int drop_frame, char* buffer,
                                  size_t size);
/* Reads "10:00:00;00". Writes the frame counted from midnight. */
MC_API mc_status mc_parse_timecode(const char* text, mc_rate rate, int64_t* frame);

#ifdef __cplusplus
}
#endif

#endif /* MASTERCLOCK_C_H_ */
