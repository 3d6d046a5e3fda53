#include "director.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "common/printable.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/duration_text.h"
#include "wire.h"

namespace director {
namespace {

using masterclock::After;
using masterclock::FiredEvent;
using masterclock::RundownReading;
using masterclock::RundownState;
using masterclock::Scene;
using masterclock::SteadyTime;
using masterclock::TimeReading;
using std::chrono::nanoseconds;

// A boundary that is later than this is not played: the show goes on at the present instant.
constexpr nanoseconds kLate = std::chrono::seconds(1);

// Returns the scene that follows a reading, and the time until it begins. None at the end.
struct NextScene {
  std::string name;
  nanoseconds in{};
};
std::optional<NextScene> next_scene(const Show& show, const RundownReading& reading) {
  const std::span<const Scene> scenes = show.rundown().scenes();
  if (scenes.empty() || reading.state == RundownState::kFinished) return std::nullopt;
  const auto later = std::ranges::upper_bound(scenes, reading.position, {},
                                              [](const Scene& scene) { return *scene.start; });
  const bool idle = reading.state != RundownState::kRunning &&
                    reading.state != RundownState::kPaused && !reading.scene;
  if (idle) return NextScene{scenes.front().name, *scenes.front().start};
  if (later != scenes.end()) return NextScene{later->name, *later->start - reading.position};
  if (!show.plan().looping) return std::nullopt;
  const nanoseconds end = *scenes.back().start + scenes.back().duration;
  return NextScene{scenes.front().name,
                   masterclock::saturating_add(end - reading.position, *scenes.front().start)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Director>> Director::open(masterclock::MasterClock& clock,
                                                         Store& store, DirectorOptions options) {
  std::unique_ptr<Director> director(new Director(clock, store, std::move(options)));
  const TimeReading now = clock.source().read();
  auto show = Show::open(store, director->options_.boot, now);
  if (!show.ok()) return show.status();
  director->use(*std::move(show));
  const SafeScene& safe = director->options_.safe;
  const bool lost = !safe.scene.empty() && director->show_->is_safe(now.steady);
  director->watch_ = LossWatch(safe.after, safe.back, lost);
  if (!director->options_.logs_past) director->skip_past(now.steady);
  director->run(now.steady);
  return director;
}

Director::Director(masterclock::MasterClock& clock, Store& store, DirectorOptions options)
    : clock_(clock),
      store_(store),
      options_(std::move(options)),
      as_run_(options_.as_run, options_.mark),
      watch_(options_.safe.after, options_.safe.back) {}

void Director::use(std::unique_ptr<Show> show) {
  show_ = std::move(show);
  for (const std::string& line : show_->left_out()) log(line);
}

// A line that still waits is written. In a group the next leader writes it.
Director::~Director() {
  if (!options_.has_lease) as_run_.give_up();
}

void Director::skip_past(SteadyTime now) {
  const std::vector<ShowChange> past = show_->changes(now);
  if (!past.empty()) as_run_.set_mark(AsRunMark{show_->first_utc_ns(), past.back().id});
}

absl::Status Director::post(absl::AnyInvocable<void()> work) {
  if (waiting_.fetch_add(1) >= options_.queue) {
    --waiting_;
    return absl::ResourceExhaustedError("The queue is full: " + std::to_string(options_.queue) +
                                        " commands wait");
  }
  const auto posted =
      clock_.schedule_event({.due = After{nanoseconds(0)},
                             .action = [this, work = std::move(work)](const FiredEvent&) mutable {
                               --waiting_;
                               work();
                             }});
  if (!posted.ok()) --waiting_;
  return posted.status();
}

void Director::post_own(absl::AnyInvocable<void()> work) {
  (void)clock_.schedule_event(
      {.due = After{nanoseconds(0)},
       .action = [work = std::move(work)](const FiredEvent&) mutable { work(); }});
}

Outcome Director::outcome(absl::Status status, Applied applied) const {
  return {std::move(status), applied, look_json(show_->rundown(), clock_.source().read().steady)};
}

Outcome Director::duplicate() const {
  return outcome(absl::OkStatus(), {show_->sequence(), false, true});
}

absl::Status Director::add_missing(absl::Status faults, const ShowPlan& plan) const {
  const auto missing = mixer_ == nullptr ? std::vector<std::string>() : mixer_->missing(plan);
  if (missing.empty()) return faults;
  std::string names;
  for (const std::string& name : missing) {
    names += (names.empty() ? "" : ", ") + common::in_quotes(name);
  }
  return absl::InvalidArgumentError((faults.ok() ? "" : std::string(faults.message()) + "; ") +
                                    "The mixer has no scene " + names);
}

bool Director::lacks(const std::string& scene) const {
  return mixer_ != nullptr && !mixer_->missing({{{scene, nanoseconds(1), {}}}, false}).empty();
}

Outcome Director::command(Command command) {
  if (!leads()) return outcome(absl::UnavailableError("Another server leads"));
  if (stream_ids_.contains(command.id)) return duplicate();
  const TimeReading now = clock_.source().read();
  if (command.verb == Verb::kConfigure && !show_->knows(command.id)) {
    if (!add_missing(absl::OkStatus(), command.plan).ok()) {
      masterclock::Rundown scratch;  // names the other faults
      return outcome(add_missing(
          scratch.configure(now.steady, command.plan.scenes, {.looping = command.plan.looping}),
          command.plan));
    }
  }
  const bool takes = command.verb == Verb::kTake;
  if ((takes || command.verb == Verb::kForce) && !command.in_mixer && !show_->knows(command.id) &&
      lacks(command.scene)) {
    const bool known = std::ranges::find(show_->plan().scenes, command.scene, &Scene::name) !=
                       show_->plan().scenes.end();
    if (known || !takes) {
      return outcome(
          absl::InvalidArgumentError("The mixer has no scene " + common::in_quotes(command.scene)));
    }
  }
  const Verb verb = command.verb;
  const bool by_operator = command.why.empty();
  const auto applied = show_->apply(std::move(command), now);
  if (!applied.ok()) return outcome(applied.status());
  if (applied->duplicate) return outcome(absl::OkStatus(), *applied);
  if (by_operator) dismiss_safe(now, verb);
  run(now.steady);
  return outcome(absl::OkStatus(), *applied);
}

void Director::stream(const StreamStatus& status) {
  const bool changed = status != stream_;
  if (options_.safe.stream) report("the stream", status.lost);
  stream_ = status;
  if (options_.follow_stream && leads()) follow();
  if (changed) publish();
}

// Only the mixer knows whether the stream is lost.
Outcome Director::update(const StreamUpdate& update) {
  const bool counted = !update.id.empty();
  if (counted && (show_->knows(update.id) || !stream_ids_.add(update.id))) return duplicate();
  StreamStatus status = stream_;
  status.streaming = update.streaming.value_or(status.streaming);
  status.recording = update.recording.value_or(status.recording);
  if (update.timecode) status.timecode = update.timecode;
  const bool changed = std::exchange(stream_, status) != status;
  // An old time code tells nothing about the present position.
  const bool fresh = update.timecode || !status.streaming;
  if (options_.follow_stream && fresh && leads()) follow();
  if (changed) publish();
  if (update.feed_lost) report("the feed", *update.feed_lost);
  return outcome(absl::OkStatus(), {show_->sequence(), changed, false});
}

void Director::report(const std::string& source, bool lost) {
  if (options_.safe.scene.empty()) return;
  lost_[source] = lost;
  watch();
}

// Waits for the decision that follows from the reports.
void Director::watch() {
  const SteadyTime now = clock_.source().now_steady();
  const auto lost = std::ranges::find(lost_, true, &std::pair<const std::string, bool>::second);
  if (lost != lost_.end()) loss_ = lost->first;
  watch_.observe(now, blind_ ? std::nullopt : std::optional(lost != lost_.end()));
  decision_.cancel();
  const std::optional<SteadyTime> due = watch_.due();
  if (!due) return;
  auto event =
      clock_.schedule_scoped_event({.due = *due, .action = [this](const FiredEvent&) {
                                      const TimeReading at = clock_.source().read();
                                      if (!watch_.decide(at.steady)) return;
                                      log(loss_ + (watch_.lost() ? " is lost" : " is back"));
                                      if (!watch_.lost()) dismissed_ = false;
                                      run(at.steady);
                                    }});
  if (event.ok()) decision_ = *std::move(event);
}

// Puts the safe scene on the air, or takes it off, if that is due. Never overrides an operator.
bool Director::go_safe(const TimeReading& now) {
  if (!leads()) return false;
  const RundownReading reading = show_->rundown().reading(now.steady);
  const bool safe = show_->is_safe(now.steady);
  Command command{.verb = Verb::kRelease, .why = loss_ + " is back"};
  if (watch_.lost() && !dismissed_ && !reading.forced && reading.on_air) {
    command = {.verb = Verb::kForce, .scene = options_.safe.scene, .why = loss_ + " is lost"};
  } else if (!safe || watch_.lost() || blind_ || watch_.due()) {
    return false;
  }
  const auto applied = show_->apply(std::move(command), now);
  if (!applied.ok()) log(std::string(applied.status().message()));
  return applied.ok();
}

// An operator's choice during a loss stays until the loss ends.
void Director::dismiss_safe(const TimeReading& now, Verb verb) {
  const bool takes = verb == Verb::kTake || verb == Verb::kSkip;
  if (!watch_.lost() || !(takes || verb == Verb::kForce || verb == Verb::kRelease)) return;
  dismissed_ = true;
  if (!takes || !show_->is_safe(now.steady)) return;
  const auto applied = show_->apply({.verb = Verb::kRelease, .why = "the operator takes"}, now);
  if (!applied.ok()) log(std::string(applied.status().message()));
}

void Director::follow() {
  const TimeReading now = clock_.source().read();
  const RundownReading reading = show_->rundown().reading(now.steady);
  if (reading.state != RundownState::kRunning || reading.held) return;
  const Scene& last = show_->rundown().scenes().back();
  const nanoseconds cycles(masterclock::internal::saturating_product(
      (*last.start + last.duration).count(), reading.cycle));
  const auto correction =
      follower_.observe(now.steady, masterclock::saturating_add(cycles, reading.position), stream_);
  if (!correction) return;
  log("The stream's time code corrects the position by " + masterclock::to_string(*correction));
  const Outcome corrected = command({.verb = Verb::kCorrect, .by = *correction});
  if (!corrected.status.ok()) log(std::string(corrected.status.message()));
}

// Shows the state at `at`, with the changes up to it, and waits for the next boundary.
void Director::run(SteadyTime at) {
  const TimeReading now = clock_.source().read();
  if (go_safe(now)) at = std::max(at, now.steady);
  as_run_.begin(show_->first_utc_ns());
  const std::vector<ShowChange> changes = show_->changes(at);
  if (!leads()) {
    arm(at);
    publish();
    return;
  }
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const ShowChange& change = changes[i];
    const masterclock::UtcTime planned = now.to_utc(change.on_air.at);
    const bool last = i + 1 == changes.size();
    if (!last) {
      as_run_.note(change, planned, std::nullopt);
      continue;
    }
    as_run_.expect(change, planned);
    send(change.on_air.scene, now.utc);
  }
  note_mark();
  arm(at);
  if (options_.on_state) options_.on_state(state_at(at));
}

// Puts a scene on the air. The line of the as-run log waits for a mixer that is not connected.
void Director::send(const std::optional<std::string>& scene, masterclock::UtcTime now) {
  if (scene && mixer_ == nullptr && options_.has_mixer) return;
  const auto before = as_run_.sent(now);
  const auto shown = scene && mixer_ != nullptr ? mixer_->show(*scene) : Mixer::Shown::kOnAlready;
  if (shown == Mixer::Shown::kNotConnected) (void)as_run_.sent(before);
  if (shown != Mixer::Shown::kOnAlready) return;
  if (before) (void)as_run_.sent(before);
  as_run_.give_up();
}

void Director::arm(SteadyTime at) {
  boundary_.cancel();
  preview_.cancel();
  const std::optional<SteadyTime> next = show_->next_boundary(at);
  if (!next) return;
  auto event =
      clock_.schedule_scoped_event({.due = *next, .action = [this, due = *next](const FiredEvent&) {
                                      const SteadyTime now = clock_.source().read().steady;
                                      run(now - due > kLate ? now : due);
                                    }});
  if (event.ok()) boundary_ = *std::move(event);
  if (mixer_ == nullptr || options_.preview_before == nanoseconds(0)) return;
  const auto following = next_scene(*show_, show_->rundown().reading(at));
  if (!following) return;
  auto early = clock_.schedule_scoped_event(
      {.due = masterclock::saturating_subtract(*next, options_.preview_before),
       .action = [this, scene = following->name](const FiredEvent&) {
         if (leads()) mixer_->preview(scene);
       }});
  if (early.ok()) preview_ = *std::move(early);
}

void Director::publish() {
  if (options_.on_state) options_.on_state(state());
}

json Director::state() const { return state_at(clock_.source().read().steady); }

json Director::state_at(SteadyTime at) const {
  const TimeReading now = clock_.source().read();
  const RundownReading reading = show_->rundown().reading(at);
  json result = look_json(show_->rundown(), at);
  result["server_utc_ns"] = now.to_utc(at).time_since_epoch().count();
  result["server_steady_ns"] = at.time_since_epoch().count();
  result["sequence"] = show_->sequence();
  result["rundown"] = show_->configured();
  result["looping"] = show_->plan().looping;
  result["scenes"] = show_->plan().scenes.size();
  result["expected_end_utc_ns"] =
      reading.expected_end ? json(now.to_utc(*reading.expected_end).time_since_epoch().count())
                           : json();
  result["next"] = json();
  if (const auto next = next_scene(*show_, reading)) {
    result["next"] = {{"scene", next->name}, {"in_ns", next->in.count()}};
  }
  result["stream"] = {
      {"streaming", stream_.streaming},
      {"recording", stream_.recording},
      {"timecode_ms",
       stream_.timecode ? json(*stream_.timecode / std::chrono::milliseconds(1)) : json()}};
  result["safe"] = json();
  if (!options_.safe.scene.empty()) {
    result["safe"] = {{"scene", options_.safe.scene},
                      {"on", show_->is_safe(at)},
                      {"loss", watch_.lost() ? json(loss_) : json()}};
  }
  result["leads"] = leads();
  result["mixer"] = mixer_ == nullptr ? json{{"state", "none"}} : mixer_->state();
  return result;
}

json Director::thumbnails() const {
  const auto thumbnail = [&](const std::optional<std::string>& scene) {
    if (!scene) return json();
    const std::string image = mixer_ == nullptr ? "" : mixer_->thumbnail(*scene);
    return json{{"scene", *scene}, {"image", image.empty() ? json() : json(image)}};
  };
  const RundownReading reading = show_->rundown().reading(clock_.source().now_steady());
  std::optional<std::string> next;
  if (auto following = next_scene(*show_, reading)) next = std::move(following->name);
  return {{"on_air", thumbnail(reading.on_air)}, {"next", thumbnail(next)}};
}

std::optional<std::string> Director::on_air() const {
  return show_->rundown().reading(clock_.source().read().steady).on_air;
}

bool Director::leads() const { return !options_.has_lease || (leading_ && options_.has_lease()); }

void Director::lead(std::optional<AsRunMark> mark) {
  leading_ = true;
  as_run_.set_mark(mark);
  reload();
}

void Director::follow_another() {
  leading_ = false;
  publish();
}

void Director::reload() {
  const TimeReading now = clock_.source().read();
  auto show = Show::open(store_, options_.boot, now);
  if (!show.ok()) return log(std::string(show.status().message()));
  use(*std::move(show));
  run(now.steady);
}

void Director::note_mark() {
  if (!options_.on_mark || !as_run_.mark() || noted_ == as_run_.mark()) return;
  noted_ = as_run_.mark();
  options_.on_mark(*noted_);
}

void Director::use(Mixer& mixer) {
  mixer_ = &mixer;
  blind_ = true;
}

void Director::mixer_ready() {
  for (const std::string& name : mixer_->missing(show_->plan())) {
    log("The mixer has no scene " + common::in_quotes(name));
  }
  const std::string& safe = options_.safe.scene;
  if (!safe.empty() && lacks(safe)) log("The mixer has no safe scene " + common::in_quotes(safe));
  blind_ = false;
  watch();
  mixer_scenes();
  publish();
}

void Director::mixer_scenes() {
  if (!leads()) return;
  if (const auto scene = on_air()) send(scene, clock_.source().now_utc());
  note_mark();
}

void Director::mixer_answered() {
  as_run_.answered(clock_.source().now_utc());
  note_mark();
}

void Director::mixer_refused(const std::string& error) { as_run_.refused(error); }

void Director::mixer_switched(const std::string& scene) {
  const std::optional<std::string> wanted = on_air();
  if (wanted == scene || !leads()) return;
  Command switched{
      .verb = Verb::kForce, .scene = scene, .until = options_.operator_until, .in_mixer = true};
  // A switch back to the scene of the timeline ends the force.
  const RundownReading reading = show_->rundown().reading(clock_.source().read().steady);
  if (reading.forced && reading.scene && show_->rundown().scenes()[*reading.scene].name == scene) {
    switched = {.verb = Verb::kRelease, .in_mixer = true};
  }
  const Outcome outcome = command(std::move(switched));
  if (!outcome.status.ok()) log(std::string(outcome.status.message()));
}

void Director::mixer_lost() {
  blind_ = true;
  watch();
  publish();
}

void Director::log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

}  // namespace director
