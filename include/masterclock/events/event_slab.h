// Where pending events are kept: numbered slots whose addresses never change.
//
// A slot is taken, used and given back; the one given back last is taken first, while it is still
// in the cache. Blocks are never freed before the slab is, so growing moves nothing.
//
// Threads: none of its own; the owner locks.
// Cost:    O(1); allocates one block of slots at a time.
#ifndef MASTERCLOCK_EVENTS_EVENT_SLAB_H_
#define MASTERCLOCK_EVENTS_EVENT_SLAB_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace masterclock::internal {

template <class T>
class EventSlab {
 public:
  // The number of an unused slot. Its content is whatever its last owner left.
  std::uint32_t take() {
    if (free_.empty()) grow();
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void give_back(std::uint32_t slot) noexcept { free_.push_back(slot); }

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
    // Room for every slot, so that give_back never allocates.
    if (free_.capacity() < first + kBlock) free_.reserve(2 * std::size_t{first} + kBlock);
    blocks_.push_back(std::make_unique<T[]>(kBlock));
    for (std::uint32_t i = kBlock; i-- > 0;) free_.push_back(first + i);
  }

  std::vector<std::unique_ptr<T[]>> blocks_;
  std::vector<std::uint32_t> free_;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_EVENT_SLAB_H_
