// Measures how near a misspelt name is to a known one.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_NEAREST_NAME_H_
#define MASTERCLOCK_EXAMPLES_COMMON_NEAREST_NAME_H_

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace common {

inline constexpr std::size_t kLongestName = 100;

// Returns the number of letters to change, add or remove to make one name from the other, at most
// `limit`. Returns `limit` when a name is longer than kLongestName. ASCII case does not count.
inline std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  const std::size_t longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) >= limit || longer > kLongestName) return limit;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
    if (*std::min_element(row.begin(), row.end()) >= limit) return limit;
  }
  return std::min(row.back(), limit);
}

// Returns a distance that is too far for a name of that length: from there on it is another word.
inline std::size_t too_far(std::string_view name) {
  return std::min<std::size_t>(2, name.size() / 4) + 1;
}

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_NEAREST_NAME_H_
