// poller: runs sources on time, never twice at once, and reports when they stop.
//
// Exit status: 0 done; 1 for an error, or when a run had to be ended; 2 for an error in the command line.
// An error is one line on stderr.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/command_line.h"
#include "common/json_line.h"
#include "common/output.h"
#include "control_socket.h"
#include "masterclock/time/system_time_source.h"
#include "run_command.h"

namespace {

using nlohmann::json;

struct CommandOptions {
  std::string action, service, socket;
  int patience = 120;
};

absl::Status send_command(const CommandOptions& options) {
  const auto path = options.socket.empty() ? poller::default_socket_path()
                                           : absl::StatusOr<std::filesystem::path>(options.socket);
  if (!path.ok()) return path.status();
  const auto now = masterclock::SystemTimeSource::shared().read();
  json request = {{"action", options.action},
                  {"request_id", std::to_string(::getpid()) + "-" +
                                     std::to_string(now.utc.time_since_epoch().count())}};
  if (!options.service.empty()) request["params"] = {{"service", options.service}};
  const auto line =
      poller::ask_poller(*path, common::json_line(request), std::chrono::seconds(options.patience));
  if (!line.ok()) return line.status();
  const json response = json::parse(*line, nullptr, false);
  if (!response.is_object() || !response.contains("status") || !response.contains("data")) {
    return absl::InternalError("the response is not that of a poller: " + *line);
  }
  if (response["status"] == "ok") {
    return common::write_stdout(common::json_line(response["data"]) + "\n");
  }
  const auto error = response.find("error");
  return absl::FailedPreconditionError(
      error != response.end() && error->is_string() ? error->get<std::string>() : *line);
}

void add_run(CLI::App& app, poller::RunOptions& options) {
  app.add_option("--config", options.config, "the services; default: the sample")
      ->type_name("FILE");
  app.add_option("--redis", options.redis, "the Redis server; default: REDIS_URL, or none")
      ->type_name("SOCKET|HOST:PORT");
  app.add_option("--socket", options.socket, "the Unix socket for commands")->type_name("PATH");
  app.add_flag("--json", options.json, "prints a line of JSON for each event, also on a terminal");
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return common::run_program(
      argc, argv,
      {.name = "poller",
       .description = "Runs sources on time, never twice at once, and reports when they stop."},
      [](CLI::App& app, common::Command& command) {
        const auto run_options = std::make_shared<poller::RunOptions>();
        run_options->config = POLLER_SAMPLE_CONFIG;
        command = [run_options] { return poller::run_poller(*run_options); };
        app.require_subcommand(0, 1);
        add_run(*app.add_subcommand("run", "Runs the services until SIGTERM. The default command."),
                *run_options);
        const auto options = std::make_shared<CommandOptions>();
        CLI::App& send =
            *app.add_subcommand("command", "Sends a command to a poller, and prints its answer.");
        send.add_option("ACTION", options->action, "trigger, restart_service, start_camera ...")
            ->required();
        send.add_option("SERVICE", options->service, "the service that the action is for");
        send.add_option("--socket", options->socket, "the Unix socket of the poller")
            ->type_name("PATH");
        send.add_option("--patience", options->patience, "the longest wait for the answer")
            ->type_name("SECONDS")
            ->check(CLI::Range(1, 86'400))
            ->capture_default_str();
        send.callback(
            [options, &command] { command = [options] { return send_command(*options); }; });
      });
}
