#include "schedule_service.h"

#include <algorithm>
#include <utility>

#include "common/data_error.h"
#include "common/printable.h"
#include "masterclock/time/leap_seconds.h"

namespace on_air {
namespace {

using common::in_quotes;

using masterclock::Timecode;
using masterclock::TimecodeFormat;
using masterclock::UtcTime;

// Prefers drop-frame where the rate allows it: its labels agree with the clock.
std::optional<Timecode> timecode_of(std::int64_t frame, masterclock::FrameRate rate) {
  for (const auto drop : {masterclock::DropFrame::kYes, masterclock::DropFrame::kNo}) {
    if (const auto format = TimecodeFormat::of(rate, drop)) return Timecode(*format, frame);
  }
  return std::nullopt;
}

NowPlaying now_playing(const Programme& programme, const Airing& airing, UtcTime at,
                       masterclock::FrameRate rate) {
  NowPlaying now;
  now.title = programme.title;
  now.start = programme.start;
  now.begin = airing.begin;
  now.stop = airing.stop();
  now.join = masterclock::join_at(programme.start, at, rate);
  now.timecode = timecode_of(now.join.frame, rate);
  if (now.stop) now.remaining = masterclock::si_elapsed(at, *now.stop);
  now.source = programme.source;
  now.media_position = masterclock::saturating_add(programme.media_in, now.join.offset);
  return now;
}

absl::Status unknown_channel(const Guide& guide, std::string_view id) {
  std::string message = "Unknown channel " + in_quotes(id);
  if (const std::string_view nearest = guide.nearest_id(id); !nearest.empty()) {
    return absl::NotFoundError(message + "; did you mean " + in_quotes(nearest) + "?");
  }
  if (guide.channels().empty()) return absl::NotFoundError(message + "; the guide has none");
  constexpr std::size_t kMost = 12;
  const std::size_t count = guide.channels().size();
  const char* separator = "; the guide has ";
  for (const ChannelSchedule& channel : guide.channels().first(std::min(kMost, count))) {
    message += std::exchange(separator, ", ") + in_quotes(channel.id());
  }
  if (count > kMost) message += " and " + std::to_string(count - kMost) + " more";
  return absl::NotFoundError(message);
}

}  // namespace

NowPlaying with_own_texts(NowPlaying now) {
  const auto texts =
      std::make_shared<const std::pair<std::string, std::string>>(now.title, now.source);
  now.title = texts->first;
  now.source = texts->second;
  now.texts = texts;
  return now;
}

absl::Status ScheduleService::load(std::vector<std::string> paths, const GuideOptions& options) {
  const std::lock_guard lock(files_mutex_);
  GuideFiles files(std::move(paths), {.zone = options.zone,
                                      .day_start = options.day_start,
                                      .assume_zone = options.assume_zone,
                                      .shift = options.shift,
                                      .strict = options.strict});
  if (absl::Status status = read(files, options); !status.ok()) return status;
  files_ = std::move(files);
  options_ = options;
  return absl::OkStatus();
}

absl::StatusOr<bool> ScheduleService::reload_if_changed(std::function<bool()> interrupted) {
  const std::lock_guard lock(files_mutex_);
  files_.set_interrupted(std::move(interrupted));
  const UtcTime now = clock_.source().now_utc();
  if (!files_.changed(options_.from.value_or(now), options_.until.value_or(now))) return false;
  if (absl::Status status = read(files_, options_); !status.ok()) return status;
  return true;
}

absl::Status ScheduleService::read(GuideFiles& files, const GuideOptions& options) {
  const UtcTime now = clock_.source().now_utc();
  absl::StatusOr<LoadedGuide> guide =
      files.load(options.from.value_or(now), options.until.value_or(now));
  if (!guide.ok()) return guide.status();
  auto loaded = std::make_shared<const Loaded>(
      Loaded{std::move(guide->guide), options, std::move(guide->warnings)});
  const std::lock_guard lock(mutex_);
  loaded_ = std::move(loaded);
  return absl::OkStatus();
}

std::vector<std::string> ScheduleService::warnings() const { return loaded()->warnings; }

std::shared_ptr<const ScheduleService::Loaded> ScheduleService::loaded() const {
  const std::lock_guard lock(mutex_);
  return loaded_;
}

std::shared_ptr<const Guide> ScheduleService::guide() const {
  std::shared_ptr<const Loaded> loaded = this->loaded();
  const Guide* const guide = &loaded->guide;
  return {std::move(loaded), guide};
}

std::vector<std::string> ScheduleService::channels() const {
  std::vector<std::string> ids;
  for (const ChannelSchedule& channel : loaded()->guide.channels()) ids.push_back(channel.id());
  return ids;
}

absl::StatusOr<PlayoutPlan> ScheduleService::get_playout_plan_now(
    std::string_view channel_id) const {
  return get_playout_plan_now(channel_id, clock_.now_utc());
}

absl::StatusOr<PlayoutPlan> ScheduleService::get_playout_plan_now(std::string_view channel_id,
                                                                  UtcTime at_station_time) const {
  std::shared_ptr<const Loaded> loaded = this->loaded();
  const ChannelSchedule* const channel = loaded->guide.find(channel_id);
  if (channel == nullptr) return unknown_channel(loaded->guide, channel_id);
  const GuideOptions& options = loaded->options;
  const ChannelSchedule::Moment moment = channel->at(at_station_time);

  absl::StatusOr<PlayoutPlan> answer(absl::in_place);
  PlayoutPlan& plan = *answer;
  plan.channel_id = channel->id();
  plan.display_name = channel->display_name();
  plan.at = at_station_time;
  plan.day = masterclock::broadcast_day_at(at_station_time, options.zone, options.day_start);
  if (moment.on != nullptr) {
    plan.now =
        now_playing(channel->programme(*moment.on), *moment.on, at_station_time, options.rate);
    plan.now->texts = loaded;
  }
  if (moment.next != nullptr) {
    plan.next = ComingUp{channel->programme(*moment.next).title, moment.next->begin};
  }
  plan.until = moment.until;
  plan.texts = std::move(loaded);
  return answer;
}

absl::StatusOr<PlannedAirings> ScheduleService::airings(std::string_view channel_id, UtcTime from,
                                                        UtcTime until) const {
  std::shared_ptr<const Loaded> loaded = this->loaded();
  const ChannelSchedule* const channel = loaded->guide.find(channel_id);
  if (channel == nullptr) return unknown_channel(loaded->guide, channel_id);
  const std::span<const Airing> airings = channel->airings_between(from, until);
  return PlannedAirings{{std::move(loaded), channel}, airings};
}

}  // namespace on_air
