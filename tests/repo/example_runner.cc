// Runs every example that was found in the headers and the documents. An example fails by its assert().
#include "example_runner.h"

#include <cstdio>

int main() {
  for (const ExampleRunner& example : ExampleRunner::all()) {
    std::printf("%s\n", example.where);
    std::fflush(stdout);  // an assert that fails shows after the name of its example
    example.run();
  }
  std::printf("%zu examples ran\n", ExampleRunner::all().size());
  return ExampleRunner::all().empty() ? 1 : 0;
}
