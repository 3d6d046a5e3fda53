#include "wall.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "common/printable.h"

namespace wall {
namespace {

using masterclock::SyncState;
using masterclock::UtcTime;
using nlohmann::json;
using std::chrono::nanoseconds;

constexpr std::size_t kMostEvents = 8;

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
  const bool known = bounds.state != SyncState::kUnknown;
  if (bounds.state != SyncState::kSynchronized) alarm(std::string(meaning(bounds.state)));
  if (known && bounds.uncertainty() > options_.largest_error) {
    alarm("The time may be wrong by more than the limit.");
  }
  return {{"state", to_string(bounds.state)},
          {"bound_ns", known ? json(bounds.uncertainty().count()) : json()},
          {"limit_ns", options_.largest_error.count()},
          {"meaning", meaning(bounds.state)}};
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
                    {"end_utc_ns", instant(plan->until)},
                    {"next_title", nullptr},
                    {"next_utc_ns", nullptr}};
    if (plan->now) {
      channel["title"] = plan->now->title;
      channel["start_utc_ns"] = instant(plan->now->begin);
    }
    if (plan->next) {
      channel["next_title"] = plan->next->title;
      channel["next_utc_ns"] = instant(plan->next->start);
    }
    list.push_back(std::move(channel));
  }
  if (!guide_alarm_.empty()) alarm("The guide cannot be read: " + guide_alarm_);
  return list;
}

json Wall::neighbour(const Neighbour* asked, const char* name) {
  if (asked == nullptr) return nullptr;
  const Answer answer = asked->last();
  json shown = {{"address", asked->address()}, {"reachable", answer.status.ok()}};
  if (!answer.status.ok()) {
    const std::string why = common::printable(std::string(answer.status.message()));
    shown["error"] = why;
    alarm("The " + std::string(name) + " does not answer: " + why);
    return shown;
  }
  shown["age_ns"] = (clock_.source().now_steady() - answer.asked).count();
  shown["state"] = answer.state;
  return shown;
}

json Wall::alarms(UtcTime now) {
  std::map<std::string, UtcTime> standing;
  for (const std::string& text : raised_) {
    const auto before = since_.find(text);
    standing.emplace(text, before == since_.end() ? now : before->second);
  }
  raised_.clear();
  since_ = std::move(standing);
  json list = json::array();
  for (const auto& [text, since] : since_) {
    list.push_back({{"text", text}, {"since_utc_ns", instant(since)}});
  }
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
  // The next changes of all channels, the first first.
  std::vector<json> events;
  for (const json& channel : state["channels"]) {
    if (channel["next_utc_ns"].is_null()) continue;
    events.push_back({{"utc_ns", channel["next_utc_ns"]},
                      {"text", channel["next_title"]},
                      {"channel", channel["name"]}});
  }
  const auto earlier = [](const json& a, const json& b) { return a["utc_ns"] < b["utc_ns"]; };
  std::stable_sort(events.begin(), events.end(), earlier);
  events.resize(std::min(events.size(), kMostEvents));
  state["events"] = events;
  state["alarms"] = alarms(now);
  return state;
}

}  // namespace wall
