// clock_doctor: may this machine's time be trusted, and what is to be done?
//
// Exit status: 0 healthy; 1 attention wanted; 2 not to be trusted. The statuses of errors are those of
// sysexits.h: 64 for the command line, 70 for the program, 74 for the output. An error is one line on
// stderr.
#include <cstdint>
#include <string>

#include "common/command_line.h"
#include "common/output.h"
#include "examine.h"
#include "gather.h"
#include "report.h"

namespace {

constexpr int kUsage = 64;
constexpr int kFailed = 70;
constexpr int kNotWritten = 74;

struct Options {
  bool json = false;
  std::string chrony, ptp4l;
  std::uint8_t domain = 0;
};

int exit_status(const absl::Status& error) {
  return absl::IsInvalidArgument(error) ? kUsage
         : absl::IsUnavailable(error)   ? kNotWritten
                                        : kFailed;
}

absl::Status print_diagnosis(const clock_doctor::Places& places, bool json,
                             clock_doctor::Level& verdict) {
  const clock_doctor::MachineFacts facts = clock_doctor::gather(places);
  for (const clock_doctor::Statement& statement : facts.statements) {
    if (absl::IsInvalidArgument(statement.heard)) return statement.heard;
  }
  const clock_doctor::Diagnosis diagnosis = clock_doctor::examine(facts);
  verdict = diagnosis.verdict;
  return common::write_stdout(json ? to_json(diagnosis) : to_screen(diagnosis));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  clock_doctor::Level verdict = clock_doctor::Level::kGood;
  const int failed = common::run_program(
      argc, argv,
      {.name = "clock_doctor",
       .description = "May this machine's time be trusted, and what is to be done?\n\n"
                      "Exit status: 0 healthy, 1 attention wanted, 2 not to be trusted, 64 usage.",
       .usage_exit_status = kUsage,
       .exit_status = exit_status},
      [&](CLI::App& app, common::Command& command) {
        app.add_flag("--json", options.json, "prints one JSON object, for a program");
        CLI::Option* const chrony =
            app.add_option("--chrony", options.chrony,
                           "the command address of chronyd: ADDRESS:PORT or its socket");
        CLI::Option* const ptp4l =
            app.add_option("--ptp4l", options.ptp4l, "the socket of ptp4l: its uds_address");
        CLI::Option* const domain =
            app.add_option("--domain", options.domain, "the domainNumber of ptp4l");
        command = [&options, &verdict, chrony, ptp4l, domain] {
          clock_doctor::Places places;
          if (*chrony) places.chrony = {options.chrony};
          if (*ptp4l) places.ptp4l = {options.ptp4l};
          if (*domain) places.ptp_domains = {options.domain};
          return print_diagnosis(places, options.json, verdict);
        };
      });
  return failed != 0 ? failed : static_cast<int>(verdict);
}
