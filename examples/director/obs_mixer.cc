#include "obs_mixer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/parse_json.h"
#include "common/printable.h"

namespace director {
namespace {

using masterclock::After;
using masterclock::FiredEvent;
using masterclock::ScopedEvent;
using nlohmann::json;
using std::chrono::nanoseconds;

// The event of a switch may follow its answer by this time.
constexpr nanoseconds kEchoAfterAnswer = std::chrono::seconds(1);
constexpr nanoseconds kNotReadyPause = std::chrono::milliseconds(250);
constexpr int kMostAttempts = 40;  // of a request to an OBS that is not ready
constexpr std::size_t kMostScenes = 10'000;
constexpr nanoseconds kThumbnailAge = std::chrono::seconds(2);
constexpr nanoseconds kThumbnailLife = std::chrono::seconds(10);
constexpr int kThumbnailWidth = 320, kThumbnailQuality = 60;
constexpr std::size_t kLargestThumbnail = 65'536;
constexpr char kSwitch[] = "SetCurrentProgramScene";

std::optional<std::string> name_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// Returns whether a text of OBS is a small JPEG as a data URI.
bool is_thumbnail(std::string_view text) {
  constexpr std::string_view kBase64 =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  for (const std::string_view begin : {"data:image/jpg;base64,", "data:image/jpeg;base64,"}) {
    if (!text.starts_with(begin)) continue;
    return text.size() <= kLargestThumbnail &&
           text.find_first_not_of(kBase64, begin.size()) == std::string_view::npos;
  }
  return false;
}

bool flag_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

ObsMixer::ObsMixer(masterclock::MasterClock& clock, Director& director, ObsConnection& connection,
                   ObsOptions options)
    : clock_(clock), director_(director), connection_(connection), options_(std::move(options)) {
  for (const std::string& name : options_.sources) sources_.push_back({name});
}

void ObsMixer::start() {
  director_.use(*this);
  connect();
}

ScopedEvent ObsMixer::after(nanoseconds delay, std::function<void()> work) {
  auto event = clock_.schedule_scoped_event(
      {.due = After{delay}, .action = [work = std::move(work)](const FiredEvent&) { work(); }});
  return event.ok() ? *std::move(event) : ScopedEvent();
}

void ObsMixer::connect() {
  state_ = State::kConnecting;
  hello_deadline_ = after(2 * options_.deadline, [this] { lose("OBS does not say hello"); });
  connection_.connect(++number_);
}

void ObsMixer::opened(std::uint64_t number) {
  if (number == number_ && state_ == State::kConnecting) state_ = State::kIdentifying;
}

void ObsMixer::closed(std::uint64_t number, int code, const std::string& why) {
  if (number != number_ || state_ == State::kLost || state_ == State::kRefused) return;
  if (code == kObsAuthenticationFailed) return refuse("OBS refuses the password");
  lose(why);
}

void ObsMixer::received(std::uint64_t number, std::string_view text) {
  if (number != number_ || state_ == State::kLost || state_ == State::kRefused) return;
  const absl::StatusOr<ObsMessage> message = read_obs_message(text);
  if (!message.ok()) return lose(std::string(message.status().message()));
  if (const auto* greeting = std::get_if<ObsHello>(&*message)) return hello(*greeting);
  if (std::holds_alternative<ObsIdentified>(*message)) return identified();
  if (state_ != State::kReading && state_ != State::kReady) return;
  if (const auto* news = std::get_if<ObsEvent>(&*message)) return event(*news);
  response(std::get<ObsResponse>(*message));
}

void ObsMixer::hello(const ObsHello& hello) {
  if (state_ != State::kIdentifying) return lose("OBS says hello twice");
  if (!hello.challenge.empty() && !options_.password) return refuse("OBS needs a password");
  connection_.send(obs_identify(hello, options_.password.value_or("")));
}

void ObsMixer::identified() {
  if (state_ != State::kIdentifying) return lose("OBS identifies twice");
  hello_deadline_.cancel();
  state_ = State::kReading;
  request("GetStudioModeEnabled", json::object(), [this](const ObsResponse& response) {
    studio_ = flag_in(response.data, "studioModeEnabled");
  });
  request("GetRecordStatus", json::object(), [this](const ObsResponse& response) {
    stream_.recording = flag_in(response.data, "outputActive");
  });
  watch_sources();
  request("GetSceneList", json::object(),
          [this](const ObsResponse& response) { read_scenes(response.data); });
}

void ObsMixer::read_scenes(const json& list) {
  const auto scenes = list.find("scenes");
  const auto program = name_in(list, "currentProgramSceneName");
  if (!program || scenes == list.end() || !scenes->is_array() || scenes->size() > kMostScenes) {
    return lose("OBS sent a broken list of scenes");
  }
  scenes_.clear();
  for (const json& scene : *scenes) {
    if (const auto name = scene.is_object() ? name_in(scene, "sceneName") : std::nullopt) {
      scenes_.insert(*name);
    }
  }
  if (state_ == State::kReady) {
    if (!refused_ || !scenes_.contains(*refused_)) return;
    refused_.reset();
    return director_.mixer_scenes();
  }
  program_ = program;
  state_ = State::kReady;
  error_.clear();
  log("OBS is connected, with " + std::to_string(scenes_.size()) + " scenes");
  director_.mixer_ready();
  beat();
}

void ObsMixer::request(const char* type, json data, Handler handler, bool optional) {
  send({type, std::move(data), std::move(handler), optional});
}

void ObsMixer::send(Request request) {
  const std::string id = std::to_string(++requests_made_);
  const std::string text = obs_request(id, request.type, request.data);
  ++request.attempt;
  request.deadline =
      after(options_.deadline, [this, id, type = request.type, optional = request.optional] {
        if (!optional) return lose("OBS does not answer " + type);
        requests_.erase(id);
      });
  requests_.emplace(id, std::move(request));
  connection_.send(text);
}

void ObsMixer::response(const ObsResponse& response) {
  const auto found = requests_.find(response.id);
  if (found == requests_.end()) return;
  Request request = std::move(found->second);
  requests_.erase(found);
  request.deadline.cancel();
  if (response.code != kObsNotReady) return request.handler(response);
  if (request.attempt >= kMostAttempts) return lose("OBS is not ready");
  try_again(response.id, std::move(request));
}

// Sends a request again after a pause. A switch that a later one has replaced is not sent.
void ObsMixer::try_again(const std::string& id, Request request) {
  auto again = std::make_shared<Request>(std::move(request));
  not_ready_[id] = after(kNotReadyPause, [this, again, id] {
    const bool replaced =
        again->type == kSwitch && again->data.at("sceneName") != json(target_.value_or(""));
    if (!replaced) send(std::move(*again));
    not_ready_.erase(id);
  });
}

void ObsMixer::event(const ObsEvent& event) {
  if (event.type == "CurrentProgramSceneChanged") {
    const auto scene = name_in(event.data, "sceneName");
    if (!scene) return lose("OBS sent a broken event");
    program_changed(*scene);
  } else if (event.type == "StudioModeStateChanged") {
    studio_ = flag_in(event.data, "studioModeEnabled");
    director_.publish();
  } else if (event.type == "RecordStateChanged") {
    stream_.recording = flag_in(event.data, "outputActive");
    director_.stream(stream_);
  } else if (event.type == "SceneListChanged" || event.type == "SceneCreated" ||
             event.type == "SceneRemoved" || event.type == "SceneNameChanged") {
    request("GetSceneList", json::object(),
            [this](const ObsResponse& response) { read_scenes(response.data); });
  }
}

void ObsMixer::program_changed(const std::string& scene) {
  const auto now = clock_.source().now_steady();
  std::erase_if(echoes_, [&](const Echo& echo) { return echo.until && *echo.until < now; });
  const auto echo = std::ranges::find(echoes_, scene, &Echo::scene);
  program_ = scene;
  if (echo != echoes_.end()) {
    echoes_.erase(echoes_.begin(), echo + 1);
    return;
  }
  if (state_ == State::kReady) director_.mixer_switched(scene);
}

Mixer::Shown ObsMixer::show(const std::string& scene) {
  if (state_ != State::kReady) return Shown::kNotConnected;
  refused_.reset();
  if ((target_ ? target_ : program_) == scene) return Shown::kOnAlready;
  target_ = scene;
  echoes_.push_back({scene});
  request(kSwitch, {{"sceneName", scene}},
          [this, scene, number = ++switches_](const ObsResponse& response) {
            switched(number, scene, response);
          });
  return Shown::kSent;
}

void ObsMixer::switched(std::uint64_t number, const std::string& scene,
                        const ObsResponse& response) {
  const bool latest = number == switches_;
  const auto echo = std::ranges::find(echoes_, scene, &Echo::scene);
  if (response.ok) {
    if (echo != echoes_.end()) echo->until = clock_.source().now_steady() + kEchoAfterAnswer;
    if (latest) program_ = scene;
  } else {
    if (echo != echoes_.end()) echoes_.erase(echo);
    log("OBS refuses the scene " + common::in_quotes(scene) + ": " +
        common::printable(response.comment));
  }
  if (!latest) return;
  target_.reset();
  if (response.ok) return director_.mixer_answered();
  refused_ = scene;
  director_.mixer_refused(response.comment.empty() ? "code " + std::to_string(response.code)
                                                   : common::printable(response.comment));
}

void ObsMixer::preview(const std::string& scene) {
  if (state_ != State::kReady || !studio_) return;
  request("SetCurrentPreviewScene", {{"sceneName", scene}}, [](const ObsResponse&) {});
}

std::string ObsMixer::thumbnail(const std::string& scene) {
  if (state_ != State::kReady || !scenes_.contains(scene)) return {};
  const auto now = clock_.source().now_steady();
  const auto found = thumbnails_.find(scene);
  if (found != thumbnails_.end() && now - found->second.asked < kThumbnailAge) {
    return found->second.image;
  }
  // Forgets the scenes that no viewer asks for.
  std::erase_if(thumbnails_,
                [&](const auto& one) { return now - one.second.asked > kThumbnailLife; });
  Thumbnail& thumbnail = thumbnails_[scene];
  thumbnail.asked = now;
  request(
      "GetSourceScreenshot",
      {{"sourceName", scene},
       {"imageFormat", "jpg"},
       {"imageWidth", kThumbnailWidth},
       {"imageCompressionQuality", kThumbnailQuality}},
      [this, scene](const ObsResponse& response) {
        const auto image = name_in(response.data, "imageData");
        const auto asked = thumbnails_.find(scene);
        if (asked == thumbnails_.end() || !image || !is_thumbnail(*image)) return;
        asked->second.image = *image;
      },
      true);
  return thumbnail.image;
}

// Asks for the status of the stream: a lost OBS does not answer.
void ObsMixer::beat() {
  beat_ = after(options_.heartbeat, [this] {
    request("GetStreamStatus", json::object(), [this](const ObsResponse& response) {
      failures_ = 0;
      refusals_ = 0;
      stream_status(response.data);
    });
    watch_sources();
    beat();
  });
}

void ObsMixer::stream_status(const json& data) {
  const bool reconnecting = flag_in(data, "outputReconnecting");
  const bool active = flag_in(data, "outputActive");
  stream_.streaming = active && !reconnecting;
  // A stream that ends while it reconnects stays lost. The end of another is its operator's.
  if (active || reconnecting) stream_.lost = reconnecting;
  stream_.timecode.reset();
  const auto timecode = name_in(data, "outputTimecode");
  if (stream_.streaming && timecode) stream_.timecode = parse_obs_timecode(*timecode);
  director_.stream(stream_);
}

// A frozen source plays on, but its cursor stands.
void ObsMixer::watch_sources() {
  for (Source& source : sources_) {
    request(
        "GetMediaInputStatus", {{"inputName", source.name}},
        [this, &source](const ObsResponse& response) { source_status(source, response); }, true);
  }
}

void ObsMixer::source_status(Source& source, const ObsResponse& response) {
  bool lost = response.code == kObsResourceNotFound;
  if (response.ok) {
    const std::string state = name_in(response.data, "mediaState").value_or("");
    const bool plays = state == "OBS_MEDIA_STATE_PLAYING";
    const bool none = state == "OBS_MEDIA_STATE_NONE";  // also of a source without media
    const std::optional<std::int64_t> cursor =
        common::integer(response.data.value("mediaCursor", json()));
    const bool stands = source.cursor == cursor;
    source.has_media = source.has_media || !none;
    source.moves = source.moves || (plays && source.cursor && !stands);
    source.cursor = cursor;
    lost = none    ? source.has_media
           : plays ? source.moves && stands
                   : state != "OBS_MEDIA_STATE_PAUSED";
  } else if (!lost) {
    return;
  }
  director_.report("the source " + common::in_quotes(source.name), lost);
}

void ObsMixer::lose(const std::string& why) {
  if (failures_ == 0) log("OBS is lost: " + common::printable(why));
  error_ = common::printable(why);
  state_ = State::kLost;
  ++number_;  // what the old connection still sends does not count
  connection_.close();
  requests_.clear();
  echoes_.clear();
  program_.reset();
  target_.reset();
  refused_.reset();
  thumbnails_.clear();
  beat_.cancel();
  hello_deadline_.cancel();
  not_ready_.clear();
  stream_ = {};
  for (Source& source : sources_) source = {source.name};
  const auto delay = options_.retry.delay_after(++failures_);
  retry_ = after(delay.value_or(options_.retry.most), [this] { connect(); });
  director_.mixer_lost();
  director_.stream(stream_);
}

void ObsMixer::refuse(const std::string& why) {
  ++refusals_;
  if (refusals_ == 1) {
    log(why + ". The director tries " + std::to_string(options_.most_refusals) + " times");
    failures_ = std::max(failures_, 1);  // which is the only line about it
  }
  lose(why);
  if (refusals_ < options_.most_refusals) return;
  retry_.cancel();
  state_ = State::kRefused;
  director_.publish();
}

std::vector<std::string> ObsMixer::missing(const ShowPlan& plan) const {
  std::vector<std::string> names;
  if (state_ != State::kReady) return names;
  std::unordered_set<std::string> named;
  for (const masterclock::Scene& scene : plan.scenes) {
    if (!scenes_.contains(scene.name) && named.insert(scene.name).second) {
      names.push_back(scene.name);
    }
  }
  return names;
}

json ObsMixer::state() const {
  const char* name = "connecting";
  if (state_ == State::kReady) name = "connected";
  if (state_ == State::kLost) name = "lost";
  if (state_ == State::kRefused) name = "refused";
  return {{"kind", "obs"},
          {"state", name},
          {"program", program_ ? json(*program_) : json()},
          {"studio_mode", studio_},
          {"error", error_.empty() ? json() : json(error_)}};
}

void ObsMixer::log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

}  // namespace director
