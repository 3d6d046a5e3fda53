#include "channel_manager.h"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "common/printable.h"

namespace on_air {
namespace {

using common::in_quotes;
using masterclock::TimeChange;
using masterclock::UtcTime;

using ChannelPointer = std::shared_ptr<Channel>;

constexpr std::string_view kStepEvent = "on_air/step";

}  // namespace

class ChannelManager::State : public std::enable_shared_from_this<State> {
 public:
  State(masterclock::MasterClock& clock, ScheduleService& schedule, ChannelManagerOptions options)
      : clock_(clock),
        schedule_(schedule),
        options_(std::make_shared<const ChannelManagerOptions>(std::move(options))) {}

  absl::StatusOr<JoinInfo> join(std::string_view session_id, const SessionInfo& session) {
    const absl::StatusOr<ChannelPointer> channel = find(session.channel_id);
    if (!channel.ok()) return channel.status();
    if (!add_session(session_id, *channel)) {
      return absl::AlreadyExistsError("Session " + in_quotes(session_id) + " has joined already");
    }
    absl::StatusOr<JoinInfo> joined = (*channel)->add_viewer(session_id);
    if (!joined.ok()) remove_session(session_id);
    return joined;
  }

  absl::Status leave(std::string_view session_id) {
    const ChannelPointer channel = channel_of(session_id);
    absl::Status left =
        channel == nullptr
            ? absl::NotFoundError("Session " + in_quotes(session_id) + " has not joined")
            : channel->remove_viewer(session_id);
    // NotFound from the channel: the session is joining on another thread.
    if (!absl::IsNotFound(left)) remove_session(session_id);
    return left;
  }

  void follow_guide() {
    {
      const std::lock_guard lock(mutex_);
      for (const std::string& id : schedule_.channels()) {
        if (by_id_.contains(id)) continue;
        channels_.push_back(std::make_shared<Channel>(id, clock_, schedule_, options_));
        by_id_.emplace(id, channels_.back());
      }
    }
    for (const ChannelPointer& channel : channels())
      channel->follow_clock(Channel::Cause::kBoundary);
  }

  // Runs on the thread that announces the change, and therefore only takes a note: an event moves the
  // channels.
  void clock_changed(const TimeChange& change) {
    if (change.kind == TimeChange::Kind::kAdvance) return;
    // A disciplined clock that waits for UTC announces a change and does not go back.
    const bool went_back = change.to < change.from && clock_.now_utc() < change.from;
    if (went_back) {
      const std::lock_guard lock(mutex_);
      lowest_ = std::min(lowest_, change.to);
    }
    masterclock::EventRequest request;
    request.id = kStepEvent;
    request.due = masterclock::After{};
    request.type = "clock step";
    request.on_duplicate = masterclock::OnDuplicate::kKeep;
    request.action = [weak = weak_from_this()](const masterclock::FiredEvent&) {
      if (const auto state = weak.lock()) state->follow_step();
    };
    (void)clock_.schedule_event(std::move(request));
  }

  std::vector<ChannelPointer> channels() const {
    const std::lock_guard lock(mutex_);
    return channels_;
  }

  void close() {
    clock_.cancel_event(kStepEvent);
    const std::vector<ChannelPointer> channels = this->channels();
    for (const ChannelPointer& channel : channels) channel->close();
    for (const ChannelPointer& channel : channels) channel->wait_until_stopped();
  }

 private:
  void follow_step() {
    UtcTime lowest;
    {
      const std::lock_guard lock(mutex_);
      lowest = std::exchange(lowest_, UtcTime::max());
    }
    for (const ChannelPointer& channel : channels()) channel->follow_step(lowest);
  }

  absl::StatusOr<ChannelPointer> find(const std::string& id) const {
    {
      const std::lock_guard lock(mutex_);
      const auto found = by_id_.find(id);
      if (found != by_id_.end()) return found->second;
    }
    const absl::StatusOr<PlayoutPlan> plan = schedule_.get_playout_plan_now(id);
    if (!plan.ok()) return plan.status();
    return absl::NotFoundError("Channel " + in_quotes(id) + " is in a guide loaded later");
  }

  bool add_session(std::string_view session_id, const ChannelPointer& channel) {
    const std::lock_guard lock(mutex_);
    return sessions_.emplace(session_id, channel).second;
  }

  ChannelPointer channel_of(std::string_view session_id) const {
    const std::lock_guard lock(mutex_);
    const auto session = sessions_.find(session_id);
    return session == sessions_.end() ? nullptr : session->second;
  }

  void remove_session(std::string_view session_id) {
    const std::lock_guard lock(mutex_);
    const auto session = sessions_.find(session_id);
    if (session != sessions_.end()) sessions_.erase(session);
  }

  masterclock::MasterClock& clock_;
  ScheduleService& schedule_;
  const std::shared_ptr<const ChannelManagerOptions> options_;

  mutable std::mutex mutex_;  // guards the members below; no channel is called while it is held
  UtcTime lowest_ =
      UtcTime::max();  // the lowest reading after steps back that no channel knows yet
  std::vector<ChannelPointer> channels_;
  std::map<std::string, ChannelPointer, std::less<>> by_id_, sessions_;
};

ChannelManager::ChannelManager(masterclock::MasterClock& clock, ScheduleService& schedule,
                               ChannelManagerOptions options)
    : state_(std::make_shared<State>(clock, schedule, std::move(options))) {
  steps_ = clock.source().subscribe(
      [state = state_.get()](const TimeChange& change) { state->clock_changed(change); });
  state_->follow_guide();
}

ChannelManager::~ChannelManager() {
  steps_.reset();
  state_->close();
}

absl::StatusOr<JoinInfo> ChannelManager::viewer_join(std::string_view session_id,
                                                     const SessionInfo& info) {
  return state_->join(session_id, info);
}

absl::Status ChannelManager::viewer_leave(std::string_view session_id) {
  return state_->leave(session_id);
}

void ChannelManager::guide_changed() { state_->follow_guide(); }

void ChannelManager::wait_for_producers() {
  for (const ChannelPointer& channel : state_->channels()) channel->wait_until_stopped();
}

std::vector<ChannelStatus> ChannelManager::channels() const {
  std::vector<ChannelStatus> all;
  for (const ChannelPointer& channel : state_->channels()) all.push_back(channel->status());
  return all;
}

}  // namespace on_air
