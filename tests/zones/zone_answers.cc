// Answers the questions of oracles in other languages: one question and one answer a line.
//
//   U <zone> <utc seconds>    ->  <offset> <abbreviation> <daylight 0|1> <begin> <end>
//   L <zone> <local seconds>  ->  unique|gap|fold <earlier> <later> <transition>
//   T <zone> <from> <until>   ->  the instants of the changes in [from, until), in seconds
//   N                         ->  every name of the database
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

#include "masterclock/zones/zone_cache.h"

namespace {

using masterclock::LocalResolution;
using masterclock::LocalTime;
using masterclock::UtcTime;
using masterclock::Zone;
using std::chrono::seconds;

std::int64_t whole(UtcTime t) { return std::chrono::floor<seconds>(t).time_since_epoch().count(); }

void answer(char question, Zone zone, std::int64_t at) {
  if (question == 'U') {
    const masterclock::ZoneOffset o = zone.offset_at(UtcTime(seconds(at)));
    std::cout << o.offset.count() << ' ' << o.abbreviation << ' ' << o.daylight << ' '
              << whole(o.begin) << ' ' << whole(o.end) << '\n';
  } else {
    const LocalResolution r = zone.resolve(LocalTime(seconds(at)));
    std::cout << r.kind << ' ' << whole(r.earlier) << ' ' << whole(r.later) << ' '
              << whole(r.transition) << '\n';
  }
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  masterclock::ZoneCache zones;
  char question = 0;
  while (std::cin >> question) {
    if (question == 'N') {
      for (const std::string& name : zones.database().names()) std::cout << name << ' ';
      std::cout << '\n';
      continue;
    }
    std::string name;
    std::int64_t at = 0, until = 0;
    std::cin >> name >> at;
    const absl::StatusOr<Zone> zone = zones.find(name);
    if (!zone.ok()) {
      std::cout << "error " << zone.status().message() << '\n';
    } else if (question == 'T') {
      std::cin >> until;
      for (auto next = zone->next_transition(UtcTime(seconds(at)) - std::chrono::nanoseconds(1));
           next && *next < UtcTime(seconds(until)); next = zone->next_transition(*next)) {
        std::cout << whole(*next) << ' ';
      }
      std::cout << '\n';
    } else {
      answer(question, *zone, at);
    }
  }
}
