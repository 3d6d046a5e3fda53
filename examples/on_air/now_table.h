// The answer for people: a table that fits the terminal.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_NOW_TABLE_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_NOW_TABLE_H_

#include <span>
#include <string>

#include "common/terminal.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/broadcast_day.h"
#include "masterclock/zones/zone.h"
#include "schedule_service.h"

namespace on_air {

// Returns a heading and one line for each plan, all of the instant `at`. Times are those of the zone.
// A time beyond a change of the clocks has its abbreviation, and a time a day away has its date.
//
// No line is wider than the terminal, or than 40 cells. A narrow table has fewer columns, then shorter
// titles.
[[nodiscard]] std::string now_table(std::span<const PlayoutPlan> plans, masterclock::UtcTime at,
                                    masterclock::BroadcastDay day, masterclock::Zone zone,
                                    const common::Terminal& terminal);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_NOW_TABLE_H_
