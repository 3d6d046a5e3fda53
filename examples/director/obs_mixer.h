// Switches the scenes of OBS, each once, over a connection that may end at any moment.
//
// After a connection the mixer reads the scenes of OBS, then sends what is due. A request with a deadline is
// the heartbeat. A switch that the mixer did not send is the operator's.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_MIXER_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_MIXER_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "director.h"
#include "masterclock/master_clock.h"
#include "masterclock/timers/backoff.h"
#include "mixer.h"
#include "obs_message.h"

namespace director {

// Carries texts. Calls `opened`, `received` and `closed` of the mixer on the director's thread.
class ObsConnection {
 public:
  virtual ~ObsConnection() = default;

  // Ends the connection, and makes another, which `number` names.
  virtual void connect(std::uint64_t number) = 0;
  virtual void send(std::string text) = 0;
  virtual void close() = 0;
};

struct ObsOptions {
  std::optional<std::string> password = {};
  std::chrono::nanoseconds heartbeat = std::chrono::seconds(1);
  std::chrono::nanoseconds deadline = std::chrono::seconds(3);  // of each request
  masterclock::Backoff retry = {std::chrono::milliseconds(250), std::chrono::seconds(5)};
  int most_refusals = 3;                  // of the password
  std::vector<std::string> sources = {};  // inputs whose loss is reported
  std::function<void(const std::string& line)> log = {};
};

// Threads: the director's.
class ObsMixer final : public Mixer {
 public:
  // All must outlive the mixer.
  ObsMixer(masterclock::MasterClock& clock, Director& director, ObsConnection& connection,
           ObsOptions options);
  ObsMixer(const ObsMixer&) = delete;
  ObsMixer& operator=(const ObsMixer&) = delete;

  void start();

  void opened(std::uint64_t number);
  void received(std::uint64_t number, std::string_view text);
  void closed(std::uint64_t number, int code, const std::string& why);

  Shown show(const std::string& scene) override;
  void preview(const std::string& scene) override;
  [[nodiscard]] std::string thumbnail(const std::string& scene) override;
  [[nodiscard]] std::vector<std::string> missing(const ShowPlan& plan) const override;
  [[nodiscard]] nlohmann::json state() const override;

 private:
  enum class State { kConnecting, kIdentifying, kReading, kReady, kLost, kRefused };
  using Handler = std::function<void(const ObsResponse&)>;
  struct Request {
    std::string type;
    nlohmann::json data;
    Handler handler;
    bool optional = false;  // no answer costs the request only
    int attempt = 0;
    masterclock::ScopedEvent deadline = {};
  };
  struct Source {
    std::string name;
    std::optional<std::int64_t> cursor = {};  // of its media, in ms
    bool moves = false;                       // the cursor has changed
    bool has_media = false;
  };
  struct Thumbnail {
    masterclock::SteadyTime asked;
    std::string image = {};
  };
  // A switch that this mixer sent, and whose event has not come. `until`: OBS has answered the request.
  struct Echo {
    std::string scene;
    std::optional<masterclock::SteadyTime> until = {};
  };

  void connect();
  void request(const char* type, nlohmann::json data, Handler handler, bool optional = false);
  void send(Request request);
  void hello(const ObsHello& hello);
  void identified();
  void read_scenes(const nlohmann::json& list);
  void event(const ObsEvent& event);
  void response(const ObsResponse& response);
  void try_again(const std::string& id, Request request);
  void switched(std::uint64_t number, const std::string& scene, const ObsResponse& response);
  void program_changed(const std::string& scene);
  void beat();
  void watch_sources();
  void source_status(Source& source, const ObsResponse& response);
  void stream_status(const nlohmann::json& data);
  void lose(const std::string& why);
  void refuse(const std::string& why);
  void log(const std::string& line) const;
  masterclock::ScopedEvent after(std::chrono::nanoseconds delay, std::function<void()> work);

  masterclock::MasterClock& clock_;
  Director& director_;
  ObsConnection& connection_;
  const ObsOptions options_;
  State state_ = State::kLost;
  std::uint64_t number_ = 0;  // of the connection
  int failures_ = 0, refusals_ = 0;
  std::string error_;

  std::uint64_t requests_made_ = 0;
  std::map<std::string, Request> requests_;  // by id
  std::unordered_set<std::string> scenes_;
  std::optional<std::string> program_;
  std::optional<std::string> target_;   // of the switch that OBS has not answered
  std::optional<std::string> refused_;  // the scene that is due
  std::uint64_t switches_ = 0;
  std::deque<Echo> echoes_;
  bool studio_ = false;
  StreamStatus stream_;
  std::vector<Source> sources_;
  std::map<std::string, Thumbnail> thumbnails_;  // by scene
  masterclock::ScopedEvent retry_, hello_deadline_, beat_;
  std::map<std::string, masterclock::ScopedEvent> not_ready_;  // by the id of the request
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_MIXER_H_
