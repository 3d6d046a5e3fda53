#include "wall.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <queue>
#include <string_view>
#include <utility>

#include "common/printable.h"

namespace wall {
namespace {

using masterclock::SyncState;
using masterclock::UtcTime;
using nlohmann::json;
using std::chrono::nanoseconds;

constexpr std::size_t kMostEvents = 12;

json instant(UtcTime at) { return at.time_since_epoch().count(); }
json instant(const std::optional<UtcTime>& at) { return at ? instant(*at) : json(); }

// The sentence for a person who looks from afar.
std::string_view meaning(SyncState state) {
  switch (state) {
    case SyncState::kUnknown: return "Nothing says how wrong this time may be.";
    case SyncState::kSynchronized: return "A reference keeps this time.";
    case SyncState::kFreeRunning: return "Nothing corrects this time. Its error grows.";
    case SyncState::kDisrupted: return "The clock was set or slept. Its error is not known.";
  }
  return "";
}

// The place of a city in the name of a zone: "New York" of "America/New_York".
std::string label_of(masterclock::Zone zone) {
  std::string label(zone.name().substr(zone.name().rfind('/') + 1));
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
}

}  // namespace

json Wall::zones(UtcTime now) const {
  json list = json::array();
  for (const masterclock::Zone zone : options_.zones) {
    const masterclock::ZoneOffset offset = zone.offset_at(now);
    const bool changes = offset.end != UtcTime::max();
    list.push_back({{"name", zone.name()},
                    {"label", label_of(zone)},
                    {"abbreviation", offset.abbreviation},
                    {"offset_s", offset.offset.count()},
                    {"next_change_utc_ns", changes ? instant(offset.end) : json()},
                    {"next_offset_s", zone.offset_at(offset.end).offset.count()}});
  }
  return list;
}

// The label of the present frame and the instant at which the frame began: the page counts on from there.
json Wall::timecode(UtcTime now) const {
  if (!options_.timecode) return nullptr;
  const masterclock::Timecode code = options_.timecode->at(now);
  const masterclock::FrameRate rate = code.rate();
  const masterclock::TaiTime tai = masterclock::to_tai(now);
  const auto began =
      masterclock::frame_start<masterclock::TaiTime>(masterclock::frame_index(tai, rate), rate);
  return {{"label", code.to_string()},          {"frame", code.frame()},
          {"since_ns", (tai - began).count()},  {"numerator", rate.numerator},
          {"denominator", rate.denominator},    {"nominal", code.format().nominal()},
          {"dropped", code.format().dropped()}, {"frames_per_day", code.format().frames_per_day()}};
}

json Wall::sync() {
  const masterclock::TimeBounds bounds = clock_.now_bounded();
  const bool known = bounds.earliest != UtcTime::min();
  const bool beyond = known && bounds.uncertainty() > options_.largest_error;
  if (bounds.state != SyncState::kSynchronized) {
    alarm(to_string(bounds.state), "Do not trust the time: it is " + to_string(bounds.state) + ".");
  }
  if (beyond) {
    alarm("limit", "The time may be wrong by more than the limit.");
  }
  return {{"state", to_string(bounds.state)},
          {"bound_ns", known ? json(bounds.uncertainty().count()) : json()},
          {"limit_ns", options_.largest_error.count()},
          {"meaning", beyond && bounds.state == SyncState::kSynchronized
                          ? "A reference keeps this time, but not within the limit."
                          : meaning(bounds.state)}};
}

json Wall::channels(UtcTime now) {
  json list = json::array();
  if (options_.schedule == nullptr) return list;
  for (const std::string& id : options_.schedule->channels()) {
    const auto plan = options_.schedule->get_playout_plan_now(id, now);
    if (!plan.ok()) continue;  // the guide changed meanwhile
    json channel = {{"id", id},
                    {"name", plan->display_name.empty() ? id : plan->display_name},
                    {"title", nullptr},
                    {"start_utc_ns", nullptr},
                    {"end_utc_ns", instant(plan->until)}};
    if (plan->now) {
      channel["title"] = plan->now->title;
      channel["start_utc_ns"] = instant(plan->now->begin);
    }
    list.push_back(std::move(channel));
  }
  if (!guide_alarm_.empty()) alarm("guide", "The guide cannot be read: " + guide_alarm_);
  return list;
}

// The next changes of all channels together, the first first. Merges the channels: each gives its next change.
json Wall::events(UtcTime now) const {
  struct Change {
    UtcTime at;
    std::size_t channel;
    bool operator>(const Change& other) const {
      return std::pair(at, channel) > std::pair(other.at, other.channel);
    }
  };
  json list = json::array();
  if (options_.schedule == nullptr) return list;
  const std::vector<std::string> ids = options_.schedule->channels();
  std::priority_queue<Change, std::vector<Change>, std::greater<>> changes;
  const auto add_next = [&](std::size_t channel, const on_air::PlayoutPlan& plan) {
    if (plan.until && *plan.until > plan.at) changes.push({*plan.until, channel});
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto plan = options_.schedule->get_playout_plan_now(ids[i], now);
    if (plan.ok()) add_next(i, *plan);
  }
  while (!changes.empty() && list.size() < kMostEvents) {
    const Change change = changes.top();
    changes.pop();
    const auto plan = options_.schedule->get_playout_plan_now(ids[change.channel], change.at);
    if (!plan.ok()) continue;  // the guide changed meanwhile
    list.push_back(
        {{"utc_ns", instant(change.at)},
         {"title", plan->now ? json(plan->now->title) : json()},
         {"channel", plan->display_name.empty() ? plan->channel_id : plan->display_name}});
    add_next(change.channel, *plan);
  }
  return list;
}

void Wall::guide_read(const absl::StatusOr<bool>& changed) {
  if (!changed.ok()) {
    guide_alarm_ = common::printable(std::string(changed.status().message()));
  } else if (*changed) {
    guide_alarm_.clear();
  }
}

json Wall::neighbour(const Neighbour* asked, const char* name) {
  if (asked == nullptr) return nullptr;
  const Answer answer = asked->last();
  json shown = {{"address", asked->address()}, {"reachable", answer.status.ok()}};
  if (!answer.asked_once) {
    shown["reachable"] = nullptr;
    return shown;
  }
  if (!answer.status.ok()) {
    const std::string why = common::printable(std::string(answer.status.message()));
    shown["error"] = why;
    alarm(name, "The " + std::string(name) + " does not answer: " + why);
    return shown;
  }
  shown["age_ns"] = (clock_.source().now_steady() - answer.asked).count();
  shown["state"] = answer.state;
  return shown;
}

void Wall::alarm(std::string_view kind, std::string text) {
  raised_.emplace(kind, std::move(text));
}

json Wall::alarms(UtcTime now) {
  std::map<std::string, UtcTime> standing;
  json list = json::array();
  for (const auto& [kind, text] : std::exchange(raised_, {})) {
    const auto before = since_.find(kind);
    const UtcTime since = before == since_.end() ? now : before->second;
    standing.emplace(kind, since);
    list.push_back({{"text", text}, {"since_utc_ns", instant(since)}});
  }
  since_ = std::move(standing);
  return list;
}

json Wall::state() {
  const masterclock::TimeReading reading = clock_.source().read();
  const UtcTime now = reading.utc;
  json state = {{"type", "state"},
                {"server_utc_ns", instant(now)},
                {"server_steady_ns", reading.steady.time_since_epoch().count()},
                {"zones", zones(now)},
                {"timecode", timecode(now)},
                {"sync", sync()},
                {"channels", channels(now)},
                {"scoreboard", neighbour(options_.scoreboard, "scoreboard")},
                {"director", neighbour(options_.director, "director")}};
  state["events"] = events(now);
  state["alarms"] = alarms(now);
  return state;
}

}  // namespace wall
