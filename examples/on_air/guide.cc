#include "guide.h"

#include <algorithm>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

namespace on_air {
namespace {

using masterclock::UtcTime;

// By start, and within one start as listed. Of entries alike the last stays: it is the one that
// would win an overlap, so dropping the others changes nothing.
std::vector<Programme> sorted_once(std::vector<Programme> listing) {
  std::stable_sort(listing.begin(), listing.end(),
                   [](const Programme& a, const Programme& b) { return a.start < b.start; });
  std::set<std::tuple<UtcTime, std::optional<UtcTime>, std::string>> seen;
  std::vector<Programme> kept;
  kept.reserve(listing.size());
  for (std::size_t i = listing.size(); i-- > 0;) {
    if (seen.emplace(listing[i].start, listing[i].stop, listing[i].title).second) {
      kept.push_back(std::move(listing[i]));
    }
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

// Gives every programme but an unending last one its stop, then drops those of no length.
void fill_stops(std::vector<Programme>& programmes) {
  std::optional<UtcTime> next_start;  // the first start later than that of programmes[i]
  for (std::size_t i = programmes.size(); i-- > 0;) {
    if (i + 1 < programmes.size() && programmes[i + 1].start > programmes[i].start) {
      next_start = programmes[i + 1].start;
    }
    if (!programmes[i].stop) programmes[i].stop = next_start;
  }
  std::erase_if(programmes, [](const Programme& p) { return p.stop && *p.stop <= p.start; });
}

// Sweeps over the instants at which something starts or stops. Programmes are sorted so that of
// those running the one with the highest index is on the air.
std::vector<Airing> airings_of(const std::vector<Programme>& programmes) {
  const auto end_of = [&](std::size_t i) { return programmes[i].stop.value_or(kOpenEnd); };
  std::vector<UtcTime> instants;
  instants.reserve(2 * programmes.size());
  for (std::size_t i = 0; i < programmes.size(); ++i) {
    instants.push_back(programmes[i].start);
    instants.push_back(end_of(i));
  }
  std::sort(instants.begin(), instants.end());
  instants.erase(std::unique(instants.begin(), instants.end()), instants.end());

  std::vector<Airing> airings;
  std::priority_queue<std::size_t> running;
  std::size_t next = 0;
  for (std::size_t i = 0; i + 1 < instants.size(); ++i) {
    const UtcTime at = instants[i];
    while (next < programmes.size() && programmes[next].start == at) running.push(next++);
    while (!running.empty() && end_of(running.top()) <= at) running.pop();
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

// Letters to change, add or remove to make one of the other; ASCII case does not count.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

ChannelSchedule::ChannelSchedule(std::string id, std::string display_name,
                                 std::vector<Programme> listing)
    : id_(std::move(id)),
      display_name_(std::move(display_name)),
      programmes_(sorted_once(std::move(listing))) {
  fill_stops(programmes_);
  airings_ = airings_of(programmes_);
}

const Airing* ChannelSchedule::next_after(UtcTime after) const noexcept {
  const auto next =
      std::upper_bound(airings_.begin(), airings_.end(), after,
                       [](UtcTime t, const Airing& airing) { return t < airing.begin; });
  return next == airings_.end() ? nullptr : &*next;
}

const Airing* ChannelSchedule::on_air_at(UtcTime at) const noexcept {
  const Airing* next = next_after(at);
  const std::size_t begun =
      next != nullptr ? static_cast<std::size_t>(next - airings_.data()) : airings_.size();
  if (begun == 0) return nullptr;
  const Airing& last_begun = airings_[begun - 1];
  return at < last_begun.end ? &last_begun : nullptr;
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

std::optional<UtcTime> ChannelSchedule::next_boundary(UtcTime after) const noexcept {
  if (const Airing* on = on_air_at(after); on != nullptr && !on->open_ended()) return on->end;
  if (const Airing* next = next_after(after); next != nullptr) return next->begin;
  return std::nullopt;
}

Guide::Guide(std::vector<ChannelSchedule> channels) : channels_(std::move(channels)) {
  by_id_.reserve(channels_.size());
  for (std::size_t i = 0; i < channels_.size(); ++i) by_id_.emplace(channels_[i].id(), i);
}

const ChannelSchedule* Guide::find(std::string_view id) const noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &channels_[found->second];
}

std::string_view Guide::nearest_id(std::string_view id) const {
  constexpr std::size_t kLongest = 100;
  std::string_view nearest;
  // One letter in four, and never as many as would make another word of it.
  std::size_t limit = std::min<std::size_t>(2, id.size() / 4) + 1;
  if (id.size() > kLongest) return nearest;
  for (const ChannelSchedule& channel : channels_) {
    for (const std::string_view name :
         {std::string_view(channel.id()), std::string_view(channel.display_name())}) {
      if (name.empty() || name.size() > kLongest) continue;
      if (const std::size_t distance = edit_distance(id, name); distance < limit) {
        nearest = channel.id();
        limit = distance;
      }
    }
  }
  return nearest;
}

}  // namespace on_air
