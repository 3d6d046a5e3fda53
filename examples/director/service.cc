#include "service.h"

#include <charconv>
#include <cstdint>
#include <future>
#include <utility>
#include <variant>

#include "common/json_line.h"
#include "common/log_line.h"
#include "common/parse_json.h"
#include "common/pong.h"
#include "common/printable.h"
#include "pages.h"
#include "wire.h"

namespace director {
namespace {

using common::Access;
using common::error_response;
using common::HttpRequest;
using common::HttpResponse;
using common::json_response;
using common::SessionId;
using std::chrono::milliseconds;

constexpr char kStatePath[] = "/ws";
constexpr std::size_t kPage = 1'000;
constexpr std::chrono::seconds kLongestAnswer(5);
constexpr milliseconds kMinute(60'000);
constexpr std::int64_t kMostPlayheads = 60'000;                            // in a minute
constexpr std::int64_t kShortestInterval = 20, kLongestInterval = 60'000;  // of a playhead, in ms

HttpResponse respond(const Outcome& outcome) {
  if (outcome.status.ok()) {
    json answer = outcome.look;
    answer["changed"] = outcome.applied.changed;
    answer["sequence"] = outcome.applied.sequence;
    if (outcome.applied.duplicate) answer["duplicate"] = true;
    return json_response(answer);
  }
  HttpResponse refusal = error_response(outcome.status);
  if (!absl::IsFailedPrecondition(outcome.status)) return refusal;
  json answer = outcome.look;
  answer["error"] = std::string(outcome.status.message());
  answer["allows"] = json::array();
  for (const auto state :
       {masterclock::RundownState::kUnconfigured, masterclock::RundownState::kIdle,
        masterclock::RundownState::kRunning, masterclock::RundownState::kPaused,
        masterclock::RundownState::kFinished, masterclock::RundownState::kStopped,
        masterclock::RundownState::kError}) {
    if (answer["state"] == to_string(state)) answer["allows"] = allowed_commands(state);
  }
  return json_response(answer, refusal.status);
}

std::string message(std::string_view type, json content) {
  content["type"] = type;
  return common::json_line(content);
}

std::string error_message(std::string_view what) { return message("error", {{"error", what}}); }

}  // namespace

Service::Service(masterclock::MasterClock& clock, Director& director, Store& store,
                 ServiceOptions options)
    : clock_(clock),
      director_(director),
      store_(store),
      options_(std::move(options)),
      server_(std::make_unique<common::WebServer>(routes(), options_.server)) {}

common::HttpRouter Service::routes() {
  common::HttpRouter router({.token = options_.token, .host_names = options_.host_names});
  router.add("GET", "/api/state", [this](const HttpRequest&) {
    return on_actor([this] { return json_response(director_.state()); });
  });
  router.add("GET", "/api/rundown", [this](const HttpRequest&) {
    return on_actor([this] { return json_response(to_json(director_.show().plan())); });
  });
  router.add("GET", "/api/thumbnails", [this](const HttpRequest&) {
    return on_actor([this] { return json_response(director_.thumbnails()); });
  });
  router.add("GET", "/api/history",
             [this](const HttpRequest& request) { return history(request); });
  for (const char* const path : {"/config", "/api/config"}) {
    router.add(
        "POST", path, [this](const HttpRequest& request) { return configure(request); },
        Access::kToken);
  }
  router.add(
      "POST", "/api/commands", [this](const HttpRequest& request) { return command(request); },
      Access::kToken);
  for (const auto& [name, content] : pages()) router.add_file("/pages/" + name, name, content);
  router.add_file("/", "index.html", pages().at("index.html"));
  router.add_web_socket(
      kStatePath, {.opened = [this](SessionId id, const HttpRequest&) { opened(id); },
                   .received = [this](SessionId id, std::string_view text) { received(id, text); },
                   .closed =
                       [this](SessionId id, std::string_view) {
                         director_.post_own([this, id] { playheads_.erase(id); });
                       }});
  return router;
}

// Runs `work` on the director's thread, and waits for its response.
HttpResponse Service::on_actor(std::function<HttpResponse()> work) {
  auto promise = std::make_shared<std::promise<HttpResponse>>();
  std::future<HttpResponse> response = promise->get_future();
  const absl::Status posted =
      director_.post([promise, work = std::move(work)]() mutable { promise->set_value(work()); });
  if (!posted.ok()) return error_response(posted);
  if (response.wait_for(kLongestAnswer) != std::future_status::ready) {
    return error_response(504, "The director does not answer");
  }
  return response.get();
}

HttpResponse Service::history(const HttpRequest& request) {
  std::uint64_t first = 1;
  if (const auto from = request.query.find("from"); from != request.query.end()) {
    const std::string& text = from->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), first);
    if (error != std::errc() || end != text.data() + text.size() ||
        first > std::uint64_t{INT64_MAX}) {
      return error_response(400, "from: expected a sequence");
    }
  }
  // The commands are parsed here, on the server's thread: a plan may have ten thousand scenes.
  auto rows = std::make_shared<std::vector<HistoryRow>>();
  HttpResponse answer = on_actor([this, first, rows] {
    auto page = store_.history(first, kPage);
    if (!page.ok()) return error_response(page.status());
    *rows = *std::move(page);
    return json_response(json::object());
  });
  if (answer.status != 200) return answer;
  json list = json::array();
  for (const HistoryRow& row : *rows) {
    list.push_back(history_json(row.sequence, row.id, row.command, row.utc));
  }
  return json_response({{"records", std::move(list)}});
}

HttpResponse Service::configure(const HttpRequest& request) {
  auto body = common::parse_json_object(request.body);
  if (!body.ok()) return error_response(body.status());
  auto plan = read_plan(*body);
  if (!plan.ok()) return refuse(plan.status(), *body);
  Command command{.verb = Verb::kConfigure, .plan = *std::move(plan)};
  if (body->contains("command_id")) {
    auto id = read_command_id(*body);
    if (!id.ok()) return error_response(id.status());
    command.id = *std::move(id);
  }
  json forwarded = to_json(command);
  if (!command.id.empty()) forwarded["command_id"] = command.id;
  return apply(std::move(command), std::move(forwarded));
}

HttpResponse Service::command(const HttpRequest& request) {
  auto body = common::parse_json_object(request.body);
  if (!body.ok()) return error_response(body.status());
  auto wanted = read_request(*body);
  if (!wanted.ok()) return refuse(wanted.status(), body->value("rundown", json()));
  return apply(*std::move(wanted), *std::move(body));
}

// Names the scenes that the mixer lacks too, so an operator mends a rundown once.
HttpResponse Service::refuse(const absl::Status& faults, const json& rundown) {
  return on_actor([this, faults, plan = read_scenes(rundown)] {
    return error_response(director_.add_missing(faults, plan));
  });
}

// Does a command here, or sends its JSON to the leader.
HttpResponse Service::apply(Request wanted, json forwarded) {
  if (options_.group == nullptr || options_.group->has_lease()) {
    return on_actor([this, wanted = std::move(wanted)] { return obey(wanted); });
  }
  auto answer = options_.group->ask(std::move(forwarded));
  return answer.ok() ? *std::move(answer) : error_response(answer.status());
}

void Service::remote(json body, const GroupHooks::Answer& answer) {
  auto wanted = read_request(body);
  if (!wanted.ok()) return answer(error_response(wanted.status()));
  const auto not_after = common::integer(body.value("not_after", json()));
  const absl::Status posted =
      director_.post([this, answer, not_after, wanted = *std::move(wanted)] {
        const std::int64_t now = clock_.source().now_utc().time_since_epoch().count();
        if (not_after && now > *not_after)
          return answer(error_response(504, "The command is too late"));
        answer(obey(wanted));
      });
  if (!posted.ok()) answer(error_response(posted));
}

// Runs on the director's thread.
HttpResponse Service::obey(const Request& wanted) {
  if (const auto* update = std::get_if<StreamUpdate>(&wanted)) {
    return respond(director_.update(*update));
  }
  return respond(director_.command(std::get<Command>(wanted)));
}

void Service::opened(SessionId session) {
  director_.post_own(
      [this, session] { server_->send(session, message("state", director_.state())); });
}

void Service::received(SessionId session, std::string_view text) {
  const auto read = common::parse_json_object(text);
  if (!read.ok())
    return server_->send(session, error_message(std::string(read.status().message())));
  const json type = read->value("type", json());
  if (type == "ping") {
    return server_->send(session, common::json_line(common::pong(*read, clock_.source().read())));
  }
  if (type != "playhead") {
    return server_->send(session, error_message("type: expected ping or playhead"));
  }
  const json interval = read->value("interval_ms", json());
  if (!interval.is_number_unsigned() || interval < kShortestInterval ||
      interval > kLongestInterval) {
    return server_->send(session, error_message("interval_ms: expected 20 to 60000"));
  }
  const milliseconds every(interval.get<std::int64_t>());
  if (absl::Status posted =
          director_.post([this, session, every] { set_playhead(session, every); });
      !posted.ok()) {
    server_->send(session, error_message(std::string(posted.message())));
  }
}

// Returns a message that all viewers share for half of the shortest interval.
const std::string& Service::playhead() {
  const masterclock::SteadyTime now = clock_.source().now_steady();
  if (playhead_.empty() || now - playhead_at_ >= milliseconds(kShortestInterval) / 2) {
    playhead_ = message("playhead", director_.state());
    playhead_at_ = now;
  }
  return playhead_;
}

// Runs on the director's thread.
void Service::set_playhead(SessionId session, milliseconds interval) {
  std::int64_t all = kMinute / interval;  // of all sessions, in a minute
  for (const auto& [other, playhead] : playheads_) {
    if (other != session) all += kMinute / playhead.interval;
  }
  if (all > kMostPlayheads) {
    return server_->send(
        session, error_message("interval_ms: the viewers have all 1000 playheads a second"));
  }
  auto event =
      clock_.schedule_scoped_event({.due = masterclock::After{interval},
                                    .repeat = masterclock::Every{interval},
                                    .on_misfire = masterclock::OnMisfire::kRunLast,
                                    .action = [this, session](const masterclock::FiredEvent&) {
                                      server_->send(session, playhead(), "playhead");
                                    }});
  if (event.ok()) playheads_.insert_or_assign(session, Playhead{interval, *std::move(event)});
}

void Service::send(json state) {
  server_->broadcast(message("state", std::move(state)), {}, kStatePath);
}

}  // namespace director
