// Shows what each channel of a guide plays now, runs the channels, and joins media at the right frame.
//
// Exit status: 0 success, 1 bad input, 2 bad command line, 130 interrupted by SIGINT, SIGTERM or
// SIGHUP. Each error is one line on stderr.
#include "commands.h"
#include "common/command_line.h"
#include "join_command.h"
#include "run_command.h"

int main(int argc, char** argv) {
  return common::run_program(
      argc, argv,
      {.name = "on_air",
       .description = "Shows what each channel plays now, and how far into the programme it is."},
      [](CLI::App& app, common::Command& command) {
        app.require_subcommand(1);
        on_air::add_now(app, command);
        on_air::add_join(app, command);
        on_air::add_run(app, command);
      });
}
