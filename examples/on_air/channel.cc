#include "channel.h"

#include <exception>
#include <utility>

#include "common/printable.h"

namespace on_air {

using common::in_quotes;
using masterclock::SteadyTime;
using masterclock::TimeReading;
using masterclock::UtcTime;

namespace {

bool same_airing(const std::optional<NowPlaying>& a, const NowPlaying& b) {
  return a && a->begin == b.begin && a->start == b.start && a->title == b.title &&
         a->source == b.source;
}

}  // namespace

Channel::Channel(std::string id, masterclock::MasterClock& clock, const ScheduleService& schedule,
                 std::shared_ptr<const ChannelManagerOptions> options)
    : id_(std::move(id)),
      clock_(clock),
      schedule_(schedule),
      options_(std::move(options)),
      boundary_(clock, "boundary", id_),
      retry_(clock, "retry", id_),
      preroll_(clock, "preroll", id_),
      recorder_(schedule, id_, options_->as_run, clock.now_utc(), options_->record_until),
      producer_({.make = options_->producers ? [this] { return options_->producers(id_); }
                                             : std::function<std::unique_ptr<Producer>()>(),
                 .request = [this](const NowPlaying& now) { return request_for(now); },
                 .on_start = [this](const NowPlaying& now) { programme_started(now); },
                 .on_error = [this](const absl::Status& error) { report(error); },
                 .on_early_end =
                     [this](const NowPlaying& now, const absl::Status& reason) {
                       programme_ended_early(now, reason);
                     },
                 .on_filler_failed = [this] { filler_failed(); }}) {}

absl::StatusOr<JoinInfo> Channel::add_viewer(std::string_view session_id) {
  JoinInfo info;
  {
    const std::lock_guard lock(mutex_);
    const TimeReading now = clock_.source().read();
    info.plan = plan_at(now.utc);
    viewers_.emplace(session_id);
    info.started = show(info.plan, now.steady, Cause::kViewer) && info.plan.on_air();
  }
  update_events();
  const absl::Status produced = producer_.wait();
  if (produced.ok() || options_->filler) return info;
  (void)remove_viewer(session_id);
  return produced;
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
  update_events();
  return producer_.wait();
}

void Channel::follow_clock(Cause cause) {
  if (options_->stopped && options_->stopped()) return;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    const TimeReading now = clock_.source().read();
    const PlayoutPlan plan = plan_at(now.utc);
    if (absl::Status recorded = recorder_.record(plan); !recorded.ok()) report(recorded);
    if (!viewers_.empty()) show(plan, now.steady, cause);
    boundary_.aim(plan.until);
  }
  update_events();
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
  update_events();
}

PlayoutPlan Channel::plan_at(UtcTime now) const {
  absl::StatusOr<PlayoutPlan> plan = schedule_.get_playout_plan_now(id_, now);
  if (plan.ok()) return *std::move(plan);
  PlayoutPlan off_air;  // the guide was replaced by one without this channel
  const auto id = std::make_shared<const std::string>(id_);
  off_air.channel_id = off_air.display_name = *id;
  off_air.at = now;
  off_air.texts = id;
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
  if (options_->output) request.output = options_->output(id_, now);
  return request;
}

void Channel::update_events() {
  const auto with_this = [this](void (*act)(Channel&)) {
    return [weak = weak_from_this(), act](const masterclock::FiredEvent&) {
      if (const std::shared_ptr<Channel> channel = weak.lock()) act(*channel);
    };
  };
  absl::Status status = boundary_.update(with_this([](Channel& channel) {
    channel.boundary_.fired();
    channel.follow_clock(Cause::kBoundary);
  }));
  status.Update(retry_.update(with_this([](Channel& channel) {
    channel.retry_.fired();
    channel.follow_clock(Cause::kRetry);
  })));
  status.Update(preroll_.update(with_this([](Channel& channel) {
    channel.preroll_.fired();
    channel.prepare_next();
  })));
  if (!status.ok()) report(status);
}

void Channel::prepare_next() {
  const std::lock_guard lock(mutex_);
  if (closed_ || viewers_.empty() || !playing_ || !playing_->stop) return;
  const PlayoutPlan next = plan_at(*playing_->stop);
  if (next.now) producer_.prepare(with_own_texts(*next.now));
}

void Channel::programme_started(const NowPlaying& now) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(filler_, false) || closed_) return;
  if (absl::Status status = recorder_.record_return(now, clock_.now_utc()); !status.ok()) {
    report(status);
  }
}

// Runs on the thread of the producer. A newer request makes it obsolete.
void Channel::programme_ended_early(const NowPlaying& now, const absl::Status& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || viewers_.empty() || !playing_ || producer_.busy()) return;
    const UtcTime at = clock_.now_utc();
    if (now.stop && at >= *now.stop) return;  // the boundary comes at once
    if (!reason.ok()) retry_.aim(retry_time(++failures_));
    if (options_->filler) {
      if (!std::exchange(filler_, true)) {
        const absl::Status recorded = recorder_.record_filler(
            now, at, reason.ok() ? "the media ended" : std::string(reason.message()));
        if (!recorded.ok()) report(recorded);
      }
      fill();
    }
  }
  update_events();
}

// Runs on the thread of the producer. The first failure is that of a file: its successor can be a slate.
void Channel::filler_failed() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || viewers_.empty() || !playing_ || producer_.busy()) return;
    if (++filler_failures_ == 1) {
      fill();
    } else if (failures_ == 0) {  // otherwise the programme is tried again
      retry_.aim(retry_time(filler_failures_ - 1));
    }
  }
  update_events();
}

void Channel::fill() {
  producer_.fill(options_->filler(plan_at(clock_.now_utc()), filler_failures_));
}

bool Channel::filler_needed() const { return filler_ && failures_ == 0 && !producer_.filling(); }

std::optional<UtcTime> Channel::retry_time(int failures) const {
  const auto delay = options_->retry.delay_after(failures);
  if (!delay) return std::nullopt;
  return masterclock::saturating_add(clock_.now_utc(), *delay);
}

void Channel::report(const absl::Status& error) const {
  if (!options_->on_error) return;
  try {
    options_->on_error(id_, error);
  } catch (...) {  // there is no other place to report to
  }
}

// Gives the programme of the plan to the producer unless it plays it. Returns whether it did.
bool Channel::show(const PlayoutPlan& plan, SteadyTime now, Cause cause) {
  if (!plan.now) {
    if (playing_) stop_playing();
    return false;
  }
  if (plays(*plan.now, now, cause)) {
    if ((cause == Cause::kViewer || cause == Cause::kRetry) && filler_needed()) fill();
    return false;
  }
  if (!same_airing(playing_, *plan.now)) {
    failures_ = filler_failures_ = 0;
    filler_ = false;
  }
  playing_ = with_own_texts(*plan.now);  // the guide may be replaced long before the programme ends
  playing_since_ = now;
  producer_.play(*playing_);
  retry_.aim(std::nullopt);
  if (options_->preroll > std::chrono::nanoseconds(0) && plan.now->stop) {
    preroll_.aim(masterclock::saturating_add(*plan.now->stop, -options_->preroll));
  }
  return true;
}

bool Channel::plays(const NowPlaying& wanted, SteadyTime now, Cause cause) const {
  if (!same_airing(playing_, wanted)) return false;
  switch (cause) {
    case Cause::kBoundary: return true;
    case Cause::kClockStep:
      return std::chrono::abs(playing_->media_position + (now - playing_since_) -
                              wanted.media_position) <= options_->tolerance;
    case Cause::kViewer:
    case Cause::kRetry: {
      const bool media_ended = filler_ && failures_ == 0;
      return media_ended || producer_.healthy();
    }
  }
  return true;
}

void Channel::stop_playing() {
  playing_.reset();
  filler_ = false;
  retry_.aim(std::nullopt);
  preroll_.aim(std::nullopt);
  producer_.stop();
}

}  // namespace on_air
