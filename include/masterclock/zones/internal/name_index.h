// Names to zones: an open-addressed table of single words that readers walk without waiting.
//
// A slot is empty or points at a table that is never destroyed, so a reader needs one acquire load
// a slot and no protection. A writer fills empty slots; `clear` empties all of them in place. A
// reader that runs into either may miss a name that is there; it then asks again under the owner's
// lock.
//
// Threads: `find` from any; `insert` and `clear` by one at a time.
// Cost:    a hash, and about one slot; never grows, since there are no more names than the database
// has.
#ifndef MASTERCLOCK_ZONES_INTERNAL_NAME_INDEX_H_
#define MASTERCLOCK_ZONES_INTERNAL_NAME_INDEX_H_

#include "masterclock/version.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "masterclock/zones/internal/zone_table.h"

namespace masterclock::inline v0_2::internal {

class NameIndex {
 public:
  explicit NameIndex(std::size_t most_names)
      : mask_(std::bit_ceil(most_names * 2 + 16) - 1),
        slots_(std::make_unique<std::atomic<const ZoneTable*>[]>(mask_ + 1)) {}

  [[nodiscard]] const ZoneTable* find(std::string_view name) const noexcept {
    for (std::size_t i = hash(name) & mask_;; i = (i + 1) & mask_) {
      const ZoneTable* const table = slots_[i].load(std::memory_order_acquire);
      if (table == nullptr || table->name() == name) return table;
    }
  }

  // The caller has found the name to be absent, under its lock.
  void insert(const ZoneTable& table) noexcept {
    if (++used_ > mask_ / 4 * 3) return;
    std::size_t i = hash(table.name()) & mask_;
    while (slots_[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & mask_;
    slots_[i].store(&table, std::memory_order_release);
  }

  void clear() noexcept {
    used_ = 0;
    for (std::size_t i = 0; i <= mask_; ++i) slots_[i].store(nullptr, std::memory_order_release);
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i <= mask_; ++i) {
      if (const ZoneTable* const table = slots_[i].load(std::memory_order_acquire)) visit(*table);
    }
  }

 private:
  // Eight bytes at a time, the last eight overlapping. Zone names differ in their tails.
  static std::size_t hash(std::string_view name) noexcept {
    constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;
    std::uint64_t h = name.size() * kMix;
    const char* at = name.data();
    std::size_t left = name.size();
    for (; left > 8; at += 8, left -= 8) h = (h ^ load(at, 8)) * kMix;
    if (name.size() >= 8) {
      h = (h ^ load(name.data() + name.size() - 8, 8)) * kMix;
    } else {
      h = (h ^ load(at, left)) * kMix;
    }
    return static_cast<std::size_t>(h >> 32);
  }
  static std::uint64_t load(const char* at, std::size_t size) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, size);
    return word;
  }

  std::size_t mask_;
  std::size_t used_ = 0;
  std::unique_ptr<std::atomic<const ZoneTable*>[]> slots_;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_NAME_INDEX_H_
