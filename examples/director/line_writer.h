// Writes lines to a file on a separate thread, so a reader that stops or a full disk holds no caller.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_LINE_WRITER_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_LINE_WRITER_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"

namespace director {

// Keeps the last 1,000 lines that are not written. A line that fails is tried again after `again`.
//
// Threads: any.
class LineWriter {
 public:
  // Writes one line. May block until `interrupt` of `stop`.
  using Write = std::function<absl::Status(const std::string& line)>;

  // `log` gets a line for the first failure in a row, and for each end of failures, with the number of
  // lines that were dropped.
  LineWriter(Write write, std::function<void(const std::string& line)> log,
             std::chrono::milliseconds again = std::chrono::seconds(1));
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter() { stop({}); }

  void add(std::string line);

  // Waits half a second for the last lines, calls `interrupt`, which ends a write that blocks, and ends
  // the thread.
  void stop(const std::function<void()>& interrupt);

 private:
  void run();

  const Write write_;
  const std::function<void(const std::string& line)> log_;
  const std::chrono::milliseconds again_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
  std::size_t dropped_ = 0;
  bool stopping_ = false, writing_ = false;
  std::thread thread_;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_LINE_WRITER_H_
