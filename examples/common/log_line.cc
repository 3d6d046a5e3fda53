#include "common/log_line.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <string>

#include "common/output.h"
#include "common/printable.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/system_time_source.h"

namespace common {

void log_line(std::string_view logger, std::string_view message) {
  const auto utc = masterclock::SystemTimeSource::shared().now_utc();
  const std::string time = masterclock::to_rfc3339(utc, 0).substr(11, 8);
  const std::string head = "[" + time + "] [PID: " + std::to_string(::getpid()) +
                           " TID: " + std::to_string(::gettid()) + "] ";
  const std::string tail = "    " + std::string(logger) + "\n";
  std::string text = printable(message);
  std::size_t most = PIPE_BUF - std::min<std::size_t>(PIPE_BUF, head.size() + tail.size());
  if (text.size() > most) {
    while (most > 0 && (text[most] & 0xC0) == 0x80) --most;  // between two characters
    text.resize(most);
  }
  write_if_ready(STDERR_FILENO, head + text + tail);
}

}  // namespace common
