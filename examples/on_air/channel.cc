#include "channel.h"

#include <exception>
#include <utility>

#include "common/printable.h"

namespace on_air {

using common::in_quotes;
using masterclock::SteadyTime;
using masterclock::TimeReading;
using masterclock::UtcTime;

Channel::Channel(std::string id, masterclock::MasterClock& clock, const ScheduleService& schedule,
                 std::shared_ptr<const ChannelManagerOptions> options)
    : id_(std::move(id)),
      clock_(clock),
      schedule_(schedule),
      options_(std::move(options)),
      boundary_(clock, id_),
      recorder_(schedule, id_, options_->as_run, clock.now_utc(), options_->record_until),
      producer_({.make = options_->producers ? [this] { return options_->producers(id_); }
                                             : std::function<std::unique_ptr<Producer>()>(),
                 .request = [this](const NowPlaying& now) { return request_for(now); },
                 .on_error = [this](const absl::Status& error) { report(error); }}) {}

absl::StatusOr<JoinInfo> Channel::add_viewer(std::string_view session_id) {
  JoinInfo info;
  {
    const std::lock_guard lock(mutex_);
    const TimeReading now = clock_.source().read();
    info.plan = plan_at(now.utc);
    viewers_.emplace(session_id);
    info.started = show(info.plan, now.steady, Cause::kViewer) && info.plan.on_air();
  }
  if (absl::Status produced = producer_.wait(); !produced.ok()) {
    (void)remove_viewer(session_id);
    return produced;
  }
  return info;
}

absl::Status Channel::remove_viewer(std::string_view session_id) {
  {
    const std::lock_guard lock(mutex_);
    const auto viewer = viewers_.find(session_id);
    if (viewer == viewers_.end()) {
      return absl::NotFoundError("Session " + in_quotes(session_id) + " has not joined");
    }
    viewers_.erase(viewer);
    if (!viewers_.empty()) return absl::OkStatus();
    stop_playing();
  }
  return producer_.wait();
}

void Channel::follow_clock(Cause cause) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    const TimeReading now = clock_.source().read();
    const PlayoutPlan plan = plan_at(now.utc);
    if (absl::Status recorded = recorder_.record(plan); !recorded.ok()) report(recorded);
    if (!viewers_.empty()) show(plan, now.steady, cause);
    boundary_.aim(plan.until);
  }
  schedule_boundary();
}

void Channel::follow_step(UtcTime lowest) {
  {
    const std::lock_guard lock(mutex_);
    recorder_.clock_was_at(lowest);
  }
  follow_clock(Cause::kClockStep);
}

ChannelStatus Channel::status() const {
  const std::lock_guard lock(mutex_);
  return {id_, viewers_.size(), producer_.state(), producer_.error()};
}

void Channel::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    viewers_.clear();
    stop_playing();
    boundary_.aim(std::nullopt);
  }
  schedule_boundary();
}

PlayoutPlan Channel::plan_at(UtcTime now) const {
  absl::StatusOr<PlayoutPlan> plan = schedule_.get_playout_plan_now(id_, now);
  if (plan.ok()) return *std::move(plan);
  PlayoutPlan off_air;  // the guide was replaced by one without this channel
  off_air.channel_id = off_air.display_name = id_;
  off_air.at = now;
  return off_air;
}

absl::StatusOr<ProducerRequest> Channel::request_for(const NowPlaying& now) const {
  ProducerRequest request;
  request.channel = id_;
  request.media = now.source;
  request.position = now.media_position;
  if (options_->media) {
    absl::StatusOr<std::filesystem::path> media = options_->media(id_, now);
    if (!media.ok()) return media.status();
    request.media = *std::move(media);
  }
  if (options_->output) request.output = options_->output(id_);
  return request;
}

void Channel::schedule_boundary() {
  const absl::Status status =
      boundary_.update([weak = weak_from_this()](const masterclock::FiredEvent&) {
        const std::shared_ptr<Channel> channel = weak.lock();
        if (channel == nullptr) return;
        channel->boundary_.fired();
        channel->follow_clock(Cause::kBoundary);
      });
  if (!status.ok()) report(status);
}

void Channel::report(const absl::Status& error) const {
  if (!options_->on_error) return;
  try {
    options_->on_error(id_, error);
  } catch (...) {  // a report that fails has no one to be reported to
  }
}

// Gives the programme of the plan to the producer unless it plays it. Returns whether it did.
bool Channel::show(const PlayoutPlan& plan, SteadyTime now, Cause cause) {
  if (!plan.now) {
    if (playing_) stop_playing();
    return false;
  }
  if (plays(*plan.now, now, cause)) return false;
  playing_ = plan.now;
  playing_since_ = now;
  producer_.play(*plan.now);
  return true;
}

bool Channel::plays(const NowPlaying& wanted, SteadyTime now, Cause cause) const {
  if (!playing_ || playing_->begin != wanted.begin || playing_->start != wanted.start ||
      playing_->title != wanted.title || playing_->source != wanted.source) {
    return false;
  }
  switch (cause) {
    case Cause::kBoundary:
      return true;
    case Cause::kClockStep:
      return std::chrono::abs(playing_->media_position + (now - playing_since_) -
                              wanted.media_position) <= options_->tolerance;
    case Cause::kViewer:
      return producer_.healthy();
  }
  return true;
}

void Channel::stop_playing() {
  playing_.reset();
  producer_.stop();
}

}  // namespace on_air
