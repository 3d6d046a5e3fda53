// Maps names to zones in an open-addressed hash table that readers use without a lock.
//
// A slot is empty or points to a table that is never destroyed. A reader needs one acquire load a
// slot. A writer fills empty slots, and `clear` empties all slots in place. A reader beside a
// writer may miss a name. The owner then searches again under its lock.
//
// Threads: any for `find`; one at a time for `insert` and `clear`.
// Cost:    one hash and about one slot.
#ifndef MASTERCLOCK_ZONES_INTERNAL_NAME_INDEX_H_
#define MASTERCLOCK_ZONES_INTERNAL_NAME_INDEX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "masterclock/zones/internal/zone_table.h"

namespace masterclock::inline v0_2::internal {

class NameIndex {
 public:
  [[nodiscard]] const ZoneTable* find(std::string_view name) const noexcept {
    for (std::size_t i = hash(name) & kMask;; i = (i + 1) & kMask) {
      const ZoneTable* const table = table_[i].load(std::memory_order_acquire);
      if (table == nullptr || table->name() == name) return table;
    }
  }

  // Requires that the name is absent.
  void insert(const ZoneTable& table) noexcept {
    if (++used_ > kMask / 4 * 3) return;
    std::size_t i = hash(table.name()) & kMask;
    while (table_[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & kMask;
    table_[i].store(&table, std::memory_order_release);
  }

  void clear() noexcept {
    used_ = 0;
    for (std::size_t i = 0; i <= kMask; ++i) table_[i].store(nullptr, std::memory_order_release);
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i <= kMask; ++i) {
      if (const ZoneTable* const table = table_[i].load(std::memory_order_acquire)) visit(*table);
    }
  }

 private:
  // Reads eight bytes at a time; the last eight may overlap. Zone names differ in their tails.
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

  // Three times the names of the IANA database. An index that is three quarters full takes no more.
  static constexpr std::size_t kMask = 2047;

  std::size_t used_ = 0;
  std::unique_ptr<std::atomic<const ZoneTable*>[]> table_ =
      std::make_unique<std::atomic<const ZoneTable*>[]>(kMask + 1);
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_NAME_INDEX_H_
