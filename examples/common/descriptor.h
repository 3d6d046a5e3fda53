// Owns a file descriptor, and closes it.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_DESCRIPTOR_H_
#define MASTERCLOCK_EXAMPLES_COMMON_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace common {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_DESCRIPTOR_H_
