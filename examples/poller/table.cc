#include "table.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/text_cells.h"
#include "masterclock/time/duration_text.h"

namespace poller {
namespace {

using common::cut;
using common::fit;
using common::fit_right;
using common::Terminal;
using std::chrono::nanoseconds;

constexpr std::size_t kTime = 9, kCount = 7, kState = 10, kGap = 2;
constexpr std::size_t kWidestName = 40, kWidestBar = 60, kWidestStatus = 24;

// Whole seconds, but from an hour on whole minutes.
std::string span_text(nanoseconds span) {
  span = std::max(span, nanoseconds(0));
  if (span >= std::chrono::hours(1)) {
    return masterclock::to_string(std::chrono::floor<std::chrono::minutes>(span));
  }
  return masterclock::to_string(std::chrono::floor<std::chrono::seconds>(span));
}

struct Widths {
  std::size_t name = 4, status = 0, bar = 0;
};

// The name has precedence, then the bar, then the status of the last run.
Widths widths_for(const std::vector<ServiceView>& services, std::size_t width) {
  Widths widths;
  for (const ServiceView& service : services) {
    widths.name = std::max(widths.name, common::cells(service.name));
  }
  const std::size_t others = kState + 2 * kTime + 2 * kCount + 2 * kGap;
  widths.name = std::min({widths.name, kWidestName, width > others + 8 ? width - others : 8});
  std::size_t rest = width > others + widths.name ? width - others - widths.name : 0;
  if (rest >= kWidestStatus + kGap + 20) {
    widths.status = kWidestStatus;
    rest -= kWidestStatus + kGap;
  }
  if (rest > 3) widths.bar = std::min(rest, kWidestBar);
  return widths;
}

std::string_view colour_of(const ServiceView& service, const Terminal& terminal) {
  if (service.state == "running") return terminal.green();
  if (service.state == "overdue" || service.failures_in_a_row > 0) return terminal.bold();
  return service.state == "on demand" ? terminal.dim() : terminal.plain();
}

std::string bar_of(const ServiceView& service, masterclock::SteadyTime now, std::size_t width) {
  if (width == 0 || !service.next_due || service.interval <= nanoseconds(0)) return "";
  const std::chrono::duration<double> left = *service.next_due - now, whole = service.interval;
  return common::bar(std::clamp(1 - left / whole, 0.0, 1.0), width);
}

}  // namespace

std::string table(const std::vector<ServiceView>& services, const masterclock::TimeReading& now,
                  const std::string& heading, const std::vector<std::string>& messages,
                  const Terminal& terminal) {
  const std::size_t width = std::max<std::size_t>(terminal.width, 40);
  const Widths widths = widths_for(services, width);
  const std::string gap(kGap, ' ');
  std::vector<std::string> lines = {cut(heading, width), ""};
  std::string titles = fit("name", widths.name) + gap + fit("state", kState) +
                       fit_right("last run", kTime) + fit_right("next", kTime) +
                       fit_right("missed", kCount) + fit_right("failed", kCount) + gap;
  if (widths.status > 0) titles += fit("last result", widths.status) + gap;
  lines.push_back(std::string(terminal.dim()) + cut(titles, width) + std::string(terminal.plain()));
  for (const ServiceView& service : services) {
    const std::string next = service.next_due ? span_text(*service.next_due - now.steady) : "";
    std::string line =
        fit(service.name, widths.name) + gap + std::string(colour_of(service, terminal)) +
        fit(service.state, kState) + std::string(terminal.plain()) +
        fit_right(service.last_start ? span_text(now.steady - *service.last_start) : "", kTime) +
        fit_right(next, kTime) + fit_right(std::to_string(service.missed), kCount) +
        fit_right(std::to_string(service.failures), kCount) + gap;
    if (widths.status > 0) line += fit(service.last_status, widths.status) + gap;
    line += bar_of(service, now.steady, widths.bar);
    lines.push_back(line);
  }
  if (terminal.height > 0 && lines.size() > terminal.height) {
    const std::size_t more = lines.size() - terminal.height + 1;
    lines.resize(terminal.height - 1);
    lines.push_back("... and " + std::to_string(more) + " more services");
  }
  const std::size_t room =
      terminal.height > lines.size() + 1 ? terminal.height - lines.size() - 1 : 0;
  if (room > 0 && !messages.empty()) {
    lines.emplace_back();
    const std::size_t shown = std::min(room, messages.size());
    for (std::size_t i = messages.size() - shown; i < messages.size(); ++i) {
      lines.push_back(cut(messages[i], width));
    }
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace poller
