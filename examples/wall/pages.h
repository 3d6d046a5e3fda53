// Holds the files of pages/ and of common/pages/, which the build writes into the program.
#ifndef MASTERCLOCK_EXAMPLES_WALL_PAGES_H_
#define MASTERCLOCK_EXAMPLES_WALL_PAGES_H_

#include <map>
#include <string>

namespace wall {

// Returns the content of each file by its name: "index.html".
const std::map<std::string, std::string>& pages();

}  // namespace wall

#endif  // MASTERCLOCK_EXAMPLES_WALL_PAGES_H_
