// director: scenes of a show on a timeline, each on the air at its instant.
//
// Exit status: 0 done; 1 for an error in the input or the output; 2 for an error in the command line.
// An error is one line on stderr.
#include <csignal>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/command_line.h"
#include "common/printable.h"
#include "masterclock/timers/rundown_values.h"
#include "rehearse_command.h"
#include "serve_command.h"

namespace {

using common::add_parsed;
using common::Command;
using masterclock::ForceUntil;

// A closed pipe and a file that is too large are errors to report, not the end of the program.
void ignore_signals() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) (void)std::signal(signal, SIG_IGN);
}

absl::StatusOr<ForceUntil> parse_until(const std::string& text) {
  for (const ForceUntil until : {ForceUntil::kBoundary, ForceUntil::kReleased}) {
    if (text == to_string(until)) return until;
  }
  return absl::InvalidArgumentError("Invalid end " + common::in_quotes(text) +
                                    ": expected boundary or released");
}

void add_serve(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<director::ServeOptions>();
  CLI::App& serve = *app.add_subcommand("serve", "Serves a show.");
  serve.add_option("--rundown", options->rundown, "the scenes; not used if the database has some")
      ->type_name("FILE");
  serve.add_option("--db", options->database, "keeps the show through any restart")
      ->type_name("FILE");
  CLI::Option* const redis =
      serve
          .add_option("--redis", options->redis,
                      "keeps the show for several servers, one of which leads")
          ->excludes("--db")
          ->type_name("ADDRESS");
  serve.add_option("--group", options->group, "the servers with one show; default: director")
      ->needs(redis)
      ->type_name("NAME");
  serve
      .add_option("--takeover-ms", options->takeover_ms,
                  "another server leads within this time; default: 3000")
      ->needs(redis)
      ->check(CLI::Range(300, 60'000))
      ->type_name("N");
  serve.add_option("--as-run", options->as_run, "the log of what was on the air")
      ->type_name("FILE");
  serve.add_option("--address", options->address, "an IP address to listen on; default: 127.0.0.1")
      ->type_name("IP");
  serve.add_option("--port", options->port, "default: any free port")->type_name("N");
  common::add_host_names(serve, options->host_names);
  serve.add_option("--token", options->token, "for commands; default: none is needed")
      ->type_name("T");
  serve.add_flag("--follow-stream", options->follow_stream,
                 "corrects the position by the stream's time code");
  CLI::Option* const obs =
      serve.add_option("--obs", options->obs, "switches OBS")->type_name("ws://HOST:PORT");
  serve
      .add_option("--obs-password-file", options->obs_password_file,
                  "the password of obs-websocket, in the first line")
      ->needs(obs)
      ->type_name("FILE");
  serve
      .add_option("--preview-ms", options->preview_ms,
                  "in studio mode, previews the next scene so long before; default: 0, not")
      ->needs(obs)
      ->check(CLI::Range(0, 3'600'000))
      ->type_name("N");
  add_parsed(serve, "--operator-until", options->operator_until,
             "the end of a switch by the operator of OBS; default: boundary", parse_until)
      ->needs(obs)
      ->type_name("boundary|released");
  CLI::Option* const safe =
      serve.add_option("--safe-scene", options->safe_scene, "the scene to show during a loss")
          ->check([](const std::string& name) { return name.empty() ? "expected a scene" : ""; })
          ->type_name("NAME");
  serve
      .add_option("--safe-source", options->safe_sources,
                  "an input of OBS whose loss counts; may be repeated")
      ->needs(safe)
      ->needs(obs)
      ->type_name("NAME");
  serve.add_flag("--safe-stream", options->safe_stream, "the loss of the stream counts too")
      ->needs(safe)
      ->needs(obs);
  serve
      .add_option("--safe-after-ms", options->safe_after_ms,
                  "the length of a loss that counts; default: 3000")
      ->needs(safe)
      ->check(CLI::Range(0, 3'600'000))
      ->type_name("N");
  serve
      .add_option("--safe-back-ms", options->safe_back_ms,
                  "the time after a return until the safe scene ends; default: 5000")
      ->needs(safe)
      ->check(CLI::Range(0, 3'600'000))
      ->type_name("N");
  serve.callback([options, &chosen] {
    chosen = [options] {
      ignore_signals();
      return director::serve(*options);
    };
  });
}

void add_rehearse(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<director::RehearseOptions>();
  CLI::App& rehearse = *app.add_subcommand("rehearse", "Runs a show on simulated time.");
  rehearse.add_option("--rundown", options->rundown, "the scenes")->type_name("FILE")->required();
  add_parsed(rehearse, "--speed", options->speed, "times faster than real time; default: max",
             director::parse_speed)
      ->type_name("N|max");
  rehearse.callback([options, &chosen] {
    chosen = [options] {
      ignore_signals();
      return director::rehearse(*options);
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  return common::run_program(
      argc, argv,
      {.name = "director",
       .description = "Scenes of a show on a timeline, each on the air at its instant."},
      [](CLI::App& app, Command& command) {
        app.require_subcommand(1);
        add_serve(app, command);
        add_rehearse(app, command);
      });
}
