// Stores the pending events in numbered slots, and makes their handles.
//
// The address of a slot never changes. Free slots are reused last in, first out, for the cache.
//
// A handle is a slot (24 bits) and a generation of that slot (40 bits). The generation grows when an event
// is added and when it is retired. An odd generation belongs to a pending event. Handles are unique in the
// program, because all schedulers draw generations from the same counters, in ranges. A slot without
// further generations is never reused. Each of the 4,096 counters serves 4,096 slots and at least 2^38
// events: 2^50 events in a program.
//
// Each shared object that hides its symbols has separate counters. Each counter therefore begins at a random
// number: the chance that two objects draw one range is about their number of ranges in 2^33.
//
// Threads: one at a time; the generation counters: any.
// Cost:    O(1); allocates blocks of 256 slots.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_SLOTS_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_SLOTS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/recurrence.h"

#if defined(__linux__)
#include <unistd.h>
#endif

namespace masterclock::inline v0_2::internal {

using EventAction = absl::AnyInvocable<void(const FiredEvent&)>;

struct EventExtras {
  std::string id = {}, type = {}, payload = {};
  std::optional<std::chrono::nanoseconds> max_lateness = {};
  std::optional<EventRepeat> repeat = {};
};

constexpr unsigned kSlotBits = 24, kGenerationBits = 40;

// One cache line.
struct alignas(64) PendingEvent {
  std::uint64_t serial = 0;           // the order of scheduling
  std::chrono::nanoseconds due = {};  // since the epoch of its timeline
  std::uint32_t generation_low = 0;   // odd while the event is pending
  std::uint8_t generation_high = 0;
  bool on_steady = false;
  bool running = false;  // it repeats, and its action runs: it is in no queue
  std::unique_ptr<EventExtras> extras = nullptr;
  EventAction action = nullptr;

  void clear() noexcept {
    action = nullptr;
    if (extras != nullptr) extras.reset();
  }
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return std::uint64_t{generation_high} << 32 | generation_low;
  }
  [[nodiscard]] bool is_pending() const noexcept { return generation_low % 2 != 0; }
  [[nodiscard]] bool has_id() const noexcept { return extras != nullptr && !extras->id.empty(); }
  [[nodiscard]] EventRepeat* repeat() const noexcept {
    return extras != nullptr && extras->repeat ? &*extras->repeat : nullptr;
  }
};

class EventSlots {
 public:
  using Slot = std::uint32_t;
  static constexpr Slot kMost = Slot{1} << kSlotBits;

  // Returns the slot that take() will take; kMost when there are kMost slots and none is free.
  Slot next_free() {
    while (free_count_ == 0) {
      if (count_ >= kMost) return kMost;
      grow();
    }
    return free_[free_count_ - 1];
  }
  PendingEvent& take() noexcept {
    PendingEvent& event = (*this)[free_[--free_count_]];
    ++event.generation_low;
    return event;
  }
  void give_back(const PendingEvent& event, Slot slot) noexcept {
    if (event.generation() != 0) free_[free_count_++] = slot;
  }

  PendingEvent& operator[](Slot slot) noexcept { return blocks_[slot / kBlock][slot % kBlock]; }
  const PendingEvent& operator[](Slot slot) const noexcept {
    return blocks_[slot / kBlock][slot % kBlock];
  }

  [[nodiscard]] EventHandle handle_of(Slot slot) const noexcept {
    return EventHandle::from_uint64((*this)[slot].generation() << kSlotBits | slot);
  }
  // Returns the slot of a pending event.
  [[nodiscard]] std::optional<Slot> find(EventHandle handle) const noexcept {
    const std::uint64_t number = handle.to_uint64();
    const auto slot = static_cast<Slot>(number & (kMost - 1));
    if (slot >= count_) return std::nullopt;
    const PendingEvent& event = (*this)[slot];
    if (!event.is_pending() || event.generation() != number >> kSlotBits) return std::nullopt;
    return slot;
  }

  // Makes the handle of a pending event stale.
  static void retire(PendingEvent& event, Slot slot) noexcept {
    if (++event.generation_low % kRange == 0) draw_range(event, slot);
  }

 private:
  static constexpr std::uint32_t kBlock = 256;
  static constexpr std::uint64_t kRange = 64;  // generations that a slot draws at once
  static constexpr Slot kGroup = 4096;         // slots that share a counter

  // Sets the first generation of a range; 0 when there are no more.
  [[gnu::noinline]] static void draw_range(PendingEvent& event, Slot slot) noexcept {
    std::atomic<std::uint64_t>& drawn = drawn_[slot / kGroup];
    constexpr std::uint64_t kRanges = (std::uint64_t{1} << kGenerationBits) / kRange;
    std::uint64_t range = drawn.load(std::memory_order_relaxed);
    if (range == 0) {
      const std::uint64_t first = 1 + random_number() % (kRanges / 2);
      if (drawn.compare_exchange_strong(range, first, std::memory_order_relaxed)) range = first;
    }
    while (range < kRanges - 1 &&
           !drawn.compare_exchange_weak(range, range + 1, std::memory_order_relaxed)) {
    }
    const std::uint64_t generation = range < kRanges - 1 ? (range + 1) * kRange : 0;
    event.generation_low = static_cast<std::uint32_t>(generation);
    event.generation_high = static_cast<std::uint8_t>(generation >> 32);
  }

  // Returns a number that another shared object does not get, or an earlier load of this one.
  static std::uint64_t random_number() noexcept {
#if defined(__linux__)
    std::uint64_t number = 0;
    if (::getentropy(&number, sizeof number) == 0) return number;
#endif
    return reinterpret_cast<std::uintptr_t>(&drawn_) / sizeof drawn_;
  }

  void grow() {
    const Slot first = count_;
    if (free_.size() < first + kBlock) free_.resize(2 * std::size_t{first} + kBlock);
    blocks_.emplace_back(kBlock);
    count_ += kBlock;
    PendingEvent& range = (*this)[first];
    draw_range(range, first);
    for (Slot slot = first + kBlock; slot-- > first;) {
      (*this)[slot].generation_low = range.generation_low;
      (*this)[slot].generation_high = range.generation_high;
      give_back((*this)[slot], slot);
    }
  }

  using Counters = std::array<std::atomic<std::uint64_t>, kMost / kGroup>;
  static inline Counters drawn_{};  // the last range of each counter; 0 before the first

  std::vector<std::vector<PendingEvent>> blocks_;
  Slot count_ = 0;  // of slots in the blocks
  std::vector<Slot> free_;  // with room for every slot; the first free_count_ count
  std::size_t free_count_ = 0;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_SLOTS_H_
