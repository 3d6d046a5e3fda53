#include "redis_service.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "common/json_line.h"
#include "common/parse_json.h"
#include "common/printable.h"
#include "service_name.h"

namespace poller {
namespace {

using common::in_quotes;
using common::printable;
using common::RedisConnection;
using common::RedisReply;
using masterclock::saturating_add;
using masterclock::SteadyTime;
using nlohmann::json;
using nlohmann::ordered_json;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr masterclock::Backoff kReconnect{100ms, 5s};
constexpr nanoseconds kPingInterval = 1s;
constexpr nanoseconds kSilent = 2s;   // then the server counts as lost
constexpr nanoseconds kGiveUp = 30s;  // then the connection is replaced
constexpr nanoseconds kHealthInterval = 60s;
constexpr nanoseconds kCameraDelay = 2s;
constexpr const char* kStatusLife = "120";     // seconds, of status:network_camera
constexpr const char* kOwnStatusLife = "180";  // longer than one period
constexpr std::size_t kMostWaiting = 1'000;
// The refusals of a connection that serves nothing.
constexpr const char* kUseless[] = {"LOADING", "NOAUTH", "NOPERM"};
constexpr const char* kCommandChannel = "cmd:orchestrator";
constexpr const char* kConfigChannel = "config:changed";
constexpr const char* kStreamChannel = "stream:ended";
constexpr std::string_view kSections[] = {"auth", "camera"};

double unix_seconds(masterclock::UtcTime at) {
  return std::chrono::duration<double>(
             std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch())
      .count();
}
json unix_seconds(const std::optional<masterclock::UtcTime>& at) {
  return at ? json(unix_seconds(*at)) : json();
}

}  // namespace

RedisService::RedisService(const common::RedisAddress& address, Poller& poller, RedisHooks hooks)
    : poller_(poller),
      hooks_(std::move(hooks)),
      address_(address.text()),
      requests_(address),
      events_(address) {
  const SteadyTime now = hooks_.now().steady;
  connect_at_ = ping_at_ = now;
  poller_.watch_health(hooks_.now(), false);
}

void RedisService::set_seeds(std::map<std::string, std::string> seeds) {
  seeds_ = std::move(seeds);
  if (connected()) write_seeds(hooks_.now());
}

void RedisService::get(const std::string& key, Got got) {
  requests_.send(hooks_.now().steady, {"GET", key},
                 [key, got = std::move(got)](const absl::StatusOr<RedisReply>& reply) {
                   if (!reply.ok()) return got(reply.status());
                   if (reply->kind == RedisReply::Kind::kText) return got(reply->text);
                   got(absl::NotFoundError("Redis has no text in " + key));
                 });
}

absl::Status RedisService::publish(const std::string& channel, const json& message) {
  if (!connected()) return absl::UnavailableError("Redis is lost");
  requests_.send(hooks_.now().steady, {"PUBLISH", channel, common::json_line(message)}, nullptr);
  return absl::OkStatus();
}

void RedisService::add_waits(std::vector<pollfd>& waits) const {
  requests_.add_waits(waits);
  events_.add_waits(waits);
}

void RedisService::work(const Poller::Now& now) {
  requests_.work();
  events_.work();
  check_connections(now);
  if (connect_at_ && *connect_at_ <= now.steady) connect(now);
  sync(now);
  if (ping_at_ && *ping_at_ <= now.steady) {
    ping_at_ = now.steady + kPingInterval;
    for (RedisConnection* connection : {&requests_, &events_}) {
      if (connection->connected() && !connection->silent_since()) {
        connection->send(now.steady, {"PING"}, nullptr);
      }
    }
  }
  if (camera_at_ && *camera_at_ <= now.steady) stop_camera(now);
  if (connected() && std::exchange(owes_stopped_, false)) write_camera_stopped();
  if (connected() && health_at_ && *health_at_ <= now.steady) read_health(now);
  const bool news = poller_.totals().runs != reported_runs_;
  if (connected() && (!status_at_ || *status_at_ <= now.steady + (news ? 59s : 0s))) {
    write_status(now);
  }
  requests_.work();  // sends what this turn has to say
  events_.work();
  wake_at_.reset();
  for (const auto& at : {connect_at_, ping_at_, camera_at_, health_at_, status_at_}) {
    if (at && *at > now.steady) wake_at_ = std::min(wake_at_.value_or(*at), *at);
  }
}

void RedisService::connect(const Poller::Now& now) {
  connect_at_.reset();
  subscribed_ = syncing_ = synced_ = false;
  requests_.connect(now.steady);
  events_.connect(now.steady);
  events_.subscribe(
      now.steady, {kCommandChannel, kConfigChannel, kStreamChannel},
      [this](const std::string& channel, const std::string& text) { receive(channel, text); },
      [this](const absl::StatusOr<RedisReply>& reply) {
        subscribed_ = !end_if_refused(events_, reply) && reply.ok();
      });
}

void RedisService::check_connections(const Poller::Now& now) {
  if (connect_at_) return;
  const RedisConnection* const connections[] = {&requests_, &events_};
  bool silent = false, gone = false;
  std::string why;
  for (const RedisConnection* connection : connections) {
    const auto since = connection->silent_since();
    if (!connection->connected()) {
      gone = true;
      why = connection->error();
    } else if (since && now.steady - *since > kSilent) {
      silent = true;
      if (why.empty()) why = "it does not answer";
      gone = gone || now.steady - *since > kGiveUp;
    }
  }
  if (gone || silent) lose(now, why);
  if (gone) {
    requests_.disconnect();
    events_.disconnect();
    subscribed_ = syncing_ = synced_ = false;
    connect_at_ = now.steady + kReconnect.delay_after(++failures_).value_or(kReconnect.most);
  } else if (!silent && synced_ && warned_) {
    warned_ = false;
    poller_.watch_health(now, false);
    hooks_.log("Redis at " + address_ + " is back");
  }
  if (connected()) flush_outbox(now);
}

void RedisService::lose(const Poller::Now& now, const std::string& why) {
  if (std::exchange(warned_, true)) return;
  poller_.watch_health(now, true);
  hooks_.log("Redis at " + address_ + " is lost: " + why +
             "; the runs go on, and it is tried again");
}

// Ends a connection whose server refuses a request, as one that loads its data does: check_connections
// then connects again. A key of another type is no refusal.
bool RedisService::end_if_refused(RedisConnection& connection,
                                  const absl::StatusOr<RedisReply>& reply) {
  const bool refused = reply.ok() && reply->kind == RedisReply::Kind::kError &&
                       !reply->text.starts_with("WRONGTYPE");
  if (refused) connection.disconnect(reply->text);
  return refused;
}

void RedisService::write(const Poller::Now& now, std::vector<std::string> words) {
  words.insert(words.begin(), "SET");
  requests_.send(now.steady, words, [this](const absl::StatusOr<RedisReply>& reply) {
    if (!reply.ok()) return;
    const bool refused = reply->kind == RedisReply::Kind::kError;
    if (refused && std::any_of(std::begin(kUseless), std::end(kUseless),
                               [&](const char* code) { return reply->text.starts_with(code); })) {
      return requests_.disconnect(reply->text);
    }
    if (std::exchange(refuses_writes_, refused) == refused) return;
    hooks_.log("Redis at " + address_ +
               (refused ? " refuses to write: " + printable(reply->text) : " writes again"));
  });
}

void RedisService::write_seeds(const Poller::Now& now) {
  for (const auto& [key, value] : seeds_) write(now, {key, value, "NX"});
}

// Seeds and reads after the subscription: no change in between is missed.
void RedisService::sync(const Poller::Now& now) {
  if (!subscribed_ || syncing_ || synced_ || !requests_.connected()) return;
  syncing_ = true;
  write_seeds(now);
  for (const std::string_view section : kSections) read_section(now, std::string(section), true);
  read_schedule(now, [this] {
    syncing_ = false;
    synced_ = true;
    failures_ = 0;
    const SteadyTime at = hooks_.now().steady;
    health_at_ = at;
    status_at_.reset();
  });
}

void RedisService::read_schedule(const Poller::Now& now, std::function<void()> then) {
  requests_.send(now.steady, {"GET", "config:schedule"},
                 [this, then = std::move(then)](const absl::StatusOr<RedisReply>& reply) {
                   if (!reply.ok() || end_if_refused(requests_, reply)) return;
                   if (reply->kind == RedisReply::Kind::kText) {
                     hooks_.schedule(reply->text);
                   } else {
                     hooks_.log("config:schedule: Redis has no text there; the schedule stays");
                   }
                   if (then) then();
                 });
}

void RedisService::read_section(const Poller::Now& now, const std::string& section, bool acts) {
  requests_.send(now.steady, {"GET", "config:" + section},
                 [this, section, acts](const absl::StatusOr<RedisReply>& reply) {
                   if (!reply.ok() || reply->kind == RedisReply::Kind::kError) return;
                   const auto [place, is_new] = sections_.try_emplace(section, reply->text);
                   if (is_new || std::exchange(place->second, reply->text) == reply->text) return;
                   if (acts) act_on_change(hooks_.now(), section);
                 });
}

void RedisService::flush_outbox(const Poller::Now& now) {
  for (const auto& [channel, text] : std::exchange(outbox_, {})) {
    requests_.send(now.steady, {"PUBLISH", channel, text}, nullptr);
  }
}

void RedisService::begin() {
  begun_ = true;
  for (const auto& [channel, text] : std::exchange(inbox_, {})) receive(channel, text);
}

void RedisService::receive(const std::string& channel, const std::string& text) {
  if (!begun_) {
    inbox_.emplace_back(channel, text);
    if (inbox_.size() > kMostWaiting) inbox_.pop_front();
    return;
  }
  if (channel == kCommandChannel) return on_command(text);
  const json message = common::parse_json(text);
  if (!message.is_object()) {
    return hooks_.log(channel + ": expected a JSON object, not " + in_quotes(text));
  }
  const Poller::Now now = hooks_.now();
  if (channel == kConfigChannel) return on_config_changed(now, message);
  const auto reason = message.find("reason");
  hooks_.log("the camera's stream has ended" + (reason != message.end() && reason->is_string()
                                                    ? ": " + printable(reason->get<std::string>())
                                                    : std::string()));
  if (!camera_at_) camera_at_ = saturating_add(now.steady, kCameraDelay);
}

void RedisService::on_command(const std::string& text) {
  Request request;
  const absl::Status status = parse_request(text, request);
  const auto reply = [this, id = request.id](const ordered_json& response) {
    const std::string channel = std::string(kCommandChannel) + ":response:" + id;
    if (connected()) {
      requests_.send(hooks_.now().steady, {"PUBLISH", channel, common::json_line(response)},
                     nullptr);
      return;
    }
    outbox_.emplace_back(channel, common::json_line(response));
    if (outbox_.size() > kMostWaiting) outbox_.pop_front();
  };
  if (!status.ok()) {
    const std::string why(status.message());
    hooks_.log(std::string(kCommandChannel) + ": " + why);
    if (!request.id.empty() && seen_.add(request.id)) reply(error_response(request.id, why));
    return;
  }
  if (seen_.add(request.id)) hooks_.command(request, reply);
}

void RedisService::on_config_changed(const Poller::Now& now, const json& message) {
  const auto found = message.find("section");
  if (found == message.end() || !found->is_string()) {
    return hooks_.log("config:changed: section must be a text");
  }
  const std::string section = found->get<std::string>();
  if (section == "schedule") return read_schedule(now, nullptr);
  if (std::find(std::begin(kSections), std::end(kSections), section) == std::end(kSections)) return;
  act_on_change(now, section);
  read_section(now, section, false);
}

void RedisService::act_on_change(const Poller::Now& now, const std::string& section) {
  if (section == "camera" && poller_.is_running(kCamera)) {
    hooks_.log("config:changed: the camera runs on with its old configuration");
  }
  if (section != "auth") return;
  const bool restarts = poller_.config().restart_web_gateway;
  hooks_.log(std::string("config:changed: ") + (restarts ? "auth changed; web-gateway restarts"
                                                         : "auth changed; restart web-gateway"));
  if (!restarts) return;
  const auto log = [this](const absl::Status& status) {
    if (!status.ok()) hooks_.log("web-gateway: " + printable(std::string(status.message())));
  };
  const auto service = poller_.config().resolve("web-gateway");
  log(service.ok() ? poller_.restart(now, *service, log) : service.status());
}

void RedisService::stop_camera(const Poller::Now& now) {
  camera_at_.reset();
  const auto log = [this](const absl::Status& status) {
    if (!status.ok()) hooks_.log("source-camera: " + printable(std::string(status.message())));
  };
  const auto service = poller_.config().resolve(kCamera);
  log(service.ok() ? poller_.stop(now, *service, log) : service.status());
  owes_stopped_ = true;
}

void RedisService::write_camera_stopped() {
  constexpr const char* kKey = "status:network_camera";
  get(kKey, [this](const absl::StatusOr<std::string>& text) {
    if (absl::IsUnavailable(text.status())) {
      owes_stopped_ = true;
      return;
    }
    json status = text.ok() ? common::parse_json(*text) : json();
    if (!status.is_object()) {
      status = {{"last_poll", nullptr},
                {"last_success", nullptr},
                {"last_error", nullptr},
                {"poll_count", 0},
                {"error_count", 0}};
    }
    status["source_id"] = "network_camera";
    status["status"] = "stopped";
    write(hooks_.now(), {kKey, common::json_line(status), "EX", kStatusLife});
  });
}

void RedisService::write_status(const Poller::Now& now) {
  status_at_ = saturating_add(now.steady, kHealthInterval);
  const Poller::Totals& totals = poller_.totals();
  reported_runs_ = totals.runs;
  const ordered_json status = {
      {"source_id", "orchestrator"},
      {"last_poll", unix_seconds(totals.last_run)},
      {"last_success", unix_seconds(totals.last_success)},
      {"last_error", totals.last_error.empty() ? json() : json(totals.last_error)},
      {"poll_count", totals.runs},
      {"error_count", totals.failures}};
  write(now, {"status:orchestrator", common::json_line(status), "EX", kOwnStatusLife});
}

void RedisService::read_health(const Poller::Now& now) {
  health_at_ = saturating_add(now.steady, kHealthInterval);
  std::vector<std::string> services, request = {"MGET"};
  for (const auto& [service, interval] : poller_.config().intervals()) {
    services.push_back(service);
    request.push_back("status:" + source_id(service));
  }
  std::erase_if(last_success_, [&](const auto& entry) {
    return std::find(services.begin(), services.end(), entry.first) == services.end();
  });
  if (services.empty()) return;
  requests_.send(now.steady, request, [this, services](const absl::StatusOr<RedisReply>& reply) {
    if (!reply.ok() || reply->list.size() != services.size()) return;
    const Poller::Now at = hooks_.now();
    for (std::size_t i = 0; i < services.size(); ++i) {
      take_status(at, services[i], reply->list[i].text);
    }
    poller_.report_overdue(at);
  });
}

// A success is a sign of life once, at the instant that its age gives: a later step of UTC makes no
// source overdue. A key that has expired is no sign of life.
void RedisService::take_status(const Poller::Now& now, const std::string& service,
                               const std::string& text) {
  constexpr double kOldest = 1e9;  // seconds
  const json status = common::parse_json(text);
  if (!status.is_object() || !status.contains("last_success")) return;
  const json& value = status["last_success"];
  if (!value.is_number()) return;
  const double seconds = value.get<double>();
  const auto [place, is_new] = last_success_.try_emplace(service, seconds);
  if (!is_new && std::exchange(place->second, seconds) == seconds) return;
  const std::chrono::duration<double> age(
      std::clamp(unix_seconds(now.utc) - seconds, 0.0, kOldest));
  poller_.note_success(now, service, now.steady - std::chrono::round<nanoseconds>(age));
}

}  // namespace poller
