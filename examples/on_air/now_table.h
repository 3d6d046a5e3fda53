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

// A heading and a line for each plan, all of one instant `at`. Times are those of the zone; one
// whose offset is not that of `at`, across a change of the clocks, says which it has, and one a day
// away or more shows its date.
//
// No line is wider than the terminal (or 40 cells, where that is narrower): columns give way from
// the right, then titles are cut.
[[nodiscard]] std::string now_table(std::span<const PlayoutPlan> plans, masterclock::UtcTime at,
                                    masterclock::BroadcastDay day, masterclock::Zone zone,
                                    const common::Terminal& terminal);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_NOW_TABLE_H_
