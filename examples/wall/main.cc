// wall: a page for a control room, with the time, its error, the channels and the alarms.
//
// Exit status: 0 done; 1 for an error in the input or the output; 2 for an error in the command line.
// An error is one line on stderr.
#include <csignal>
#include <memory>
#include <string>

#include "common/command_line.h"
#include "common/printable.h"
#include "masterclock/time/duration_text.h"
#include "serve.h"

namespace {

absl::StatusOr<wall::SyncSource> parse_sync(const std::string& text) {
  if (text == "kernel") return wall::SyncSource::kKernel;
  if (text == "chrony") return wall::SyncSource::kChrony;
  if (text == "none") return wall::SyncSource::kNone;
  return absl::InvalidArgumentError("Invalid source " + common::in_quotes(text) +
                                    ": expected kernel, chrony or none");
}

}  // namespace

int main(int argc, char** argv) {
  return common::run_program(
      argc, argv,
      {.name = "wall",
       .description = "A page for a control room: the time, its error, the channels, the alarms."},
      [](CLI::App& app, common::Command& command) {
        const auto options = std::make_shared<wall::ServeOptions>();
        app.add_option("--zone", options->zones,
                       "a zone to show, the first is the station's; may be repeated; default: UTC")
            ->type_name("IANA");
        app.add_option("--guide", options->guides,
                       "XMLTV guides or ffplayout playlists; may be repeated")
            ->type_name("FILE");
        common::add_parsed(app, "--rate", options->rate, "of the timecode; default: 25",
                           masterclock::parse_frame_rate)
            ->type_name("FPS");
        app.add_flag("--drop-frame", options->drop_frame, "drop-frame timecode");
        common::add_parsed(app, "--sync", options->sync,
                           "what bounds the error of the time; default: kernel", parse_sync)
            ->type_name("kernel|chrony|none");
        common::add_parsed(app, "--largest-error", options->largest_error,
                           "a larger error is an alarm; default: 100ms",
                           masterclock::parse_duration)
            ->type_name("DURATION");
        app.add_option("--scoreboard", options->scoreboard, "shows its clocks")
            ->type_name("http://HOST:PORT/");
        app.add_option("--director", options->director, "shows its next scene")
            ->type_name("http://HOST:PORT/");
        app.add_option("--address", options->address,
                       "an IP address to listen on; default: 127.0.0.1")
            ->type_name("IP");
        app.add_option("--port", options->port, "default: any free port")->type_name("N");
        common::add_host_names(app, options->host_names);
        app.callback([options] {
          const absl::Status checked = wall::check(*options);
          if (!checked.ok()) throw CLI::ValidationError(std::string(checked.message()));
        });
        command = [options] {
          (void)std::signal(SIGPIPE, SIG_IGN);
          return wall::serve(*options);
        };
      });
}
