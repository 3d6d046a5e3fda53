#include "line_writer.h"

#include <utility>

namespace director {
namespace {

constexpr std::size_t kMostLines = 1'000;
constexpr std::chrono::milliseconds kLastLines(500);

}  // namespace

LineWriter::LineWriter(Write write, std::function<void(const std::string& line)> log,
                       std::chrono::milliseconds again)
    : write_(std::move(write)), log_(std::move(log)), again_(again), thread_([this] { run(); }) {}

void LineWriter::add(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    // The line that is being written stays in front.
    if (lines_.size() > kMostLines) {
      lines_.erase(lines_.begin() + (writing_ ? 1 : 0));
      ++dropped_;
    }
  }
  changed_.notify_all();
}

void LineWriter::stop(const std::function<void()>& interrupt) {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLastLines, [this] { return lines_.empty(); });
    stopping_ = true;
  }
  changed_.notify_all();
  if (interrupt) interrupt();
  thread_.join();
}

void LineWriter::run() {
  bool failing = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait(lock, [this] { return stopping_ || !lines_.empty(); });
    if (stopping_) return;
    writing_ = true;
    const std::string line = lines_.front();
    lock.unlock();
    const absl::Status written = write_(line);
    lock.lock();
    writing_ = false;
    if (written.ok()) {
      lines_.pop_front();
      const std::size_t dropped = std::exchange(dropped_, 0);
      if (dropped > 0) log_(std::to_string(dropped) + " lines were dropped");
      failing = false;
      changed_.notify_all();
      continue;
    }
    if (!std::exchange(failing, true)) log_(std::string(written.message()));
    changed_.wait_for(lock, again_, [this] { return stopping_; });
  }
}

}  // namespace director
