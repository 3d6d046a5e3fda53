// Text in the cells of a terminal: how wide it is, and how to make it fit.
//
// A cell is what a letter takes; CJK and most emoji take two, accents that stand on the letter
// before none. Titles are somebody else's text: control characters, which could steer the terminal,
// become spaces, marks that turn its direction are left out, and bytes that are not UTF-8 become
// U+FFFD.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_TEXT_CELLS_H_
#define MASTERCLOCK_EXAMPLES_COMMON_TEXT_CELLS_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace common {

// The text made safe for a terminal, in one line.
[[nodiscard]] std::string clean(std::string_view text);

// How many cells clean(text) takes.
[[nodiscard]] std::size_t cells(std::string_view text);

// clean(text) in exactly `width` cells: spaces after it, or cut between characters with an
// ellipsis.
[[nodiscard]] std::string fit(std::string_view text, std::size_t width);

// The same with the spaces before it.
[[nodiscard]] std::string fit_right(std::string_view text, std::size_t width);

// A bar of `width` cells, `part` of it full, in eighths of a cell; `part` from 0 to 1.
[[nodiscard]] std::string bar(double part, std::size_t width);

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_TEXT_CELLS_H_
