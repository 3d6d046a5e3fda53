// Runs a show on the thread that triggers the events of its clock: an actor with a bounded queue.
//
// A command is an event that is due at once, so the scheduler is the queue. The end of each scene is an
// event at its exact instant. A test runs the same events on simulated time.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_DIRECTOR_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_DIRECTOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "as_run.h"
#include "command.h"
#include "common/seen_ids.h"
#include "loss_watch.h"
#include "masterclock/master_clock.h"
#include "mixer.h"
#include "show.h"
#include "stream_follower.h"

namespace director {

// The scene that is on the air while a source, the stream or the feed is lost.
struct SafeScene {
  std::string scene = {};                                    // empty: none
  std::chrono::nanoseconds after = std::chrono::seconds(3);  // of a loss
  std::chrono::nanoseconds back = std::chrono::seconds(5);   // after a return
  bool stream = false;                                       // a lost stream counts
};

struct DirectorOptions {
  std::string boot = {};                      // common::boot_id
  std::size_t queue = 64;                     // commands that wait
  bool follow_stream = false;                 // corrects the position by the stream's time code
  std::chrono::nanoseconds preview_before{};  // a scene; zero: no preview
  // Ends what an operator put on the air in the mixer itself.
  masterclock::ForceUntil operator_until = masterclock::ForceUntil::kBoundary;

  bool has_mixer = false;  // one will be used
  AsRun::Write as_run = {};
  std::optional<AsRunMark> mark = {};  // of the as-run log that goes on
  bool logs_past = true;               // the changes before `open` that are not in the log

  SafeScene safe = {};

  // Of a group of directors: returns whether this one has the lease. Empty: it leads always.
  std::function<bool()> has_lease = {};
  // Gets the last change in the as-run log, after each line.
  std::function<void(const AsRunMark& mark)> on_mark = {};

  // Gets the state after each change, as of the instant of the change.
  std::function<void(const nlohmann::json& state)> on_state = {};
  std::function<void(std::string_view line)> log = {};
};

struct Outcome {
  absl::Status status;
  Applied applied;
  nlohmann::json look;  // after the command
};

class Director {
 public:
  // Replays the store. `clock` and `store` must outlive the director. Nothing triggers the events of
  // `clock` while the director is destroyed.
  //
  // Errors: those of Show::open.
  static absl::StatusOr<std::unique_ptr<Director>> open(masterclock::MasterClock& clock,
                                                        Store& store, DirectorOptions options);
  Director(const Director&) = delete;
  Director& operator=(const Director&) = delete;
  ~Director();

  // Runs `work` on the director's thread. Threads: any.
  //
  // Errors: ResourceExhausted when the queue is full.
  absl::Status post(absl::AnyInvocable<void()> work);
  // The same for a part of the program, which the limit does not refuse.
  void post_own(absl::AnyInvocable<void()> work);

  // All below: on the director's thread, or before anything triggers the clock.

  Outcome command(Command command);
  // An id that a command or an earlier update had counts once.
  Outcome update(const StreamUpdate& update);
  // The status that the mixer reports.
  void stream(const StreamStatus& status);

  // Reports that a source of the safe scene is lost, or that it is not: "the source 'Camera'".
  void report(const std::string& source, bool lost);

  // Returns `faults` together with the scenes of `plan` that a connected mixer lacks.
  [[nodiscard]] absl::Status add_missing(absl::Status faults, const ShowPlan& plan) const;

  [[nodiscard]] nlohmann::json state() const;
  // Returns {"on_air": {"scene", "image"}, "next": ...}. An image is a data URI, or null.
  [[nodiscard]] nlohmann::json thumbnails() const;
  [[nodiscard]] const Show& show() const noexcept { return *show_; }
  [[nodiscard]] std::optional<std::string> on_air() const;

  // Returns whether this director switches the mixer, takes commands and writes the as-run log.
  [[nodiscard]] bool leads() const;
  // Begins to lead: replays the store, and does what is due. `mark` is the one of the leader before.
  void lead(std::optional<AsRunMark> mark);
  void follow_another();
  // Replays the store, which another director has changed.
  void reload();

  // Uses `mixer`, which must outlive the director, from now on.
  void use(Mixer& mixer);

  // The mixer calls these.
  void mixer_ready();     // connected, with its scenes read
  void mixer_scenes();    // has a scene that it has refused
  void mixer_answered();  // to Mixer::show
  void mixer_refused(const std::string& error);
  void mixer_switched(const std::string& scene);  // by its operator
  void mixer_lost();
  void publish();

 private:
  Director(masterclock::MasterClock& clock, Store& store, DirectorOptions options);
  Outcome outcome(absl::Status status, Applied applied = {}) const;
  [[nodiscard]] Outcome duplicate() const;
  void run(masterclock::SteadyTime at);
  void use(std::unique_ptr<Show> show);
  void skip_past(masterclock::SteadyTime now);
  void send(const std::optional<std::string>& scene, masterclock::UtcTime now);
  [[nodiscard]] bool lacks(const std::string& scene) const;
  void arm(masterclock::SteadyTime at);
  void follow();
  void watch();
  bool go_safe(const masterclock::TimeReading& now);
  bool force_safe(const masterclock::TimeReading& now);
  void dismiss_safe(const masterclock::TimeReading& now, Verb verb);
  [[nodiscard]] nlohmann::json state_at(masterclock::SteadyTime at) const;
  void note_mark();
  void log(const std::string& line) const;

  masterclock::MasterClock& clock_;
  Store& store_;
  const DirectorOptions options_;
  std::atomic<std::size_t> waiting_{0};
  std::unique_ptr<Show> show_;
  AsRun as_run_;
  std::optional<AsRunMark> noted_;  // by on_mark
  bool leading_ = false;
  StreamStatus stream_;
  common::SeenIds stream_ids_;
  StreamFollower follower_;
  LossWatch watch_;
  std::map<std::string, bool> lost_;  // by source
  std::string loss_ = "a source";     // the last one, for the operator
  bool blind_ = false;                // no mixer reports
  bool dismissed_ = false;            // the operator has put something on the air during the loss
  masterclock::ScopedEvent decision_;
  Mixer* mixer_ = nullptr;
  masterclock::ScopedEvent boundary_, preview_;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_DIRECTOR_H_
