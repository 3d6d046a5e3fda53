#include "guide.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <queue>
#include <tuple>
#include <utility>

#include "common/nearest_name.h"

namespace on_air {
namespace {

using masterclock::UtcTime;

UtcTime end_of(const Programme& programme) { return programme.stop.value_or(kOpenEnd); }

// Sorts by precedence: of the programmes that run at one instant, the last one is on the air.
bool yields_to(const Programme& a, const Programme& b) {
  if (a.start != b.start) return a.start < b.start;
  if (end_of(a) != end_of(b)) return end_of(a) > end_of(b);
  if (a.title != b.title) return a.title > b.title;
  return std::tie(a.clump, a.source, a.media_in) > std::tie(b.clump, b.source, b.media_in);
}

void sort_by_precedence(std::vector<Programme>& programmes) {
  if (std::is_sorted(programmes.begin(), programmes.end(), yields_to)) return;
  std::sort(programmes.begin(), programmes.end(), yields_to);
}

// Gives each programme without a stop the stop of its clump, or else the channel's next later
// start. Removes programmes of no length.
void fill_stops(std::vector<Programme>& programmes) {
  sort_by_precedence(programmes);
  std::map<std::pair<UtcTime, std::int32_t>, UtcTime> clump_stops;
  for (const Programme& p : programmes) {
    if (p.clump.count > 1 && p.stop)
      clump_stops.emplace(std::pair(p.start, p.clump.count), *p.stop);
  }
  std::optional<UtcTime> next_start;  // the first start later than that of programmes[i]
  for (std::size_t i = programmes.size(); i-- > 0;) {
    if (i + 1 < programmes.size() && programmes[i + 1].start > programmes[i].start) {
      next_start = programmes[i + 1].start;
    }
    Programme& programme = programmes[i];
    if (programme.stop) continue;
    const auto known = clump_stops.find({programme.start, programme.clump.count});
    programme.stop = known == clump_stops.end() ? next_start : known->second;
  }
  std::erase_if(programmes, [](const Programme& p) { return p.stop && *p.stop <= p.start; });
}

// Gives each entry of a clump its own part of the slot that they share. A clump without an end
// is its first entry alone.
void split_clumps(std::vector<Programme>& programmes) {
  const auto slot = [](const Programme& p) {
    return std::tuple(p.start, end_of(p), p.clump.count);
  };
  const auto plain = std::partition(programmes.begin(), programmes.end(),
                                    [](const Programme& p) { return p.clump.count > 1; });
  std::sort(programmes.begin(), plain, [&](const Programme& a, const Programme& b) {
    if (slot(a) != slot(b)) return slot(a) < slot(b);
    return std::tie(a.clump.index, a.title, a.source) < std::tie(b.clump.index, b.title, b.source);
  });
  for (auto first = programmes.begin(); first != plain;) {
    const UtcTime begin = first->start;
    const UtcTime end = end_of(*first);
    const auto last = std::find_if(first, plain, [&, of_first = slot(*first)](const Programme& p) {
      return slot(p) != of_first;
    });
    const auto count = last - first;
    const auto part_begin = [&](std::ptrdiff_t i) {
      if (i == count || end == kOpenEnd) return i == 0 ? begin : end;
      const std::chrono::nanoseconds length = masterclock::saturating_difference(end, begin);
      return begin + length / count * i + length % count * i / count;
    };
    for (std::ptrdiff_t i = 0; first != last; ++first, ++i) {
      first->start = part_begin(i);
      if (first->stop) first->stop = part_begin(i + 1);
      first->clump = {};
    }
  }
  std::erase_if(programmes, [](const Programme& p) { return p.start >= end_of(p); });
}

std::vector<Programme> in_separate_slots(std::vector<Programme> listing) {
  fill_stops(listing);
  const auto remove_repeats = [&] {
    sort_by_precedence(listing);
    const auto same = [](const Programme& a, const Programme& b) {
      return std::tie(a.start, a.stop, a.title, a.clump) ==
             std::tie(b.start, b.stop, b.title, b.clump);
    };
    listing.erase(std::unique(listing.begin(), listing.end(), same), listing.end());
  };
  remove_repeats();
  if (std::any_of(listing.begin(), listing.end(),
                  [](const Programme& p) { return p.clump.count > 1; })) {
    split_clumps(listing);
    remove_repeats();
  }
  return listing;
}

// Sweeps over the instants at which a programme starts or stops. Of the running programmes, the
// one with the highest index is on the air.
std::vector<Airing> airings_of(const std::vector<Programme>& programmes) {
  std::vector<UtcTime> instants;
  instants.reserve(2 * programmes.size());
  for (const Programme& programme : programmes) {
    instants.push_back(programme.start);
    instants.push_back(end_of(programme));
  }
  std::sort(instants.begin(), instants.end());
  instants.erase(std::unique(instants.begin(), instants.end()), instants.end());

  std::vector<Airing> airings;
  std::priority_queue<std::size_t> running;
  std::size_t next = 0;
  for (std::size_t i = 0; i + 1 < instants.size(); ++i) {
    const UtcTime at = instants[i];
    while (next < programmes.size() && programmes[next].start == at) running.push(next++);
    while (!running.empty() && end_of(programmes[running.top()]) <= at) running.pop();
    if (running.empty()) continue;
    const std::size_t on = running.top();
    if (!airings.empty() && airings.back().end == at && airings.back().programme == on) {
      airings.back().end = instants[i + 1];
    } else {
      airings.push_back({at, instants[i + 1], on});
    }
  }
  return airings;
}

}  // namespace

ChannelSchedule::ChannelSchedule(std::string id, std::string display_name,
                                 std::vector<Programme> listing)
    : id_(std::move(id)),
      display_name_(std::move(display_name)),
      programmes_(in_separate_slots(std::move(listing))),
      airings_(airings_of(programmes_)) {}

ChannelSchedule::Moment ChannelSchedule::at(UtcTime instant) const noexcept {
  const auto next =
      std::upper_bound(airings_.begin(), airings_.end(), instant,
                       [](UtcTime t, const Airing& airing) { return t < airing.begin; });
  Moment moment;
  if (next != airings_.end()) {
    moment.next = &*next;
    moment.until = next->begin;
  }
  if (next == airings_.begin()) return moment;
  const Airing& last_begun = *std::prev(next);
  if (last_begun.open_ended()) {
    moment.on = &last_begun;
  } else if (instant < last_begun.end) {
    moment.on = &last_begun;
    moment.until = last_begun.end;
  }
  return moment;
}

std::span<const Airing> ChannelSchedule::airings_between(UtcTime from,
                                                         UtcTime until) const noexcept {
  if (until <= from) return {};
  const auto first =
      std::upper_bound(airings_.begin(), airings_.end(), from,
                       [](UtcTime t, const Airing& airing) { return t < airing.end; });
  const auto last =
      std::lower_bound(first, airings_.end(), until,
                       [](const Airing& airing, UtcTime t) { return airing.begin < t; });
  return {first, last};
}

Guide::Guide(std::vector<ChannelSchedule> channels) : channels_(std::move(channels)) {
  places_.reserve(channels_.size());
  for (std::size_t i = 0; i < channels_.size(); ++i) places_.emplace(channels_[i].id(), i);
}

const ChannelSchedule* Guide::find(std::string_view id) const noexcept {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &channels_[found->second];
}

std::string_view Guide::nearest_id(std::string_view id) const {
  std::string_view nearest;
  std::size_t limit = common::too_far(id);
  for (const ChannelSchedule& channel : channels_) {
    for (const std::string_view name :
         {std::string_view(channel.id()), std::string_view(channel.display_name())}) {
      if (name.empty()) continue;
      if (const std::size_t distance = common::edit_distance(id, name, limit); distance < limit) {
        nearest = channel.id();
        limit = distance;
      }
    }
  }
  return nearest;
}

}  // namespace on_air
