// clock_doctor: may this machine's time be trusted, and what is to be done about it?
//
// Exit status: 0 healthy; 1 it works, and something wants attention; 2 not to be trusted. 64 something was
// wrong with the command line, 70 the program failed, 74 the report could not be written; and then one
// line on stderr says what.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

#include "examine.h"
#include "gather.h"
#include "report.h"

namespace {

// As sysexits.h has them: out of the way of the three that are verdicts.
constexpr int kUsage = 64;
constexpr int kFailed = 70;
constexpr int kNotWritten = 74;

int fail(std::string message, int status) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::cerr << "clock_doctor: " << message << '\n';
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app(
        "May this machine's time be trusted, and what is to be done about it?\n\n"
        "Exit status: 0 healthy, 1 attention wanted, 2 not to be trusted, 64 usage.",
        "clock_doctor");
    app.failure_message([](const CLI::App*, const CLI::Error&) { return std::string(); });
    bool json = false;
    app.add_flag("--json", json, "one JSON object, for a program");
    clock_doctor::Places places;
    std::string chrony, ptp4l;
    std::uint8_t domain = 0;
    CLI::Option* const chrony_option = app.add_option(
        "--chrony", chrony, "where chronyd takes commands, ADDRESS:PORT or its socket");
    CLI::Option* const ptp4l_option = app.add_option("--ptp4l", ptp4l, "ptp4l's uds_address");
    CLI::Option* const domain_option = app.add_option("--domain", domain, "ptp4l's domainNumber");
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help) {  // --help is one of them
      return app.exit(help);
    } catch (const CLI::ParseError& error) {
      return fail(std::string(error.what()) + " (see clock_doctor --help)", kUsage);
    }
    if (*chrony_option) places.chrony = {chrony};
    if (*ptp4l_option) places.ptp4l = {ptp4l};
    if (*domain_option) places.ptp_domains = {domain};
    const clock_doctor::MachineFacts facts = clock_doctor::gather(places);
    for (const clock_doctor::Statement& statement : facts.statements) {
      if (absl::IsInvalidArgument(statement.heard)) {
        return fail(std::string(statement.heard.message()), kUsage);
      }
    }
    const clock_doctor::Diagnosis diagnosis = clock_doctor::examine(facts);
    std::cout << (json ? to_json(diagnosis) : to_screen(diagnosis)) << std::flush;
    if (!std::cout) return fail("the report could not be written", kNotWritten);
    return static_cast<int>(diagnosis.verdict);
  } catch (const std::exception& error) {  // out of memory, most likely
    return fail(error.what(), kFailed);
  }
}
