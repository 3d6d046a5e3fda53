// The list of extracted examples: each registers itself, example_runner.cc runs them all.
#ifndef MASTERCLOCK_TESTS_HOUSE_EXAMPLE_RUNNER_H_
#define MASTERCLOCK_TESTS_HOUSE_EXAMPLE_RUNNER_H_

#include <vector>

struct ExampleRunner {
  ExampleRunner(const char* where_it_stands, void (*body)()) : where(where_it_stands), run(body) {
    all().push_back(*this);
  }
  static std::vector<ExampleRunner>& all() {
    static std::vector<ExampleRunner> examples;
    return examples;
  }
  const char* where;
  void (*run)();
};

#endif  // MASTERCLOCK_TESTS_HOUSE_EXAMPLE_RUNNER_H_
