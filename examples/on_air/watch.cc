#include "watch.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>

#include "common/terminal.h"

namespace on_air {
namespace {

using common::kEnterScreen;
using common::kLeaveScreen;

constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
constexpr int kInterrupted = 130;

std::atomic<bool> on_terminal{false};

// Writes without waiting, as far as a signal handler can: a terminal that is stopped takes nothing.
void write_at_once(int fd, std::string_view text) {
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 1) (void)!::write(fd, text.data(), text.size());
}

extern "C" void end_of_watch(int) {
  if (on_terminal.load()) write_at_once(STDOUT_FILENO, kLeaveScreen);
  write_at_once(STDERR_FILENO, "on_air: interrupted\n");
  ::_exit(kInterrupted);
}

}  // namespace

absl::Status watch(const masterclock::TimeSource& clock, const std::function<absl::Status()>& draw,
                   const std::function<bool(std::chrono::nanoseconds)>& wait) {
  using std::chrono::seconds;
  for (;;) {
    if (absl::Status drawn = draw(); !drawn.ok()) return drawn;
    const std::chrono::nanoseconds part = clock.now_utc().time_since_epoch() % seconds(1);
    const std::chrono::nanoseconds left = part.count() < 0 ? -part : seconds(1) - part;
    if (!wait(left)) return absl::OkStatus();
  }
}

std::string first_lines(const std::string& text, std::size_t height) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  if (lines <= height) return text;
  std::size_t end = 0;
  const std::size_t kept = height > 0 ? height - 1 : 0;
  for (std::size_t i = 0; i < kept; ++i) end = text.find('\n', end) + 1;
  return text.substr(0, end) + "... and " + std::to_string(lines - kept) + " more lines\n";
}

WatchScreen::WatchScreen(bool terminal) : terminal_(terminal) {
  on_terminal.store(terminal);
  for (const int signal : kSignals) {
    struct sigaction action {
    }, before{};
    if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    action.sa_handler = end_of_watch;
    ::sigaction(signal, &action, nullptr);
  }
  if (terminal_) (void)!::write(STDOUT_FILENO, kEnterScreen.data(), kEnterScreen.size());
}

WatchScreen::~WatchScreen() {
  on_terminal.store(false);
  if (terminal_) (void)!::write(STDOUT_FILENO, kLeaveScreen.data(), kLeaveScreen.size());
  for (const int signal : kSignals) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == end_of_watch) {
      ::signal(signal, SIG_DFL);
    }
  }
}

std::string WatchScreen::frame(const std::string& text) const {
  if (!terminal_) return text + "\n";
  return common::screen_frame(text);
}

}  // namespace on_air
