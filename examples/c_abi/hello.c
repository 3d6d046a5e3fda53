/* A C program: the local time, an event, and the frame on which a viewer joins, on a simulated clock.
 *
 *   at 2026-03-29T02:00:00+01:00
 *   fired opening, 0 ns late
 *   join at 90000, 01:00:00:00
 */
#include <inttypes.h>
#include <stdio.h>

#include "masterclock_c.h"

static void print_event(const mc_fired* fired, void* user) {
  (void)user;
  printf("fired %s, %" PRId64 " ns late\n", fired->id, fired->lateness);
}

static int fail(void) {
  fprintf(stderr, "%s\n", mc_last_error());
  return 1;
}

int main(void) {
  const int64_t hour = INT64_C(3600000000000);
  const mc_rate rate = {25, 1};
  mc_clock_options options = MC_CLOCK_OPTIONS_INIT;
  mc_event_request opening = MC_EVENT_REQUEST_INIT;
  mc_join join = MC_JOIN_INIT;
  mc_clock* clock = NULL;
  char text[36];

  options.simulated = 1; /* without this line and the next: the system's clock */
  if (mc_parse_utc("2026-03-29T01:00:00Z", &options.start) != MC_OK) return fail();
  if (mc_clock_create(&options, &clock) != MC_OK) return fail();
  if (mc_local_text(clock, mc_now_utc(clock), "Europe/Dublin", 0, text, sizeof text) != MC_OK)
    return fail();
  printf("at %s\n", text);

  opening.id = "opening";
  opening.due = options.start + hour;
  opening.callback = print_event;
  if (mc_schedule(clock, &opening, NULL) != MC_OK) return fail();
  if (mc_simulate_until(clock, opening.due, NULL) != MC_OK) return fail();

  if (mc_join_at(options.start, mc_now_utc(clock), rate, &join) != MC_OK) return fail();
  if (mc_timecode_text(join.frame, rate, 0, text, sizeof text) != MC_OK) return fail();
  printf("join at %" PRId64 ", %s\n", join.frame, text);
  mc_clock_destroy(clock);
  return 0;
}
