// Where pending events are kept: numbered slots whose addresses never change.
//
// A slot is taken, used and given back; the one given back last is taken first, while it is still
// in the cache. Blocks are never freed before the slab is, so growing moves nothing.
//
// Threads: none of its own; the owner locks.
// Cost:    O(1); allocates one block of slots at a time.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_SLAB_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_SLAB_H_

#include "masterclock/version.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace masterclock::inline v0_2::internal {

template <class T>
class EventSlab {
 public:
  // The number of an unused slot. Its content is whatever its last owner left.
  std::uint32_t take() {
    if (free_count_ == 0) grow();
    return free_[--free_count_];
  }
  void give_back(std::uint32_t slot) noexcept { free_[free_count_++] = slot; }

  // Whether `slot` was ever given out.
  [[nodiscard]] bool knows(std::uint32_t slot) const noexcept {
    return slot / kBlock < blocks_.size();
  }
  T& operator[](std::uint32_t slot) noexcept { return blocks_[slot / kBlock][slot % kBlock]; }
  const T& operator[](std::uint32_t slot) const noexcept {
    return blocks_[slot / kBlock][slot % kBlock];
  }

 private:
  static constexpr std::uint32_t kBlock = 256;

  void grow() {
    const auto first = static_cast<std::uint32_t>(blocks_.size() * kBlock);
    if (free_.size() < first + kBlock) free_.resize(2 * std::size_t{first} + kBlock);
    blocks_.push_back(std::make_unique<T[]>(kBlock));
    for (std::uint32_t i = kBlock; i-- > 0;) free_[free_count_++] = first + i;
  }

  std::vector<std::unique_ptr<T[]>> blocks_;
  std::vector<std::uint32_t> free_;  // with room for every slot; the first free_count_ count
  std::size_t free_count_ = 0;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_SLAB_H_
