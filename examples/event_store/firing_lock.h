// Lets one process at a time fire the events of a database, and tells the others which event it is.
//
// The lock is on a file beside the database: day.db-firing. The kernel releases it at each end of the
// process. SQLite's write lock is free meanwhile, so a slow handler keeps no other process from adding,
// cancelling and listing events.
//
// Source: fcntl(2), open file description locks.
#ifndef MASTERCLOCK_EXAMPLES_EVENT_STORE_FIRING_LOCK_H_
#define MASTERCLOCK_EXAMPLES_EVENT_STORE_FIRING_LOCK_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace event_store {

// Threads: any for `held_elsewhere`; one at a time for `lock`.
class FiringLock {
 public:
  // Releases the lock at its end.
  class Held {
   public:
    Held(Held&& other) noexcept
        : lock_(std::exchange(other.lock_, nullptr)), serial_(other.serial_) {}
    Held& operator=(Held&&) = delete;
    ~Held();

   private:
    friend class FiringLock;
    Held(const FiringLock& lock, std::int64_t serial) : lock_(&lock), serial_(serial) {}
    const FiringLock* lock_;
    std::int64_t serial_;
  };

  // Errors: Unavailable "FILE: what" when the file cannot be opened.
  [[nodiscard]] static absl::StatusOr<FiringLock> open(const std::string& database);

  // Waits until no other process fires, then locks for the event `serial`.
  //
  // Errors: Unavailable "FILE: what".
  [[nodiscard]] absl::StatusOr<Held> lock(std::int64_t serial) const;

  // Returns whether another process, or another FiringLock of this one, fires the event `serial` now.
  [[nodiscard]] bool held_elsewhere(std::int64_t serial) const noexcept;

 private:
  FiringLock(std::string file, common::Descriptor descriptor)
      : file_(std::move(file)), descriptor_(std::move(descriptor)) {}

  std::string file_;
  common::Descriptor descriptor_;
};

}  // namespace event_store

#endif  // MASTERCLOCK_EXAMPLES_EVENT_STORE_FIRING_LOCK_H_
