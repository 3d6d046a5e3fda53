// Measures text in the cells of a terminal, and makes it fit.
//
// A letter takes one cell; CJK and most emoji take two, combining accents none. All functions measure
// and return printable text (printable.h).
#ifndef MASTERCLOCK_EXAMPLES_COMMON_TEXT_CELLS_H_
#define MASTERCLOCK_EXAMPLES_COMMON_TEXT_CELLS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "common/printable.h"

namespace common {

// Returns the number of cells of printable(text).
[[nodiscard]] std::size_t cells(std::string_view text);

// Returns printable(text), cut to at most `width` cells. An ellipsis ends a text that was cut.
[[nodiscard]] std::string cut(std::string_view text, std::size_t width);

// Returns cut(text, width) with blanks after it, or before it, in exactly `width` cells.
[[nodiscard]] std::string fit(std::string_view text, std::size_t width);
[[nodiscard]] std::string fit_right(std::string_view text, std::size_t width);

// Returns a bar of `width` cells, `part` of it full, in eighths of a cell. `part` is 0 to 1.
[[nodiscard]] std::string bar(double part, std::size_t width);

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_TEXT_CELLS_H_
