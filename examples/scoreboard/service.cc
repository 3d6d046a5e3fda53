#include "service.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <utility>

#include "common/json_line.h"
#include "common/parse_json.h"
#include "common/printable.h"
#include "masterclock/timers/clock_display.h"
#include "pages.h"
#include "wire.h"

namespace scoreboard {
namespace {

using common::Access;
using common::error_response;
using common::HttpRequest;
using common::HttpResponse;
using common::json_response;
using common::SessionId;

constexpr char kStatePath[] = "/ws", kScorePath[] = "/ws/score";
constexpr std::size_t kLongestStageMessage = 500;
constexpr char kSportAdded[] =
    "sport_added";  // the setting of a match that has the clocks of a sport

HttpResponse respond(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) return error_response(answer.status());
  return json_response({{"sequence", answer->sequence}, {"outcome", to_string(answer->outcome)}});
}

// Returns a handler of requests that have a JSON object with a `command_id`.
template <class Handle>
common::HttpHandler with_id(Handle handle) {
  return [handle](const HttpRequest& request) {
    const auto body = common::parse_json_object(request.body);
    if (!body.ok()) return error_response(body.status());
    const auto id = read_command_id(*body);
    if (!id.ok()) return error_response(id.status());
    return respond(handle(*id, *body));
  };
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

json sport_json(const std::optional<Sport>& sport) {
  json actions = json::array();
  if (!sport) return {{"name", ""}, {"actions", actions}, {"game", nullptr}};
  for (const SportAction& action : sport->actions) {
    actions.push_back(
        {{"name", action.name}, {"key", action.key}, {"commands", to_json(action.commands)}});
  }
  return {{"name", sport->name},
          {"actions", std::move(actions)},
          {"game", {{"kind", sport->game.kind}, {"id", sport->game.id}}}};
}

// Reads the stage of a request. A field that is absent keeps its value.
absl::StatusOr<json> read_stage(const HttpRequest& request, const json& stage) {
  const auto body = common::parse_json_object(request.body);
  if (!body.ok()) return body.status();
  const json message = body->value("message", stage.value("message", json(""))),
             blackout = body->value("blackout", stage.value("blackout", json(false)));
  if (!message.is_string() || message.get_ref<const std::string&>().size() > kLongestStageMessage) {
    return absl::InvalidArgumentError("message: expected a text of at most 500 bytes");
  }
  if (!blackout.is_boolean()) return absl::InvalidArgumentError("blackout: expected true or false");
  return json{{"message", message}, {"blackout", blackout}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> Service::open(masterclock::MasterClock& clock,
                                                       Store& store, DeliveryDesk& desk,
                                                       ServiceOptions options) {
  std::unique_ptr<Service> service(new Service(clock, desk, std::move(options)));
  ScoreboardOptions board = {.boot = service->options_.boot, .policy = service->options_.policy};
  if (const auto& sport = service->options_.sport) {
    board.at_end = sport->at_end;
    board.game = sport->game;
  }
  board.log = [](std::string_view line) { log_line("scoreboard", line); };
  board.on_report = [self = service.get()](const masterclock::ClockReport& report,
                                           const ClockInfo& info) { self->send(report, info); };
  board.on_change = [self = service.get()] { self->send_state(); };
  auto opened = Scoreboard::open(clock, store, std::move(board));
  if (!opened.ok()) return opened.status();
  service->board_ = *std::move(opened);
  const auto stage = service->board_->setting("stage");
  if (!stage.ok()) return stage.status();
  if (!stage->empty()) service->stage_ = json::parse(*stage, nullptr, false);
  if (absl::Status added = service->add_clocks_of_sport(); !added.ok()) return added;
  if (absl::Status listening = service->server_->listen(); !listening.ok()) return listening;
  return service;
}

Service::Service(masterclock::MasterClock& clock, DeliveryDesk& desk, ServiceOptions options)
    : clock_(clock),
      desk_(desk),
      options_(std::move(options)),
      stage_{{"message", ""}, {"blackout", false}},
      server_(std::make_unique<common::WebServer>(routes(), options_.server)) {}

absl::Status Service::add_clocks_of_sport() {
  if (!options_.sport) return absl::OkStatus();
  const auto done = board_->setting(kSportAdded);
  if (!done.ok()) return done.status();
  for (const auto& [key, rules] : options_.sport->clocks) {
    if (done->empty()) {
      const auto added = board_->add_clock("sport " + to_string(key), key, rules);
      if (!added.ok() && !absl::IsAlreadyExists(added.status())) return added.status();
    } else if (!board_->had_clock(key)) {
      log_line("scoreboard", "The match has no clock " + to_string(key) + " of the sport's file");
    }
  }
  return done->empty() ? board_->set_setting(kSportAdded, "1") : absl::OkStatus();
}

common::HttpRouter Service::routes() {
  common::HttpRouter router({.token = options_.token, .host_names = options_.host_names});
  router.add("GET", "/api/state", [this](const HttpRequest&) { return json_response(state()); });
  router.add("GET", "/api/sport",
             [this](const HttpRequest&) { return json_response(sport_json(options_.sport)); });
  router.add("GET", "/api/history", [this](const HttpRequest& request) {
    std::optional<std::uint64_t> first = 1;
    if (const auto from = request.query.find("from"); from != request.query.end()) {
      first = parse_number<std::uint64_t>(from->second);
    }
    if (!first || *first > std::uint64_t{INT64_MAX}) {
      return error_response(400, "from: expected a sequence");
    }
    const auto records = board_->history(*first);
    if (!records.ok()) return error_response(records.status());
    return json_response({{"records", *records}});
  });
  const auto dead_letters = [this](const HttpRequest&) {
    const std::lock_guard lock(desk_mutex_);
    const auto letters = desk_.dead_letters();
    if (!letters.ok()) return error_response(letters.status());
    return json_response({{"dead_letters", *letters}});
  };
  router.add("GET", "/api/dead_letters", dead_letters, Access::kToken);  // names the destinations
  add_commands(router);
  add_pages(router);
  router.add_web_socket(
      kStatePath, {.opened =
                       [this](SessionId id, const HttpRequest&) {
                         json message = state();
                         message["type"] = "state";
                         server_->send(id, common::json_line(message));
                       },
                   .received =
                       [this](SessionId id, std::string_view text) {
                         server_->send(id, answer_to(text, clock_.source().read()));
                       },
                   .closed =
                       [](SessionId id, std::string_view why) {
                         log_line("sessions",
                                  "Session " + std::to_string(id) + " ended: " + std::string(why));
                       }});
  router.add_web_socket(kScorePath, {.opened = [this](SessionId id, const HttpRequest&) {
                          server_->send(id, score());
                        }});
  return router;
}

void Service::add_pages(common::HttpRouter& router) {
  for (const auto& [name, content] : pages()) router.add_file("/pages/" + name, name, content);
  for (const char* const page : {"operator", "overlay", "stage"}) {
    const std::string name = std::string(page) + ".html";
    router.add_file(std::string("/") + page, name, pages().at(name));
  }
  router.add_file("/", "operator.html", pages().at("operator.html"));
}

void Service::add_commands(common::HttpRouter& router) {
  const auto add = [&](const char* method, std::string_view path, common::HttpHandler handler) {
    router.add(method, path, std::move(handler), Access::kToken);
  };
  add("POST", "/api/commands",
      with_id([this](const std::string& id, const json& body) -> absl::StatusOr<Answer> {
        const auto commands = read_commands(body);
        if (!commands.ok()) return commands.status();
        return board_->command(id, *commands);
      }));
  add("POST", "/api/undo",
      with_id([this](const std::string& id, const json&) { return board_->undo(id); }));
  add("POST", "/api/redo",
      with_id([this](const std::string& id, const json&) { return board_->redo(id); }));
  add("POST", "/api/decide",
      with_id([this](const std::string& id, const json& body) -> absl::StatusOr<Answer> {
        const json choice = body.value("choice", json());
        if (choice != "continue" && choice != "freeze") {
          return absl::InvalidArgumentError("choice: expected continue or freeze");
        }
        return board_->decide(id, choice == "continue");
      }));
  add("POST", "/api/clocks",
      with_id([this](const std::string& id, const json& body) -> absl::StatusOr<Answer> {
        const auto key = read_key(body);
        if (!key.ok()) return key.status();
        const auto rules = read_rules(body.value("rules", json()), "rules");
        if (!rules.ok()) return rules.status();
        return board_->add_clock(id, *key, *rules);
      }));
  add("DELETE", "/api/clocks/:kind/:id", [this](const HttpRequest& request) {
    const std::string& kind = request.parameters.at("kind");
    const std::string& text = request.parameters.at("id");
    const auto id = parse_number<std::int64_t>(text);
    if (!id)
      return error_response(404, "There is no clock " + common::printable(kind + "/" + text));
    return respond(board_->remove_clock({kind, *id}));
  });
  add("POST", "/api/resend", [this](const HttpRequest& request) { return resend(request); });
  add("POST", "/api/stage", [this](const HttpRequest& request) {
    json before;
    {
      const std::lock_guard lock(mutex_);
      before = stage_;
    }
    const auto stage = read_stage(request, before);
    if (!stage.ok()) return error_response(stage.status());
    if (absl::Status set = board_->set_setting("stage", common::json_line(*stage)); !set.ok()) {
      return error_response(503, std::string(set.message()));
    }
    {
      const std::lock_guard lock(mutex_);
      stage_ = *stage;
    }
    send_state();
    return json_response(*stage);
  });
}

HttpResponse Service::resend(const HttpRequest& request) {
  const auto body = common::parse_json_object(request.body);
  if (!body.ok()) return error_response(body.status());
  const std::optional<std::int64_t> event_id = common::integer(body->value("event_id", json())),
                                    since = common::integer(body->value("since", json()));
  if (!event_id && !since) {
    return error_response(400, "event_id: expected an integer, or one in since");
  }
  const std::lock_guard lock(desk_mutex_);
  const auto resent = desk_.resend(event_id, since);
  if (!resent.ok()) return error_response(resent.status());
  return json_response({{"resent", *resent}});
}

json Service::state() const {
  json result = board_->state();
  const std::lock_guard lock(mutex_);
  result["pusher_status"] = pusher_.status;
  result["dead_letters"] = pusher_.dead_letters;
  result["oldest_undelivered_s"] = nullptr;
  if (pusher_.oldest_utc_s) {
    const auto utc = std::chrono::floor<std::chrono::seconds>(clock_.now_utc());
    result["oldest_undelivered_s"] =
        std::max<std::int64_t>(0, utc.time_since_epoch().count() - *pusher_.oldest_utc_s);
  }
  result["stage"] = stage_;
  return result;
}

std::string Service::score() const { return score(board_->game_state()); }

std::string Service::score(json game) const {
  const std::lock_guard lock(mutex_);
  game["pusher_status"] = pusher_.status;
  return common::json_line(json{{"state", std::move(game)}});
}

void Service::send(const masterclock::ClockReport& report, const ClockInfo& info) {
  // A second replaces the one before it that a slow client has not taken.
  const bool second = report.reason == masterclock::ClockReport::Reason::kSecond;
  server_->broadcast(report_message(report, info.direction),
                     second ? to_string(report.key) : std::string(), kStatePath);
  if (!info.is_game) return;
  const masterclock::ClockReading& reading = report.reading;
  const std::int64_t seconds = masterclock::shown_seconds(reading.value, info.direction);
  const bool running = reading.state == masterclock::ClockState::kRunning;
  server_->broadcast(score({{"seconds", seconds}, {"running", running}}), "score", kScorePath);
}

void Service::send_state() {
  if (!board_) return;
  const std::lock_guard lock(send_mutex_);
  json message = state();
  message["type"] = "state";
  server_->broadcast(common::json_line(message), "state", kStatePath);
  server_->broadcast(score(), "score", kScorePath);
}

void Service::refresh() {
  if (const absl::Status read = board_->refresh(); !read.ok()) {
    return log_line("scoreboard", std::string(read.message()));
  }
  const auto stage = board_->setting("stage");
  if (stage.ok() && !stage->empty()) {
    const std::lock_guard lock(mutex_);
    stage_ = json::parse(*stage, nullptr, false);
  }
  send_state();
}

void Service::look_at_deliveries() {
  absl::StatusOr<PusherState> state;
  {
    const std::lock_guard lock(desk_mutex_);
    state = desk_.state();
  }
  if (!state.ok()) return log_line("scoreboard", std::string(state.status().message()));
  {
    const std::lock_guard lock(mutex_);
    if (*state == pusher_) return;
    pusher_ = *std::move(state);
  }
  send_state();
}

}  // namespace scoreboard
